package com.cpprediction.cli;

import com.cpprediction.csv.CsvOutput;
import com.cpprediction.csv.OutputPath;
import com.cpprediction.persistence.StoredOutcomes;
import com.cpprediction.terminal.Plurals;
import com.cpprediction.terminal.Progress;
import com.cpprediction.terminal.ProgressLine;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code outcomes export}: the outcomes in the database, with their addresses, as CSV. */
@Command(
    name = "export",
    description = {
      "Writes the reported outcomes of a time, oldest first, with what was predicted, as CSV: from",
      "database.uri or the embedded server, which need not run. The file has addresses: only its",
      "owner may read it."
    },
    mixinStandardHelpOptions = true)
final class OutcomesExport implements Callable<Integer> {
  private static final List<String> COLUMNS =
      List.of(
          "shipment_id",
          "address",
          "pincode",
          "cp",
          "predicted",
          "result",
          "reported_at",
          "origin",
          "author");

  @Spec private CommandSpec spec;
  @Mixin private ConfigOption conf;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      required = true,
      converter = TimeOption.class,
      description = "Outcomes reported at this time and later: a date or date-time in ISO 8601.")
  private Instant since;

  @Option(
      names = "--until",
      paramLabel = "TIME",
      converter = TimeOption.class,
      description = "Outcomes reported before this time (default: now).")
  private @Nullable Instant until;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      required = true,
      description = "CSV, compressed when its name ends in .gz; /dev/stdout for a pipe.")
  private Path out;

  @Override
  public Integer call() {
    var before = spec.parent().commandLine().getParseResult().matchedOptions();
    UsageCheck.require(spec, before.isEmpty(), "options go behind \"outcomes export\"");
    var end = until == null ? Instant.now() : until;
    UsageCheck.require(spec, since.isBefore(end), "--since must be before --until, or now");
    OutputPath.checkFile(out);
    var loaded = conf.load();
    var config = loaded.config();
    long rows;
    try (var outcomes =
            StoredOutcomes.open(config.database(), conf.home().resolve(config.dataDir()));
        var progress = new ProgressLine();
        var csv = CsvOutput.createPrivate(out)) {
      rows = write(outcomes, end, csv, progress);
      csv.publish();
    }
    var printer =
        OutputPath.isDevice(out) ? spec.commandLine().getErr() : spec.commandLine().getOut();
    printer.printf("%s written to %s%n", Plurals.count(rows, "outcome"), out);
    return 0;
  }

  private long write(StoredOutcomes outcomes, Instant end, CsvOutput csv, Progress progress) {
    progress.begin("exporting", Progress.UNKNOWN);
    csv.write(COLUMNS);
    var rows = new long[1];
    outcomes.each(
        since,
        end,
        outcome -> {
          csv.write(
              List.of(
                  outcome.shipmentId(),
                  orEmpty(outcome.address()),
                  orEmpty(outcome.pincode()),
                  outcome.cp(),
                  orEmpty(outcome.predicted()),
                  outcome.result(),
                  outcome.reportedAt().toString(),
                  outcome.origin(),
                  outcome.author()));
          rows[0]++;
          progress.step(1);
        });
    return rows[0];
  }

  private static String orEmpty(@Nullable String value) {
    return value == null ? "" : value;
  }
}
