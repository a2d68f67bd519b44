package com.cpprediction.training;

import com.cpprediction.terminal.Plurals;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SortedMap;

/**
 * What a training has learned from outcomes.
 *
 * @param until outcomes reported before this time are learned; a next training begins there
 * @param learned outcomes by {@link KnownOutcome.Kind}
 * @param newest outcomes reported since, to measure on
 * @param newCps number of CPs that the earlier release lacks
 * @param namedNewCps the first of them, by code
 * @param rareCps number of CPs that are not learned, because too few outcomes name them
 * @param rareOutcomes number of outcomes that name them
 * @param closedCps number of CPs of the earlier release that look closed
 * @param namedClosedCps the first of them, by code
 * @param questions the newest outcomes, asked of the new release and of the earlier one, if any
 */
public record LearningReport(
    Instant until,
    SortedMap<String, Long> learned,
    long newest,
    int newCps,
    List<String> namedNewCps,
    int rareCps,
    long rareOutcomes,
    int closedCps,
    List<String> namedClosedCps,
    List<QuestionReport> questions) {
  /** CPs that a line names at most. */
  private static final int NAMED = 10;

  LearningReport with(List<QuestionReport> measured) {
    return new LearningReport(
        until,
        learned,
        newest,
        newCps,
        namedNewCps,
        rareCps,
        rareOutcomes,
        closedCps,
        namedClosedCps,
        List.copyOf(measured));
  }

  /**
   * Whether the release is surely worse than the earlier one on the newest outcomes as they were
   * asked: the whole interval of 95 % of the difference is below zero.
   */
  public boolean isWorse() {
    return !questions.isEmpty() && questions.get(0).isWorse();
  }

  /** Number of outcomes learned. */
  public long outcomes() {
    return learned.values().stream().mapToLong(Long::longValue).sum();
  }

  /** All figures. */
  public JsonObject toJson() {
    var measured = new JsonObject();
    questions.forEach(question -> measured.put(question.label(), question.toJson(false)));
    return new JsonObject()
        .put("outcomes_until", until.toString())
        .put("learned", new JsonObject(new LinkedHashMap<>(learned)))
        .put("newest", newest)
        .put("new_cps", named(newCps, namedNewCps))
        .put("rare_cps", new JsonObject().put("count", rareCps).put("outcomes", rareOutcomes))
        .put("closed_cps", named(closedCps, namedClosedCps))
        .put("questions", measured);
  }

  private static JsonObject named(int count, List<String> first) {
    return new JsonObject().put("count", count).put("cps", new JsonArray(first));
  }

  /** Lines on what was learned. */
  public String describe() {
    var text = new StringBuilder();
    var kinds = new ArrayList<String>();
    learned.forEach((kind, count) -> kinds.add(count + " " + kind));
    text.append(
        "%s before %s learned (%s), %d newer to measure on%n"
            .formatted(
                Plurals.count(outcomes(), "outcome"), until, String.join(", ", kinds), newest));
    if (newCps > 0) text.append("%d new CPs: %s%n".formatted(newCps, names(newCps, namedNewCps)));
    if (rareCps > 0) {
      text.append(
          "%s of %s that the release lacks, too few to learn%n"
              .formatted(Plurals.count(rareOutcomes, "outcome"), Plurals.count(rareCps, "CP")));
    }
    if (closedCps > 0) {
      text.append(
          "%d CPs without an outcome, perhaps closed: %s%n"
              .formatted(closedCps, names(closedCps, namedClosedCps)));
    }
    return text.toString();
  }

  private static String names(int count, List<String> named) {
    int shown = Math.min(NAMED, named.size());
    return String.join(", ", named.subList(0, shown))
        + (count > shown ? " and %d more".formatted(count - shown) : "");
  }

  /** Accuracy on the newest outcomes, and the comparison with the earlier release. */
  public String tables() {
    if (questions.isEmpty()) return "Not measured: no newer outcome can be used%n".formatted();
    var compared = QuestionReport.questionComparison(questions);
    return QuestionReport.questionTable(questions) + compared;
  }
}
