/**
 * The Open Inference Protocol over gRPC: its messages, health checks, reflection and statuses.
 * Limits, authorization and predictions are those of {@code http}, which gives each call to {@link
 * com.cpprediction.grpc.GrpcEndpoint}, where to start reading.
 */
@NullMarked
package com.cpprediction.grpc;

import org.jspecify.annotations.NullMarked;
