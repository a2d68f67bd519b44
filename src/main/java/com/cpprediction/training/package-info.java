/**
 * Trains releases of models from labelled addresses, evaluates them, and predicts files of
 * addresses, all offline. Start reading at {@link com.cpprediction.training.Training}. The service
 * does not use it.
 */
@NullMarked
package com.cpprediction.training;

import org.jspecify.annotations.NullMarked;
