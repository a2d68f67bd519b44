package com.cpprediction.persistence;

import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row in the queue of {@link BatchWriter}.
 *
 * @param row absent to decode it from its journal record when it is sent, which saves heap
 * @param journaled the journal record of a row that is journaled
 * @param at offset of the row in its record
 * @param request waits for the row, if any does
 * @param acknowledged whether the request was acknowledged already
 * @param since milliseconds since 1970 when the row was accepted
 */
record PendingRow(
    @Nullable JournalRow row,
    @Nullable JournaledRows journaled,
    int at,
    @Nullable PendingRequest request,
    boolean acknowledged,
    long since) {

  JournalRow read() {
    return row != null ? row : RowFormat.read(Objects.requireNonNull(journaled).entry().body(), at);
  }

  void settle(UUID id, Settlement settlement) {
    if (request != null) request.settle(id, settlement);
  }
}
