/**
 * What a Vert.x application asks a cluster of this service with. Needs nothing of the service but
 * the package {@code prediction}; both are in the thin jar of the classifier {@code client}. Start
 * reading at {@code PredictionClient}.
 */
@NullMarked
package com.cpprediction.client;

import org.jspecify.annotations.NullMarked;
