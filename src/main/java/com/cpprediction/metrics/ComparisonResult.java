package com.cpprediction.metrics;

import com.cpprediction.common.Labelled;

/** Result of comparing a prediction with that of the shadow release. */
public enum ComparisonResult implements Labelled {
  /** Both predict the same CP. */
  AGREED,
  /** They predict different CPs. */
  DISAGREED,
  /** The other release predicts none. */
  FAILED,
  /** Not compared: the node had no time, or the queue was full. */
  SHED
}
