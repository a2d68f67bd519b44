package com.cpprediction.training;

import com.cpprediction.model.WilsonInterval;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/**
 * Rows on which two releases were right or wrong, and the difference of their shares of right rows
 * with its interval of confidence. The interval is Newcombe's method 10 for paired proportions: the
 * Wilson score intervals of both shares, combined with their correlation (R. G. Newcombe, "Improved
 * confidence intervals for the difference between binomial proportions based on paired data",
 * Statistics in Medicine 17, 1998, pp. 2635-2650). It takes the rows for independent: rows that
 * word one place alike make it too narrow.
 */
final class PairedCounts {
  private long both;
  private long onlyThis;
  private long onlyOther;
  private long neither;

  /**
   * An interval of confidence of 95 %.
   *
   * @param low -1..1
   * @param high -1..1
   */
  record Interval(double low, double high) {}

  void add(boolean thisRight, boolean otherRight) {
    if (thisRight && otherRight) both++;
    else if (thisRight) onlyThis++;
    else if (otherRight) onlyOther++;
    else neither++;
  }

  long rows() {
    return both + onlyThis + onlyOther + neither;
  }

  /** Rows that only this release got right. */
  long onlyThis() {
    return onlyThis;
  }

  /** Rows that only the other release got right. */
  long onlyOther() {
    return onlyOther;
  }

  /** Share of the rows that this release got right. */
  double thisShare() {
    return rows() == 0 ? 0 : (double) (both + onlyThis) / rows();
  }

  /** Share of the rows that the other release got right. */
  double otherShare() {
    return rows() == 0 ? 0 : (double) (both + onlyOther) / rows();
  }

  /** Share of this release minus that of the other. */
  double difference() {
    return rows() == 0 ? 0 : (double) (onlyThis - onlyOther) / rows();
  }

  /** Interval of {@link #difference}; -1..1 without rows. */
  Interval interval() {
    double rows = rows();
    if (rows == 0) return new Interval(-1, 1);
    double mine = thisShare();
    double others = otherShare();
    var ofMine = WilsonInterval.of(mine, rows);
    var ofOthers = WilsonInterval.of(others, rows);
    double correlation = correlation();
    double below = distance(mine - ofMine.low(), ofOthers.high() - others, correlation);
    double above = distance(ofMine.high() - mine, others - ofOthers.low(), correlation);
    return new Interval(difference() - below, difference() + above);
  }

  private static double distance(double a, double b, double correlation) {
    return Math.sqrt(Math.max(0, a * a - 2 * correlation * a * b + b * b));
  }

  /** The phi coefficient, corrected for continuity where it is positive. */
  private double correlation() {
    double margins =
        (double) (both + onlyThis)
            * (onlyOther + neither)
            * (both + onlyOther)
            * (onlyThis + neither);
    if (margins == 0) return 0;
    double covariance = (double) both * neither - (double) onlyThis * onlyOther;
    if (covariance > 0) covariance = Math.max(0, covariance - rows() / 2.0);
    return covariance / Math.sqrt(margins);
  }

  JsonObject toJson() {
    var interval = interval();
    return new JsonObject()
        .put("this", Shares.rounded(thisShare()))
        .put("against", Shares.rounded(otherShare()))
        .put("difference", Shares.rounded(difference()))
        .put(
            "interval",
            new JsonArray()
                .add(Shares.rounded(interval.low()))
                .add(Shares.rounded(interval.high())))
        .put("only_this", onlyThis)
        .put("only_against", onlyOther);
  }
}
