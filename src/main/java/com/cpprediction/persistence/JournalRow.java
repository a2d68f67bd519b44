package com.cpprediction.persistence;

import java.util.UUID;

/** A row on its way through the journal to PostgreSQL. */
sealed interface JournalRow permits PredictionRow, RefusalRow {
  /** UUID v7, which contains the time of the row. */
  UUID id();

  String shipmentId();

  /** The address as in the request. */
  String typed();
}
