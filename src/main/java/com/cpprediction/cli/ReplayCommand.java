package com.cpprediction.cli;

import com.cpprediction.config.LoadedConfig;
import com.cpprediction.logging.Logging;
import com.cpprediction.model.Replay;
import com.cpprediction.model.Replay.Difference;
import com.cpprediction.model.Replay.Outcome;
import com.cpprediction.model.Replay.Verdict;
import com.cpprediction.persistence.StoredPredictions;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.StoredPrediction;
import com.cpprediction.terminal.Plurals;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code replay}: repeats stored predictions and compares the results. */
@Command(
    name = "replay",
    description = "Answers stored predictions again, with the models that answered them then.",
    mixinStandardHelpOptions = true)
final class ReplayCommand implements Callable<Integer> {
  private static final int MAX_SAMPLE = 100_000;
  private static final String UNKNOWN = "unknown-id";
  private static final Pattern ID =
      Pattern.compile("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");

  @Spec private CommandSpec spec;
  @Mixin private ConfigOption conf;

  @Parameters(arity = "0..*", paramLabel = "PREDICTION_ID", description = "Predictions to replay.")
  private List<String> ids = List.of();

  @Option(names = "--sample", paramLabel = "N", description = "Replay N recent ones at random.")
  private Integer sample;

  @Option(
      names = "--seed",
      description = "With --sample: same seed and rows, same sample (default: a new one).")
  private Long seed;

  @Option(
      names = "--models",
      paramLabel = "DIR",
      description =
          "Directory of a release that may have answered; repeatable (default: models.dir).")
  private List<Path> models = List.of();

  @Option(names = "--json", description = "Report as JSON.")
  private boolean json;

  /**
   * Result for one prediction.
   *
   * @param stored null for an unknown id, as {@code outcome}
   */
  private record Replayed(UUID id, @Nullable StoredPrediction stored, @Nullable Outcome outcome) {
    String label() {
      return outcome == null ? UNKNOWN : outcome.verdict().label();
    }
  }

  @Override
  public Integer call() {
    UsageCheck.require(
        spec, ids.isEmpty() != (sample == null), "give either PREDICTION_IDs or --sample N");
    UsageCheck.require(spec, seed == null || sample != null, "--seed goes with --sample");
    UsageCheck.require(
        spec,
        sample == null || sample >= 1 && sample <= MAX_SAMPLE,
        "--sample must be in 1.." + MAX_SAMPLE);
    for (var id : ids) {
      UsageCheck.require(
          spec, ID.matcher(id).matches(), "\"" + id + "\" is no prediction id, a UUID");
    }
    var loaded = conf.load();
    Logging.apply(loaded.config().log());
    var replayed = new ArrayList<Replayed>();
    long seedUsed = seed == null ? new Random().nextInt(Integer.MAX_VALUE) : seed;
    try (var replay = new Replay(releases(loaded));
        var database = database(loaded)) {
      if (sample == null) {
        for (var id : ids) replayed.add(replay(replay, database, UUID.fromString(id)));
      } else {
        for (var stored : database.sample(sample, seedUsed)) {
          replayed.add(new Replayed(stored.id(), stored, replay.replay(stored)));
        }
      }
    }
    if (json) printJson(replayed, seedUsed);
    else print(replayed, seedUsed);
    boolean same = replayed.stream().allMatch(one -> one.label().equals(Verdict.SAME.label()));
    return same && !replayed.isEmpty() ? 0 : 1;
  }

  private List<Path> releases(LoadedConfig loaded) {
    if (models.isEmpty()) return List.of(conf.home().resolve(loaded.config().models().dir()));
    return models.stream().map(Path::toAbsolutePath).map(Path::normalize).distinct().toList();
  }

  private StoredPredictions database(LoadedConfig loaded) {
    var config = loaded.config();
    return StoredPredictions.open(config.database(), conf.home().resolve(config.dataDir()));
  }

  private static Replayed replay(Replay replay, StoredPredictions database, UUID id) {
    return database
        .find(id)
        .map(stored -> new Replayed(id, stored, replay.replay(stored)))
        .orElseGet(() -> new Replayed(id, null, null));
  }

  private void print(List<Replayed> replayed, long seedUsed) {
    var out = spec.commandLine().getOut();
    for (var one : replayed) out.println(one.id() + "  " + sentence(one));
    var counts =
        counts(replayed).entrySet().stream()
            .map(count -> count.getValue() + " " + count.getKey().replace('-', ' '))
            .collect(Collectors.joining(", "));
    out.printf(
        "%s%s%n",
        Plurals.count(replayed.size(), "prediction"), counts.isEmpty() ? "" : ": " + counts);
    if (sample != null) out.printf("again with --sample %d --seed %d%n", sample, seedUsed);
  }

  private static String sentence(Replayed one) {
    var stored = one.stored();
    var outcome = one.outcome();
    if (stored == null || outcome == null) return "unknown id";
    var problem = outcome.problem().isEmpty() ? "" : " (" + outcome.problem() + ")";
    return switch (outcome.verdict()) {
      case SAME -> "same  " + model(stored);
      case DIFFERS -> {
        var differences =
            outcome.differences().stream()
                .map(ReplayCommand::sentence)
                .collect(Collectors.joining("; "));
        yield "differs  " + model(stored) + ": " + differences + outcome.problem();
      }
      case RELEASE_MISSING ->
          "release missing: %s fingerprint %s%s"
              .formatted(stored.prefix(), stored.fingerprint(), problem);
      case RELEASE_DAMAGED ->
          "release damaged: %s of %s%s"
              .formatted(
                  stored.prefix(), Objects.requireNonNull(outcome.origin()).release(), problem);
    };
  }

  private static String sentence(Difference difference) {
    return "%s is %s, replayed %s"
        .formatted(
            difference.field(),
            Json.encode(difference.stored()),
            Json.encode(difference.replayed()));
  }

  private static String model(StoredPrediction stored) {
    return Prediction.model(stored.prefix(), stored.fingerprint());
  }

  private static Map<String, Long> counts(List<Replayed> replayed) {
    return replayed.stream()
        .collect(Collectors.groupingBy(Replayed::label, LinkedHashMap::new, Collectors.counting()));
  }

  private void printJson(List<Replayed> replayed, long seedUsed) {
    var all = new JsonArray();
    replayed.forEach(one -> all.add(json(one)));
    var summary = new JsonObject().put("count", replayed.size());
    for (var verdict : Verdict.values()) summary.put(verdict.label(), 0L);
    summary.put(UNKNOWN, 0L);
    counts(replayed).forEach(summary::put);
    var report = new JsonObject().put("predictions", all).put("summary", summary);
    if (sample != null) report.put("seed", seedUsed);
    spec.commandLine().getOut().println(report.encode());
  }

  private static JsonObject json(Replayed one) {
    var json =
        new JsonObject().put("prediction_id", one.id().toString()).put("verdict", one.label());
    var stored = one.stored();
    var outcome = one.outcome();
    if (stored == null || outcome == null) return json;
    json.put("prefix", stored.prefix()).put("fingerprint", stored.fingerprint());
    if (outcome.origin() != null) {
      json.put("release", outcome.origin().release().toString())
          .put("engine", outcome.origin().engine().label());
    }
    json.put(
        "wrong_pincodes", stored.wrongPincodes() == null ? null : json(stored.wrongPincodes()));
    if (!outcome.differences().isEmpty()) {
      var differences = new JsonArray();
      outcome.differences().forEach(difference -> differences.add(json(difference)));
      json.put("differences", differences);
    }
    if (!outcome.problem().isEmpty()) json.put("problem", outcome.problem());
    return json;
  }

  private static JsonObject json(PincodeErrors errors) {
    return new JsonObject()
        .put("slips", errors.slips())
        .put("near", errors.near())
        .put("far", errors.far());
  }

  private static JsonObject json(Difference difference) {
    return new JsonObject()
        .put("field", difference.field())
        .put("stored", difference.stored())
        .put("replayed", difference.replayed());
  }
}
