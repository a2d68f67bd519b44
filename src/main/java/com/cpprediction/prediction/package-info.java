/**
 * The words every other package speaks: an address, a request to predict, what a model scored, the
 * prediction that is answered and stored, the one way to fail, and the event bus that carries them.
 * Start reading at {@link com.cpprediction.prediction.PredictionRequest} and {@link
 * com.cpprediction.bus.Bus}. Imports no neighbour.
 */
package com.cpprediction.prediction;
