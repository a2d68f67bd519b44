package com.cpprediction.persistence;

import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.Refusal;
import java.time.Instant;
import java.util.UUID;

/** The columns of a stored refusal. */
record RefusalRow(Refusal refusal) implements JournalRow {
  @Override
  public UUID id() {
    return refusal.id();
  }

  @Override
  public String shipmentId() {
    return refusal.shipmentId();
  }

  @Override
  public String typed() {
    return refusal.typed();
  }

  Instant refusedAt() {
    return PredictionIds.timeOf(id());
  }
}
