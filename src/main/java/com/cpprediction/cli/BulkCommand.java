package com.cpprediction.cli;

import com.cpprediction.bulk.BulkRun;
import com.cpprediction.terminal.Plurals;
import com.cpprediction.terminal.Progress;
import com.cpprediction.terminal.ProgressLine;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bulk}: predicts a file of shipments with running services. */
@Command(
    name = "bulk",
    description = {
      "Predicts a file of any size with running services, which store each prediction once. The",
      "output has a line for each line of the input, in order. Interrupted, by whatever it be, the",
      "same command goes on. Exit code 1 when no line could be predicted."
    },
    mixinStandardHelpOptions = true)
final class BulkCommand implements Callable<Integer> {
  private static final int MOST = 1_000;
  private static final int MOST_PARALLEL = 64;
  private static final int HOUR = 3_600; // within which the ids of a batch stay valid

  @Mixin private AccessOptions access;
  @Mixin private SeparatorOption separator;

  @Option(
      names = "--url",
      paramLabel = "URL",
      split = ",",
      defaultValue = "http://127.0.0.1:8000",
      description = "Where the services are, asked in turn (default: ${DEFAULT-VALUE}).")
  private List<String> urls;

  @Option(
      names = "--in",
      required = true,
      description =
          "CSV with a column address and perhaps pincode and shipment_id, as people name them; or"
              + " .ndjson, a shipment in each line; plain or gzip.")
  private Path in;

  @Option(
      names = "--out",
      required = true,
      description =
          "CSV with the input's columns, ours behind; or a JSON object for each line. FILE.progress"
              + " beside it says how far it is.")
  private Path out;

  @Option(
      names = "--batch",
      defaultValue = "500",
      description = "Shipments of a call, 1 to 1000 (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--parallel",
      defaultValue = "4",
      description = "Calls at the same time, 1 to 64 (default: ${DEFAULT-VALUE}).")
  private int parallel;

  @Option(
      names = "--patience",
      paramLabel = "SECONDS",
      defaultValue = "600",
      description = "Give up when a call is refused for so long (default: ${DEFAULT-VALUE}).")
  private int patience;

  @Option(names = "--force", description = "Replace --out, and begin anew.")
  private boolean force;

  @Option(names = "--json", description = "Report as JSON, without a progress bar.")
  private boolean json;

  @Override
  public Integer call() {
    var spec = access.spec();
    UsageCheck.require(spec, batch >= 1 && batch <= MOST, "--batch must be in 1..1000");
    UsageCheck.require(
        spec, parallel >= 1 && parallel <= MOST_PARALLEL, "--parallel must be in 1..64");
    UsageCheck.require(spec, patience >= 0 && patience <= HOUR, "--patience must be in 0..3600");
    UsageCheck.require(
        spec, !out.toString().endsWith(".gz"), "--out can't be compressed, to go on in it");
    UsageCheck.require(
        spec,
        !in.toAbsolutePath().normalize().equals(out.toAbsolutePath().normalize()),
        "--in and --out must be two files");
    separator.requireCsv(in);
    var trusted = access.trusted();
    var options =
        new BulkRun.Options(
            in,
            out,
            separator.character(),
            urls.stream().map(url -> ServiceUrl.parse(spec, url)).toList(),
            access.token(),
            trusted == null ? null : ServiceCalls.context(trusted),
            batch,
            parallel,
            Duration.ofSeconds(patience),
            force);
    BulkRun.Summary summary;
    try (var progress = new ProgressLine()) {
      summary = BulkRun.run(options, json ? Progress.NONE : progress);
    }
    print(summary);
    return summary.predicted() > 0 || summary.lines() == 0 ? 0 : 1;
  }

  private void print(BulkRun.Summary summary) {
    var commandLine = access.spec().commandLine();
    summary.notes().forEach(commandLine.getErr()::println);
    var printer = commandLine.getOut();
    if (json) {
      var problems = new JsonObject();
      summary.problems().forEach(problems::put);
      printer.println(
          new JsonObject()
              .put("lines", summary.lines())
              .put("predicted", summary.predicted())
              .put("problems", problems)
              .put("notes", new JsonArray(summary.notes()))
              .encode());
      return;
    }
    printer.printf(
        "%s in %s: %d predicted, %d not%n",
        Plurals.count(summary.lines(), "line"),
        out,
        summary.predicted(),
        summary.lines() - summary.predicted());
    summary.problems().forEach((code, count) -> printer.printf("  %d: %s%n", count, code));
  }
}
