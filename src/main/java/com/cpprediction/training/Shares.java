package com.cpprediction.training;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Shares in reports. */
final class Shares {
  private Shares() {}

  /** {@code share} with five decimals, for JSON; null for {@code NaN}, which JSON lacks. */
  static @Nullable Double rounded(double share) {
    return Double.isNaN(share) ? null : Double.valueOf(Math.rint(share * 1e5) / 1e5);
  }

  /**
   * {@code share} as {@code 12.34 %}, for a table; a dash for {@code NaN}. Rounds it as for JSON
   * first, so that tables made of either agree.
   */
  static String percent(double share) {
    var rounded = rounded(share);
    return rounded == null ? "-" : String.format(Locale.ROOT, "%.2f %%", rounded * 100);
  }

  /** A difference of shares in percentage points, with its sign. */
  static String points(double difference) {
    return String.format(Locale.ROOT, "%+.2f", difference * 100);
  }
}
