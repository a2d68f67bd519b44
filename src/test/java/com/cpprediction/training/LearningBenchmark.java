package com.cpprediction.training;

import com.cpprediction.prediction.ServiceException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Measures what a release learns from outcomes when CPs have changed their areas: accuracy before,
 * after learning outcomes like rows of a file, and after learning them by their weights. Half of
 * the outcomes that contradict the prediction are never told: the shipment stays where it was sent.
 *
 * <p>Arguments: a file of labelled addresses, and optionally a seed, and {@code decay}. Takes every
 * twelfth prefix.
 */
final class LearningBenchmark {
  private static final int PREFIXES = 12;
  private static final double MOVED = 0.2;
  private static final double REVIEWED = 0.03;
  private static final double UNTOLD = 0.5;
  private static final int THREADS = 2;

  private final long seed;
  private final boolean decay;
  private final List<LabelledRow> first = new ArrayList<>();
  private final List<LabelledRow> stream = new ArrayList<>();
  private final List<LabelledRow> asked = new ArrayList<>();

  private LearningBenchmark(List<LabelledRow> rows, long seed, boolean decay) {
    this.seed = seed;
    this.decay = decay;
    var moves = moves(rows);
    for (var row : rows) {
      var cp = moves.getOrDefault(row.cp(), row.cp());
      var now = new LabelledRow(row.address(), row.pincode(), cp);
      double part = chance("part", row);
      double again = chance("again", row);
      if (part < 0.5) first.add(row);
      if (part < 0.5 ? again < 0.5 : part < 0.8) stream.add(now);
      if (part < 0.5 ? again > 0.7 : part >= 0.8) asked.add(now);
    }
    stream.sort(Comparator.comparingDouble(row -> chance("order", row)));
    System.out.printf(
        "%d rows, then %d outcomes; %d CPs have moved; %d are asked%n",
        first.size(), stream.size(), moves.size(), asked.size());
  }

  public static void main(String[] arguments) {
    var rows =
        LabelledRows.read(Path.of(arguments[0])).rows().stream()
            .filter(row -> Integer.parseInt(row.prefix()) % PREFIXES == 7)
            .toList();
    long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : 1;
    new LearningBenchmark(rows, seed, arguments.length > 2).run();
  }

  private double chance(String purpose, LabelledRow row) {
    return PrefixCounts.chance(seed, purpose, row.address());
  }

  /** A fifth of the CPs of each prefix exchange their areas. */
  private Map<String, String> moves(List<LabelledRow> rows) {
    var cps = new TreeMap<String, TreeSet<String>>();
    rows.forEach(row -> cps.computeIfAbsent(row.prefix(), p -> new TreeSet<>()).add(row.cp()));
    var moves = new HashMap<String, String>();
    for (var own : cps.values()) {
      var chosen =
          own.stream().filter(cp -> PrefixCounts.chance(seed, "move", cp) < MOVED).toList();
      if (chosen.size() < 2) continue;
      for (int i = 0; i < chosen.size(); i++) {
        moves.put(chosen.get(i), chosen.get((i + 1) % chosen.size()));
      }
    }
    return moves;
  }

  private void run() {
    var builders = new TreeMap<String, PrefixCounts.Builder>();
    first.forEach(row -> add(builders, row, InputRow.PLAIN));
    var counts = built(builders);
    var before = learned(counts);
    print("before", before);
    var outcomes = outcomes(before);
    print("learned like rows of a file", learned(counts, outcomes, false));
    print("learned by their weights", learned(counts, outcomes, true));
  }

  private List<KnownOutcome> outcomes(OfflinePredictor release) {
    var predictor = release.predictor();
    var outcomes = new ArrayList<KnownOutcome>();
    for (var row : stream) {
      var predicted = predicted(predictor, QueryVariant.FULL, row);
      boolean reviewed = chance("review", row) < REVIEWED;
      boolean told = reviewed || predicted == null || chance("told", row) >= UNTOLD;
      outcomes.add(
          new KnownOutcome(
              row.address(),
              row.pincode(),
              List.of(row.pincode()),
              row.prefix(),
              told ? row.cp() : predicted,
              predicted,
              Instant.EPOCH,
              reviewed));
    }
    return outcomes;
  }

  private OfflinePredictor learned(
      SortedMap<String, PrefixCounts> counts, List<KnownOutcome> outcomes, boolean weighed) {
    var builders = new TreeMap<String, PrefixCounts.Builder>();
    counts.forEach((prefix, own) -> builder(builders, prefix).after(decay ? own.halved() : own));
    for (var outcome : outcomes) {
      var row = new LabelledRow(outcome.address(), outcome.pincodes().get(0), outcome.cp());
      add(builders, row, weighed ? outcome.kind().weight() : InputRow.PLAIN);
    }
    return learned(built(builders));
  }

  private static PrefixCounts.Builder builder(
      Map<String, PrefixCounts.Builder> builders, String prefix) {
    var options = new PrefixCounts.Options(1, 0, 0, 2_000);
    return builders.computeIfAbsent(prefix, p -> new PrefixCounts.Builder(p, options));
  }

  private static void add(Map<String, PrefixCounts.Builder> builders, LabelledRow row, int weight) {
    builder(builders, row.prefix()).add(row, InputRow.canonical(row.address()), weight);
  }

  private static SortedMap<String, PrefixCounts> built(Map<String, PrefixCounts.Builder> builders) {
    var counts = new TreeMap<String, PrefixCounts>();
    builders.forEach((prefix, builder) -> counts.put(prefix, builder.build(List.of())));
    return counts;
  }

  private static OfflinePredictor learned(SortedMap<String, PrefixCounts> counts) {
    var trainer = new Trainer(OfficeDirectory.EMPTY, 1, THREADS, () -> {});
    return Training.predictor(trainer.learn(counts).orElseThrow(), null);
  }

  private static @Nullable String predicted(
      EvaluatedRelease.QueryPredictor predictor, QueryVariant variant, LabelledRow row) {
    try {
      return predictor.predict(variant.query(row, PincodePool.of())).get(0).cp();
    } catch (ServiceException e) {
      return null;
    }
  }

  private void print(String what, OfflinePredictor release) {
    var line = new StringBuilder(what);
    for (var variant : List.of(QueryVariant.FULL, QueryVariant.PREFIX_ONLY)) {
      var predictor = release.predictor();
      long right =
          asked.stream().filter(row -> row.cp().equals(predicted(predictor, variant, row))).count();
      line.append(
          String.format(
              Locale.ROOT, "  %s %.1f %%", variant.label(), 100.0 * right / asked.size()));
    }
    System.out.println(line);
  }
}
