package com.cpprediction.cli;

import com.cpprediction.model.ModelException;
import com.cpprediction.model.Replay;
import com.cpprediction.persistence.EmbeddedDatabase;
import com.cpprediction.persistence.PredictionLog;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code replay}: answers stored predictions once more and compares. */
@Command(
    name = "replay",
    description = {
      "Answers stored predictions once more, with the release that answered them then,",
      "and compares CP, confidence and alternatives digit by digit."
    },
    mixinStandardHelpOptions = true)
final class ReplayCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--conf",
      description = "Configuration file (default: conf/config.json, which need not exist).")
  private Path conf;

  @Option(
      names = "--models",
      paramLabel = "DIR",
      description = "A release to look in; may be repeated (default: models.dir).")
  private List<Path> models = new ArrayList<>();

  @Parameters(paramLabel = "PREDICTION_ID", description = "Predictions to replay.")
  private List<UUID> ids = new ArrayList<>();

  @Option(
      names = "--sample",
      paramLabel = "N",
      description = "Replay N of the newest 100000 predictions.")
  private Integer sample;

  @Option(names = "--seed", description = "Decides which --sample takes (default: 1).")
  private long seed = 1;

  @Option(names = "--json", description = "One line of JSON by prediction.")
  private boolean json;

  /** What came of one prediction. */
  private enum Kind {
    SAME,
    DIFFERS,
    RELEASE_MISSING,
    UNKNOWN;

    String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  private record Outcome(UUID id, Kind kind, String detail) {}

  @Override
  public Integer call() {
    Usage.require(spec, ids.isEmpty() == (sample != null), "give either ids or --sample N");
    Usage.require(spec, sample == null || sample > 0, "--sample must be at least 1");
    var settings = Settings.of(conf);
    var config = settings.load().config();
    var releases =
        models.isEmpty()
            ? List.of(settings.home().resolve(config.models().dir()))
            : models.stream().map(Path::toAbsolutePath).toList();
    var outcomes = new ArrayList<Outcome>();
    try (var replay = new Replay(releases, config.prediction().pincodeTrust())) {
      if (!config.database().embedded()) {
        replayAll(replay, config.database().uri(), outcomes);
      } else {
        var dataDir = settings.home().resolve(config.dataDir());
        var running = EmbeddedDatabase.running(dataDir);
        if (running.isPresent()) {
          replayAll(replay, running.get(), outcomes);
        } else {
          try (var own = EmbeddedDatabase.start(dataDir, config.database().embeddedPort())) {
            replayAll(replay, own.uri(), outcomes);
          }
        }
      }
    }
    return print(outcomes);
  }

  private void replayAll(Replay replay, String uri, List<Outcome> outcomes) {
    var log = new PredictionLog(uri);
    var rows = new LinkedHashMap<UUID, PredictionLog.Row>();
    ids.forEach(id -> rows.put(id, null));
    for (var row : sample == null ? log.find(ids) : log.sample(sample, seed)) {
      rows.put(row.id(), row);
    }
    rows.forEach((id, row) -> outcomes.add(outcome(replay, id, row)));
  }

  private static Outcome outcome(Replay replay, UUID id, PredictionLog.Row row) {
    if (row == null) return new Outcome(id, Kind.UNKNOWN, "no prediction with this id is stored");
    try {
      var address = Address.of(row.address(), row.pincode());
      return replay
          .answer(row.prefix(), row.fingerprint(), address)
          .map(now -> compared(id, row.candidates(), now))
          .orElseGet(
              () ->
                  new Outcome(
                      id,
                      Kind.RELEASE_MISSING,
                      "no release given has prefix %s with the fingerprint %s"
                          .formatted(row.prefix(), row.fingerprint())));
    } catch (ModelException e) {
      return new Outcome(id, Kind.RELEASE_MISSING, e.getMessage());
    }
  }

  private static Outcome compared(UUID id, List<Candidate> then, List<Candidate> now) {
    return then.equals(now)
        ? new Outcome(id, Kind.SAME, "")
        : new Outcome(id, Kind.DIFFERS, "stored " + then + ", now " + now);
  }

  private int print(List<Outcome> outcomes) {
    var out = spec.commandLine().getOut();
    int same = 0;
    for (var outcome : outcomes) {
      if (outcome.kind() == Kind.SAME) same++;
      if (json) {
        out.println(
            new JsonObject()
                .put("prediction_id", outcome.id().toString())
                .put("outcome", outcome.kind().label())
                .put("detail", outcome.detail())
                .encode());
      } else {
        out.printf("%s  %s  %s%n", outcome.id(), outcome.kind().label(), outcome.detail());
      }
    }
    if (!json) out.printf("%d of %d the same%n", same, outcomes.size());
    return same == outcomes.size() ? 0 : 1;
  }
}
