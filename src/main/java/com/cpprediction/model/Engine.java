package com.cpprediction.model;

import com.cpprediction.model.format.Forest;
import java.util.Locale;

/** What ranks candidates. Both give the same scores, to 1e-5. */
public enum Engine {
  /** {@link Forest}: plain Java over the model file. */
  MAPPED,
  /** DJL's XGBoost engine, the reference. */
  XGBOOST;

  /** As configured and reported: {@code mapped} or {@code xgboost}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The engine with that {@link #label}. */
  public static Engine of(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
