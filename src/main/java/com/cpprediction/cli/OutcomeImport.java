package com.cpprediction.cli;

import com.cpprediction.bulk.ResumableOutput;
import com.cpprediction.csv.BadRow;
import com.cpprediction.csv.Columns;
import com.cpprediction.csv.CsvRows;
import com.cpprediction.csv.NumberedLines;
import com.cpprediction.csv.StandardInput;
import com.cpprediction.terminal.Plurals;
import com.cpprediction.terminal.Progress;
import com.cpprediction.terminal.ProgressLine;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Reports a file of outcomes to a running service, in batches. */
abstract class OutcomeImport implements Callable<Integer> {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Calls of an overloaded service, up to ten seconds apart. */
  private static final int ATTEMPTS = 60;

  /** Limits of {@code POST /outcomes}: 1,000 items, 512 KiB. */
  private static final int BATCH = 1_000;

  private static final int BATCH_CHARACTERS = 128 * 1024; // of 4 bytes at most
  private static final int KIB = 10; // bits
  private static final String SHIPMENT = "shipment_id";
  private static final String CP = "cp";
  private static final String FAILED = "failed";

  @Spec private CommandSpec spec;
  @Mixin private ServiceOptions options;
  @Mixin private SeparatorOption separator;

  @Parameters(
      paramLabel = "FILE",
      arity = "0..1",
      converter = InputPath.class,
      description =
          "CSV with the columns shipment_id and cp (or cp_code); or .ndjson, a JSON object with"
              + " shipment_id and cp in each line; plain or .gz; - for standard input, in CSV.")
  private @Nullable Path file;

  @Option(names = "--json", description = "A JSON object for each line.")
  private boolean json;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Write the JSON object of each line there, and only print their number.")
  private @Nullable Path out;

  @Option(
      names = "--resume",
      description = "With --out: go on behind the last batch of an import that was interrupted.")
  private boolean resume;

  /**
   * A line of the file.
   *
   * @param number from 1
   * @param error why it can't be sent; null for none
   */
  private record Line(long number, JsonObject outcome, @Nullable String error) {}

  CommandSpec spec() {
    return spec;
  }

  @Override
  public Integer call() {
    UsageCheck.require(spec, file != null, "Missing required parameter: 'FILE'");
    UsageCheck.require(spec, out != null || !resume, "--resume goes with --out");
    var input = Objects.requireNonNull(file);
    separator.requireCsv(input);
    if (out == null) return run(input, null);
    UsageCheck.require(
        spec,
        !StandardInput.is(input) && (Files.isRegularFile(input) || !Files.exists(input)),
        "--out needs a regular file to read, whose progress it keeps");
    UsageCheck.require(
        spec, !out.toString().endsWith(".gz"), "--out can't be compressed; name it .ndjson");
    try (var results = ResumableOutput.open(out, input, resume)) {
      int exit = run(input, results);
      results.finish();
      return exit;
    }
  }

  private int run(Path input, @Nullable ResumableOutput results) {
    try (var line = new ProgressLine()) {
      var report =
          new Report(
              options.service(PATIENCE),
              spec.commandLine().getOut(),
              results,
              results == null ? Progress.NONE : line);
      report.begin(input);
      if (NumberedLines.isNdjson(input)) readLines(input, report);
      else readRows(input, report);
      report.send();
      return report.end();
    }
  }

  private void readRows(Path input, Report report) {
    var columns = Columns.of(SHIPMENT).and(CP, Columns.CP_CODE).separatedBy(separator.character());
    try (var rows = CsvRows.open(input, columns, report::count)) {
      var cp = rows.name(CP).isEmpty() ? Columns.CP_CODE : CP;
      if (rows.name(cp).isEmpty()) rows.require(Columns.of(SHIPMENT, CP));
      rows.each(row -> report.addRow(row, cp));
      rows.notes().forEach(spec.commandLine().getErr()::println);
    }
  }

  private void readLines(Path input, Report report) {
    try (var lines = NumberedLines.open(input, report::count)) {
      lines.each(report::addLine);
      lines.notes().forEach(spec.commandLine().getErr()::println);
    }
  }

  /** Sends outcomes in batches, and prints or writes what comes of each. */
  private final class Report {
    private final ServiceCalls service;
    private final PrintWriter printer;
    private final @Nullable ResumableOutput results;
    private final Progress progress;
    private final List<Line> batch = new ArrayList<>();
    private final Map<String, Long> counts = new LinkedHashMap<>();
    private final long reported;
    private int characters;
    private long bytes;
    private int shown;

    Report(
        ServiceCalls service,
        PrintWriter printer,
        @Nullable ResumableOutput results,
        Progress progress) {
      this.service = service;
      this.printer = printer;
      this.results = results;
      this.progress = progress;
      reported = results == null ? 0 : results.line();
      for (var result : List.of("right", "alternative", "wrong", "unknown", FAILED)) {
        counts.put(result, 0L);
      }
      if (results != null)
        results.state().forEach(e -> counts.put(e.getKey(), ((Number) e.getValue()).longValue()));
    }

    void begin(Path input) {
      long size = input.toFile().length();
      progress.begin(
          "reporting (KiB)", size == 0 ? Progress.UNKNOWN : Math.toIntExact(size >> KIB));
    }

    /** Counts bytes read. */
    void count(long read) {
      bytes += read;
    }

    void addRow(CsvRows.Row row, String cp) {
      if (row.line() <= reported) return;
      try {
        row.check();
        var outcome = new JsonObject().put(SHIPMENT, row.get(SHIPMENT)).put(CP, row.get(cp));
        add(new Line(row.line(), outcome, null));
      } catch (BadRow e) {
        var shipment = row.getOrEmpty(SHIPMENT);
        var outcome = new JsonObject();
        if (!shipment.isEmpty()) outcome.put(SHIPMENT, shipment);
        add(new Line(row.line(), outcome, e.getMessage()));
      }
    }

    void addLine(long number, String text) {
      if (number <= reported || text.isBlank()) return;
      try {
        add(new Line(number, new JsonObject(text), null));
      } catch (DecodeException e) {
        add(new Line(number, new JsonObject(), "is no JSON object"));
      }
    }

    private void add(Line line) {
      int length = line.outcome().encode().length();
      if (characters + length > BATCH_CHARACTERS) send();
      characters += length;
      batch.add(line);
      if (batch.size() == BATCH) send();
    }

    void send() {
      if (batch.isEmpty()) return;
      var sent = batch.stream().filter(line -> line.error() == null).map(Line::outcome).toList();
      var judged = sent.isEmpty() ? List.<JsonObject>of() : post(sent);
      int at = 0;
      for (var line : batch) {
        keep(line, line.error() == null ? judged.get(at++) : failed(line.outcome(), line.error()));
      }
      if (results != null)
        results.save(
            batch.get(batch.size() - 1).number(), new JsonObject(new LinkedHashMap<>(counts)));
      batch.clear();
      characters = 0;
      printer.flush();
      int done = (int) (bytes >> KIB);
      progress.step(done - shown);
      shown = done;
    }

    private List<JsonObject> post(List<JsonObject> outcomes) {
      try {
        return results(outcomes);
      } catch (ServiceCalls.FailedException e) {
        throw new ServiceCalls.FailedException(
            "%s. Not reported: from line %d on; %s"
                .formatted(
                    e.getMessage(),
                    batch.get(0).number(),
                    results == null ? "a file may be reported again" : "go on with --resume"));
      }
    }

    /** The result of each outcome. A body that is refused as a whole is sent in halves. */
    private List<JsonObject> results(List<JsonObject> outcomes) {
      try {
        return service
            .post("/outcomes", new JsonObject().put("outcomes", new JsonArray(outcomes)), ATTEMPTS)
            .getJsonArray("results")
            .stream()
            .map(JsonObject.class::cast)
            .toList();
      } catch (ServiceCalls.FailedException e) {
        if (!e.refusesBody()) throw e;
        if (outcomes.size() == 1) return List.of(failed(outcomes.get(0), e.getMessage()));
        int half = outcomes.size() / 2;
        var all = new ArrayList<>(results(outcomes.subList(0, half)));
        all.addAll(results(outcomes.subList(half, outcomes.size())));
        return all;
      }
    }

    private static JsonObject failed(JsonObject outcome, String detail) {
      var result = new JsonObject().put("error", new JsonObject().put("detail", detail));
      if (outcome.containsKey(SHIPMENT)) result.put(SHIPMENT, outcome.getValue(SHIPMENT));
      return result;
    }

    private void keep(Line line, JsonObject result) {
      var error = result.getJsonObject("error");
      var word = error != null ? FAILED : result.getString("result", FAILED);
      counts.merge(word, 1L, Long::sum);
      var numbered = new JsonObject().put("line", line.number()).mergeIn(result);
      if (results != null) results.add(numbered.encode() + '\n');
      else if (json) printer.println(numbered.encode());
      else printer.println(sentence(line, word, result));
    }

    private static String sentence(Line line, String word, JsonObject result) {
      var error = result.getJsonObject("error");
      var more =
          error != null
              ? error.getString("detail", "")
              : word.equals("wrong") || word.equals("alternative")
                  ? "predicted " + result.getString("predicted")
                  : "";
      return "line %d  %s  %s  %s"
          .formatted(line.number(), line.outcome().getValue(SHIPMENT, "-"), word, more)
          .stripTrailing();
    }

    int end() {
      long all = counts.values().stream().mapToLong(Long::longValue).sum();
      var summary = new StringBuilder();
      counts.forEach((word, count) -> summary.append(", %d %s".formatted(count, word)));
      (json ? spec.commandLine().getErr() : printer)
          .printf("%s: %s%n", Plurals.count(all, "outcome"), summary.substring(2));
      return counts.getOrDefault(FAILED, 0L) > 0 ? 1 : 0;
    }
  }
}
