package com.cpprediction.model;

import com.cpprediction.common.Labelled;
import com.cpprediction.model.format.Forest;
import java.util.Locale;

/** Ranks candidates. Both give the same scores, to 1e-5. */
public enum Engine implements Labelled {
  /** {@link Forest}: plain Java over the model file. */
  MAPPED,
  /** DJL's XGBoost engine, the reference. */
  XGBOOST;

  /** The engine with that {@link #label}. */
  public static Engine of(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
