package com.cpprediction.persistence;

import io.vertx.core.Future;
import java.util.List;
import java.util.Set;

/** A store of predictions and refusals. Both operations are idempotent. */
interface PredictionStore {
  /**
   * The result of an insert. Rows neither added nor taken are duplicates.
   *
   * @param added number of new rows
   * @param taken indexes of rows whose id is stored for another shipment; they are set aside
   */
  record Inserted(int added, Set<Integer> taken) {}

  /** Stores all rows or none. */
  Future<Inserted> insert(List<JournalRow> rows);

  /** Sets aside a row that {@link #insert} rejects. */
  Future<Void> reject(JournalRow row, Throwable refusal);
}
