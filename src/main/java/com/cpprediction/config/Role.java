package com.cpprediction.config;

import com.cpprediction.common.Labelled;

/** A set of calls that a caller may be granted. No role implies another. */
public enum Role implements Labelled {
  /** Looking up stored predictions. */
  READ,
  /** Predicting and reporting outcomes. */
  PREDICT,
  /** Reviewing doubtful shipments, with their addresses. */
  REVIEW,
  /** Operating the service: models, cache, configuration, audit log, erasure. */
  OPERATE
}
