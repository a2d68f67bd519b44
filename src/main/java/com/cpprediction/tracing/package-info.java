/**
 * Traces, by OpenTelemetry. {@code Tracing} sets the SDK up and sends finished spans to an OTLP
 * receiver; {@code RequestTracer} is Vert.x's tracer, which continues or begins the trace of a
 * request over HTTP or the event bus; {@code TraceStep} is what all other packages see of it: a
 * step of the current request. Without a tracer each step is {@code TraceStep.NONE}.
 */
@NullMarked
package com.cpprediction.tracing;

import org.jspecify.annotations.NullMarked;
