package com.cpprediction.cli;

import com.cpprediction.model.Explanation;
import com.cpprediction.model.ModelCatalog;
import com.cpprediction.model.Scorer;
import com.cpprediction.model.Scoring;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Located;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.training.Addresses;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code predict}: answers one address, or a file of them, without a service or a database. */
@Command(
    name = "predict",
    description = "Predicts offline: one address, or a file of them.",
    mixinStandardHelpOptions = true)
final class PredictCommand implements Callable<Integer> {
  private static final int SHOWN_FEATURES = 8;

  @Spec private CommandSpec spec;
  @Mixin private Settings settings;

  @Parameters(arity = "0..1", paramLabel = "ADDRESS", description = "An address as typed.")
  private String address;

  @Option(names = "--pincode", description = "Six digits, beside the address.")
  private String pincode;

  @Option(
      names = "--in",
      description = "CSV, plain or .gz, with a column address and perhaps pincode.")
  private Path in;

  @Option(
      names = "--out",
      description = "With --in: CSV to write, plain or .gz, the input's rows in order.")
  private Path out;

  @Option(names = "--json", description = "The answer as JSON.")
  private boolean json;

  @Override
  public Integer call() {
    Usage.require(spec, (address == null) != (in == null), "give either an ADDRESS or --in FILE");
    Usage.require(spec, (in == null) == (out == null), "--in and --out go together");
    try (var catalog = settings.catalog()) {
      if (in != null) {
        long rows = predict(catalog);
        spec.commandLine().getOut().printf("%d rows written to %s%n", rows, out);
        return 0;
      }
      var asked = Address.of(address, pincode);
      var located = catalog.catalog().locate(asked);
      var scoring = catalog.scoring(located.prefix());
      var explanation = new Scorer().explain(scoring, asked);
      double leastSure = settings.answering(catalog).leastSure();
      var answer = located.answer(explanation.scored(), leastSure);
      print(asked, located, scoring, new Explanation(answer, explanation.features()));
      return 0;
    }
  }

  private long predict(ModelCatalog catalog) {
    try (var progress = new ProgressLine()) {
      return Addresses.predict(in, out, settings.answering(catalog), progress);
    }
  }

  private void print(Address asked, Located located, Scoring scoring, Explanation explanation) {
    var printer = spec.commandLine().getOut();
    var model = Prediction.model(scoring.model().prefix(), scoring.fingerprint());
    if (json) {
      printer.println(json(asked, located, model, explanation).encodePrettily());
      return;
    }
    printer.printf(
        Locale.ROOT,
        located.source() == Located.Source.PINCODE
            ? "%s, pincode %s%n%n"
            : "%s, no pincode: prefix read from the text (%3$.4f)%n%n",
        model,
        asked.pincode(),
        located.probability());
    printer.printf("%-12s %10s%n", "CP", "confidence");
    for (var candidate : explanation.scored().candidates()) {
      printer.printf(Locale.ROOT, "%-12s %10.4f%n", candidate.cp(), candidate.confidence());
    }
    if (explanation.features().isEmpty()) return;
    printer.printf(
        "%nWhat decided for %s against %s (by how much its score would fall):%n",
        explanation.scored().candidates().get(0).cp(),
        explanation.scored().candidates().get(1).cp());
    printer.printf("%-14s %9s %9s %9s%n", "feature", "first", "second", "effect");
    explanation.features().stream()
        .filter(feature -> feature.effect() != 0)
        .limit(SHOWN_FEATURES)
        .forEach(
            f ->
                printer.printf(
                    Locale.ROOT,
                    "%-14s %9.3f %9.3f %+9.3f%n",
                    f.name(),
                    f.first(),
                    f.second(),
                    f.effect()));
  }

  private static JsonObject json(
      Address asked, Located located, String model, Explanation explanation) {
    var features = new JsonArray();
    for (var f : explanation.features()) {
      features.add(
          new JsonObject()
              .put("feature", f.name())
              .put("first", f.first())
              .put("second", f.second())
              .put("effect", f.effect()));
    }
    var candidates = explanation.scored().candidates();
    var best = candidates.get(0);
    return new JsonObject()
        .put("cp", best.cp())
        .put("confidence", best.confidence())
        .put(
            "alternatives",
            new JsonArray(
                candidates.subList(1, candidates.size()).stream()
                    .map(PredictCommand::json)
                    .toList()))
        .put("pincode", asked.pincode())
        .put("prefix", located.prefix())
        .put("prefix_source", located.source().label())
        .put("model", model)
        .put("features", features);
  }

  private static JsonObject json(Candidate candidate) {
    return new JsonObject().put("cp", candidate.cp()).put("confidence", candidate.confidence());
  }
}
