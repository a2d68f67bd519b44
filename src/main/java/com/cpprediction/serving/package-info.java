/**
 * The use cases, whichever way a request came: predicting single shipments, batches and streams,
 * reporting outcomes, warming the cache. Admission control, the lookup in the cache, at a worker or
 * at the node that owns the prefix, and the recording of every prediction before it is returned.
 * Start at {@link com.cpprediction.serving.PredictionService}.
 */
package com.cpprediction.serving;
