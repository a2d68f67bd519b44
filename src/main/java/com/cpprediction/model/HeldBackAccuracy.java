package com.cpprediction.model;

import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Compares the accuracy of two releases on the addresses that each held back from its training.
 * Only questions that both have scores of are compared, of {@link #QUESTIONS}: the shares of
 * damaged addresses in the others are options of a training. The rows of the releases need not be
 * the same, so the difference includes the chance of the draw.
 */
final class HeldBackAccuracy {
  /** Compared questions: addresses with their pincode, and with the prefix alone. */
  static final List<String> QUESTIONS = List.of("full", "prefix_only");

  /** Least rows, of both releases, for the accuracy of one prefix to be compared. */
  static final long PREFIX_ROWS = 200;

  private static final double ROUNDING = 1e-6; // scores are rounded to 1e-5

  private HeldBackAccuracy() {}

  /**
   * Accuracy of one question.
   *
   * @param rows at least 1
   * @param share 0..1
   */
  private record Score(long rows, double share) {
    /** The score of {@code question}; absent without rows or a share of 0..1. */
    static @Nullable Score of(JsonObject scores, String question) {
      if (!(scores.getValue(question) instanceof JsonObject score)) return null;
      if (!(score.getValue("rows") instanceof Number rows) || rows.longValue() < 1) return null;
      if (!(score.getValue("accuracy") instanceof Number share)) return null;
      double accuracy = share.doubleValue();
      return accuracy >= 0 && accuracy <= 1 ? new Score(rows.longValue(), accuracy) : null;
    }

    /**
     * Lower limit of the interval of 95 % of the drop from this score to {@code next}: Newcombe's
     * method 10 for independent proportions (R. G. Newcombe, "Interval estimation for the
     * difference between independent proportions: comparison of eleven methods", Statistics in
     * Medicine 17, 1998, pp. 873-890).
     */
    double leastDrop(Score next) {
      double below = share - WilsonInterval.of(share, rows).low();
      double above = WilsonInterval.of(next.share, next.rows).high() - next.share;
      return share - next.share - Math.hypot(below, above);
    }
  }

  /** Whether there is a question to compare. */
  static boolean comparable(JsonObject served, JsonObject offered) {
    return QUESTIONS.stream()
        .anyMatch(q -> Score.of(served, q) != null && Score.of(offered, q) != null);
  }

  /**
   * The figures of a release that is worse than the one served.
   *
   * @param served scores of the release served, as {@code scores} of {@code release.json}
   * @param offered those of the other
   * @param maxDrop largest drop of a share that is allowed, 0..1; from 1 on none is looked at
   * @return absent when no question drops by more
   */
  static Optional<String> worse(JsonObject served, JsonObject offered, double maxDrop) {
    return worse(served, offered, maxDrop, 1, false);
  }

  /**
   * As {@link #worse(JsonObject, JsonObject, double)}, of the model of one prefix: both need {@link
   * #PREFIX_ROWS}, and the whole interval of 95 % of the drop must lie beyond {@code maxDrop},
   * since among hundreds of prefixes some drop by chance.
   *
   * @param served as {@code scores} of a manifest
   */
  static Optional<String> prefixWorse(JsonObject served, JsonObject offered, double maxDrop) {
    return worse(served, offered, maxDrop, PREFIX_ROWS, true);
  }

  private static Optional<String> worse(
      JsonObject served, JsonObject offered, double maxDrop, long rows, boolean significant) {
    if (maxDrop >= 1) return Optional.empty();
    var drops = new ArrayList<String>();
    for (var question : QUESTIONS) {
      var before = Score.of(served, question);
      var after = Score.of(offered, question);
      if (before == null || after == null || Math.min(before.rows, after.rows) < rows) continue;
      double drop = significant ? before.leastDrop(after) : before.share - after.share;
      if (drop > maxDrop + ROUNDING) drops.add(text(question, before, after));
    }
    if (drops.isEmpty()) return Optional.empty();
    return Optional.of(
        String.format(
            Locale.ROOT,
            "is less accurate on held-back addresses than the one served: %s; more than"
                + " models.max_accuracy_drop, %s points",
            String.join(", ", drops),
            points(maxDrop)));
  }

  private static String text(String question, Score before, Score after) {
    return String.format(
        Locale.ROOT,
        "%s %.2f %% of %d rows, was %.2f %% of %d",
        question,
        100 * after.share,
        after.rows,
        100 * before.share,
        before.rows);
  }

  /** Points of a share, without zeros at the end. */
  private static String points(double share) {
    var text = String.format(Locale.ROOT, "%.3f", 100 * share);
    return text.replaceAll("\\.?0+$", "");
  }
}
