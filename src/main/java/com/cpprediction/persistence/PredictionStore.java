package com.cpprediction.persistence;

import io.vertx.core.Future;
import java.util.List;

/** Where predictions are kept. Both operations may be repeated, also after an unknown outcome. */
interface PredictionStore {
  /**
   * Stores all of them or none.
   *
   * @return how many are new: the others' ids had been stored before
   */
  Future<Integer> insert(List<PredictionRow> rows);

  /** Sets one aside that {@link #insert} refuses. */
  Future<Void> reject(PredictionRow row, Throwable refusal);
}
