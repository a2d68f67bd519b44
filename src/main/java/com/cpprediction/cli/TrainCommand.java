package com.cpprediction.cli;

import com.cpprediction.config.ServiceConfig;
import com.cpprediction.terminal.Progress;
import com.cpprediction.terminal.ProgressLine;
import com.cpprediction.training.AccuracyTable;
import com.cpprediction.training.Training;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code train}: trains a release of models from labelled addresses. */
@Command(
    name = "train",
    description = "Trains a release of models from labelled addresses.",
    mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--data",
      required = true,
      description = "CSV, plain or .gz, with the columns address,pincode,cp_code.")
  private Path data;

  @Option(
      names = "--directory",
      description = "CSV of post offices: pincode,office and where known taluk,district.")
  private Path directory;

  @Option(
      names = "--offices",
      description = "CSV that says which office each CP is: cp_code,pincode,office.")
  private Path offices;

  @Option(
      names = "--prefixes",
      split = ",",
      description =
          "Prefixes the release holds (default: all). The shared ranker learns from all rows.")
  private List<String> prefixes = List.of();

  @Option(names = "--out", required = true, description = "Directory of the release.")
  private Path out;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Same input and seed, same release (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--held-back",
      defaultValue = "0.2",
      description = "Share of the addresses to measure on (default: ${DEFAULT-VALUE}).")
  private double heldBack;

  @Option(
      names = "--held-back-out",
      description = "Write the held-back rows there and keep them out of the release.")
  private Path heldBackOut;

  @Option(
      names = "--max-rows",
      defaultValue = "8000",
      description = "Addresses per prefix at most; of more, a sample (default: ${DEFAULT-VALUE}).")
  private int maxRows;

  @Option(
      names = "--threads",
      description = "Prefixes trained at the same time (default: the processors).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--json", description = "Report as JSON, without a progress bar.")
  private boolean json;

  @Override
  public Integer call() {
    UsageCheck.require(spec, heldBack >= 0 && heldBack <= 0.9, "--held-back must be in 0..0.9");
    UsageCheck.require(spec, maxRows >= 2 && maxRows <= 30_000, "--max-rows must be in 2..30000");
    UsageCheck.require(spec, threads >= 1, "--threads must be at least 1");
    UsageCheck.require(
        spec,
        heldBackOut == null || heldBack > 0,
        "--held-back-out needs a share to hold back; --held-back is 0");
    for (var prefix : prefixes) {
      UsageCheck.require(
          spec,
          prefix.matches("[1-9][0-9]{2}"),
          "--prefixes: \"" + prefix + "\" is not three digits, the first 1 to 9");
    }
    var options =
        new Training.Options(
            data,
            directory,
            offices,
            prefixes,
            out,
            seed,
            heldBack,
            heldBackOut,
            maxRows,
            ServiceConfig.defaults().prediction().pincodeTrust(),
            threads);
    Training.Report report;
    try (var progress = new ProgressLine()) {
      report = Training.run(options, json ? Progress.NONE : progress);
    }
    print(report);
    return 0;
  }

  private void print(Training.Report report) {
    var printer = spec.commandLine().getOut();
    if (json) {
      printer.println(
          new JsonObject()
              .put("rows", report.rows())
              .put("bad_rows", report.bad())
              .put("bad_examples", new JsonArray(report.badExamples()))
              .put("rows_left_out", report.sampled())
              .put("prefixes", report.prefixes())
              .put("bytes", report.bytes())
              .put("scores", report.scores())
              .encode());
      return;
    }
    printer.printf("%d rows read, %d could not be used%n", report.rows(), report.bad());
    report.badExamples().forEach(example -> printer.println("  " + example));
    if (report.sampled() > 0) {
      printer.printf(
          "%d rows left out: their prefix has more than %d%n", report.sampled(), maxRows);
    }
    printer.printf(
        Locale.ROOT,
        "%d prefixes, %.1f MB written to %s%n",
        report.prefixes(),
        report.bytes() / 1e6,
        out);
    if (report.scores().isEmpty() && heldBack > 0) {
      printer.println("Not measured: there are too few addresses to hold some back");
    }
    var scores = new LinkedHashMap<String, JsonObject>();
    report.scores().forEach(score -> scores.put(score.getKey(), (JsonObject) score.getValue()));
    if (!scores.isEmpty()) printer.print(AccuracyTable.of(scores));
    printer.flush();
  }
}
