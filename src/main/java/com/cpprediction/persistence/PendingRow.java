package com.cpprediction.persistence;

import java.util.UUID;

/**
 * A row in the queue of {@link BatchWriter}.
 *
 * @param row null to decode it from its journal record when it is sent, which saves heap
 * @param journaled the journal record; null for a row that isn't journaled
 * @param at offset of the row in its record
 * @param request null when the request doesn't wait for the row
 * @param acknowledged whether the request was acknowledged already
 * @param since milliseconds since 1970 when the row was accepted
 */
record PendingRow(
    PredictionRow row,
    JournaledRows journaled,
    int at,
    PendingRequest request,
    boolean acknowledged,
    long since) {

  PredictionRow read() {
    return row != null ? row : RowFormat.read(journaled.entry().body(), at);
  }

  void settle(UUID id, Settlement settlement) {
    if (request != null) request.settle(id, settlement);
  }
}
