package com.cpprediction.persistence;

import io.vertx.core.Future;
import java.util.List;
import java.util.Set;

/** Where predictions are kept. Both operations may be repeated, also after an unknown outcome. */
interface PredictionStore {
  /**
   * What became of rows.
   *
   * @param added how many are new
   * @param taken places of those whose id had been stored for another shipment; they are set aside.
   *     The rest had been stored before
   */
  record Inserted(int added, Set<Integer> taken) {}

  /** Stores all of them or none. */
  Future<Inserted> insert(List<PredictionRow> rows);

  /** Sets one aside that {@link #insert} refuses. */
  Future<Void> reject(PredictionRow row, Throwable refusal);
}
