/**
 * The words of the domain, which every other package imports: addresses, shipments, candidates,
 * predictions, deadlines, failures. Start at {@link com.cpprediction.prediction.PredictionRequest}.
 * Imports no neighbour.
 */
@NullMarked
package com.cpprediction.prediction;

import org.jspecify.annotations.NullMarked;
