/**
 * The Open Inference Protocol, version 2: names of models and tensors, and what a request and a
 * response of it mean as shipments and predictions. Its bytes are those of {@code http}. Start at
 * {@link com.cpprediction.inference.InferenceRequest}.
 */
@NullMarked
package com.cpprediction.inference;

import org.jspecify.annotations.NullMarked;
