package com.cpprediction.cli;

import com.cpprediction.common.UserFacingException;
import com.cpprediction.csv.InputException;
import com.cpprediction.csv.OutputPath;
import com.cpprediction.model.Explanation;
import com.cpprediction.model.Scorer;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Belief;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Posterior;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PrefixShare;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.Problem;
import com.cpprediction.terminal.Plurals;
import com.cpprediction.terminal.Progress;
import com.cpprediction.terminal.ProgressLine;
import com.cpprediction.terminal.TextTables;
import com.cpprediction.training.CsvPredictor;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code predict}: predicts one address, or a file of them, without service and database. */
@Command(
    name = "predict",
    description = "Predicts offline: one address, or a file of them.",
    mixinStandardHelpOptions = true)
final class PredictCommand implements Callable<Integer> {
  private static final int SHOWN = 8;

  @Spec private CommandSpec spec;
  @Mixin private CommonOptions settings;
  @Mixin private SeparatorOption separator;

  @Parameters(arity = "0..1", paramLabel = "ADDRESS", description = "An address as typed.")
  private String address;

  @Option(names = "--pincode", description = "Six digits, beside the address.")
  private String pincode;

  @Option(
      names = "--in",
      converter = InputPath.class,
      description =
          "CSV, plain or gzip, with a column address and perhaps pincode, as people name them; -"
              + " for standard input.")
  private Path in;

  @Option(
      names = "--out",
      description =
          "With --in: CSV to write, plain or .gz: the input's rows and columns in order, ours behind.")
  private Path out;

  @Option(
      names = "--explain",
      description = "Add what decided for the first CP against the second, and which words.")
  private boolean explain;

  @Option(
      names = "--json",
      description =
          "The prediction as JSON, or the problem; with --in the number of rows and the reasons.")
  private boolean json;

  @Override
  public Integer call() {
    UsageCheck.require(
        spec, (address == null) != (in == null), "give either an ADDRESS or --in FILE");
    UsageCheck.require(spec, (in == null) == (out == null), "--in and --out go together");
    UsageCheck.require(spec, in == null || pincode == null, "--pincode goes with an ADDRESS");
    UsageCheck.require(spec, in == null || !explain, "--explain goes with an ADDRESS");
    UsageCheck.require(
        spec, in != null || separator.character() == null, "--separator goes with --in");
    if (!json) return predict();
    try {
      return predict();
    } catch (UserFacingException e) {
      spec.commandLine().getOut().println(problem(e).json().encodePrettily());
      return 1;
    }
  }

  private static Problem problem(UserFacingException e) {
    if (e instanceof ServiceException) return Problem.of(e);
    var detail = String.valueOf(e.getMessage());
    if (e instanceof InputException) return Problem.of(Failure.MALFORMED_REQUEST.because(detail));
    if (e instanceof ModelException) return Problem.of(Failure.NOT_READY.because(detail));
    return new Problem(Failure.INTERNAL, detail, new JsonObject());
  }

  private int predict() {
    if (in != null) return predictFile();
    var query = Address.of(address, pincode);
    try (var models = settings.modelsOnDemand();
        var release = models.lease()) {
      var predictor = settings.predictor(models, release);
      var scorer = new Scorer();
      var posterior = predictor.predict(scorer, query);
      var prefix = posterior.belief().prefix();
      var explained =
          explain ? scorer.explain(models.onDemand(prefix), query, predictor.errors()) : null;
      var prefixes = explain ? predictor.prefixes(scorer, query) : List.<PrefixShare>of();
      if (json) {
        var shares = new JsonArray(prefixes.stream().map(PrefixShare::toJson).toList());
        var explanation = explained == null ? null : explained.toJson().put("prefixes", shares);
        spec.commandLine().getOut().println(json(posterior, explanation));
      } else {
        print(posterior);
        if (explained != null) print(explained);
        if (prefixes.size() > 1) print(prefixes);
      }
      return 0;
    }
  }

  private int predictFile() {
    CsvPredictor.Summary summary;
    var notes = new ArrayList<String>();
    var err = spec.commandLine().getErr();
    try (var progress = new ProgressLine();
        var file =
            CsvPredictor.open(in, out, separator.character(), json ? Progress.NONE : progress)) {
      notes.addAll(file.notes());
      notes.forEach(err::println);
      try (var models = settings.modelsOnDemand();
          var release = models.lease()) {
        summary = file.predict(settings.predictor(models, release));
      }
    }
    summary.notes().forEach(err::println);
    notes.addAll(summary.notes());
    // The rows themselves may go to standard output.
    var printer = OutputPath.isDevice(out) ? err : spec.commandLine().getOut();
    if (json) printer.println(json(summary, notes).encode());
    else print(summary, printer);
    if (summary.rows() == 0) err.println(in + " has no rows below its header");
    return summary.answered() > 0 ? 0 : 1;
  }

  private void print(CsvPredictor.Summary summary, PrintWriter printer) {
    printer.printf(
        "%s written to %s: %d predicted, %d not%n",
        Plurals.count(summary.rows(), "row"),
        out,
        summary.answered(),
        summary.rows() - summary.answered());
    for (var one : summary.unanswered()) {
      printer.printf(
          "  %d: %s (%s line %d)%n",
          one.rows(), one.reason(), one.rows() == 1 ? "in" : "first in", one.firstLine());
    }
  }

  private static JsonObject json(CsvPredictor.Summary summary, List<String> notes) {
    var reasons = new JsonArray();
    for (var one : summary.unanswered()) {
      reasons.add(
          new JsonObject()
              .put("reason", one.reason())
              .put("rows", one.rows())
              .put("first_line", one.firstLine()));
    }
    return new JsonObject()
        .put("rows", summary.rows())
        .put("predicted", summary.answered())
        .put("unpredicted", summary.rows() - summary.answered())
        .put("reasons", reasons)
        .put("notes", new JsonArray(notes));
  }

  private void print(Posterior posterior) {
    var printer = spec.commandLine().getOut();
    printer.printf("%s, %s%n%n", model(posterior), reason(posterior.belief()));
    var rows = new ArrayList<>(List.of(List.of("CP", "confidence")));
    for (var candidate : posterior.scored().candidates()) {
      rows.add(List.of(candidate.cp(), number("%.4f", candidate.confidence())));
    }
    printer.print(TextTables.figures(rows));
    printer.flush();
  }

  private static String model(Posterior posterior) {
    return Prediction.model(posterior.belief().prefix(), posterior.scored().fingerprint());
  }

  private static String reason(Belief belief) {
    return switch (belief.source()) {
      case TEXT -> "prefix read from the words";
      case PINCODE ->
          String.format(Locale.ROOT, "pincode %s (doubt %.4f)", belief.pincode(), belief.doubt());
      case CORRECTED ->
          String.format(
              Locale.ROOT,
              "prefix read from the words, against pincode %s (doubt %.4f)",
              belief.pincode(),
              belief.doubt());
    };
  }

  private void print(Explanation explanation) {
    var candidates = explanation.candidates();
    if (candidates.size() < 2) return;
    var printer = spec.commandLine().getOut();
    printer.printf(
        "%nWhat decided for %s against %s (effects add up to the log-odds):%n",
        candidates.get(0).cp(), candidates.get(1).cp());
    printer.print(
        effects(
            "feature",
            explanation.features().stream()
                .filter(feature -> feature.effect() != 0)
                .map(f -> effect(f.name(), f.first(), f.second(), f.effect()))));
    printer.printf("%nWhat each word adds to the cosines:%n");
    printer.print(
        effects(
            "word",
            explanation.words().stream()
                .map(w -> effect(w.word(), w.first(), w.second(), w.effect()))));
    printer.flush();
  }

  private void print(List<PrefixShare> prefixes) {
    var printer = spec.commandLine().getOut();
    printer.printf("%nWhat decided for the prefix (the sums of two differ by their log-odds):%n");
    var rows =
        new ArrayList<>(List.of(List.of("prefix", "probability", "words", "fit", "pincodes")));
    for (var share : prefixes) {
      rows.add(
          List.of(
              share.prefix(),
              number("%.4f", share.probability()),
              number("%+.3f", share.words()),
              number("%+.3f", share.fit()),
              number("%+.3f", share.pincodes())));
    }
    printer.print(TextTables.figures(rows));
    printer.flush();
  }

  private static String effects(String subject, Stream<List<String>> rows) {
    var titles = List.of(subject, "first", "second", "effect");
    return TextTables.figures(Stream.concat(Stream.of(titles), rows.limit(SHOWN)).toList());
  }

  private static List<String> effect(String name, double first, double second, double effect) {
    return List.of(name, number("%.3f", first), number("%.3f", second), number("%+.3f", effect));
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }

  private static String json(Posterior posterior, @Nullable JsonObject explanation) {
    var candidates = posterior.scored().candidates();
    var belief = posterior.belief();
    var json =
        json(candidates.get(0))
            .put(
                "alternatives",
                new JsonArray(
                    candidates.subList(1, candidates.size()).stream()
                        .map(PredictCommand::json)
                        .toList()))
            .put("pincode", belief.pincode())
            .put("pincode_doubt", belief.doubt())
            .put("pincode_believed", belief.believed())
            .put("prefix", belief.prefix())
            .put("prefix_source", belief.source().label())
            .put("model", model(posterior));
    if (explanation != null) json.put("explanation", explanation);
    return json.encodePrettily();
  }

  private static JsonObject json(Candidate candidate) {
    return new JsonObject().put("cp", candidate.cp()).put("confidence", candidate.confidence());
  }
}
