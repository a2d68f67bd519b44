/**
 * The use cases, over HTTP and the event bus alike: predicting single shipments, batches and
 * streams, reporting outcomes, warming the cache. {@code ShipmentReader} validates, {@code
 * AdmissionControl} limits, {@code LocalRouter} makes the cache key and asks a worker, {@code
 * OwnerRouter} asks the node that owns a prefix, and every prediction is recorded before it is
 * returned. Start at {@link com.cpprediction.serving.PredictionService}.
 */
@NullMarked
package com.cpprediction.serving;

import org.jspecify.annotations.NullMarked;
