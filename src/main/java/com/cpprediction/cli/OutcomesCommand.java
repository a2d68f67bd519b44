package com.cpprediction.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.cpprediction.csv.BadRow;
import com.cpprediction.csv.Columns;
import com.cpprediction.csv.CsvRows;
import com.cpprediction.csv.InputException;
import com.cpprediction.terminal.Plurals;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code outcomes}: reports to a running service where shipments truly went. */
@Command(
    name = "outcomes",
    description = {
      "Reports to a running service where shipments truly went, and prints for each line of the file",
      "what its prediction was worth: right, alternative, wrong, or unknown where none is stored.",
      "A file may be reported again. Exit code 1 when a line could not be reported."
    },
    mixinStandardHelpOptions = true)
final class OutcomesCommand implements Callable<Integer> {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Limits of {@code POST /outcomes}: 1,000 items, 512 KiB. */
  private static final int BATCH = 1_000;

  private static final int BATCH_CHARACTERS = 128 * 1024; // of 4 bytes at most
  private static final Pattern NDJSON =
      Pattern.compile(".*[.]ndjson([.]gz)?", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
  private static final byte[] GZIP_MAGIC = {0x1f, (byte) 0x8b};
  private static final String BYTE_ORDER_MARK = "\ufeff";
  private static final String SHIPMENT = "shipment_id";
  private static final String CP = "cp";
  private static final String FAILED = "failed";

  @Spec private CommandSpec spec;
  @Mixin private ServiceOptions options;

  @Parameters(
      paramLabel = "FILE",
      description =
          "CSV with the columns shipment_id and cp (or cp_code); or .ndjson, a JSON object with"
              + " shipment_id and cp in each line; plain or .gz.")
  private Path file;

  @Option(names = "--json", description = "A JSON object for each line.")
  private boolean json;

  /**
   * An outcome and where it was read.
   *
   * @param line in the file, from 1
   */
  private record Line(long line, JsonObject outcome) {}

  @Override
  public Integer call() {
    var report = new Report(options.service(PATIENCE), spec.commandLine().getOut());
    if (NDJSON.matcher(file.toString()).matches()) readLines(report);
    else readRows(report);
    report.send();
    return report.end();
  }

  private void readRows(Report report) {
    try (var rows = CsvRows.open(file, Columns.of(SHIPMENT).and(CP, Columns.CP_CODE))) {
      var cp = rows.name(CP).isEmpty() ? Columns.CP_CODE : CP;
      if (rows.name(cp).isEmpty()) CsvRows.checkHeader(file, Columns.of(SHIPMENT, CP));
      rows.each(row -> report.addRow(row, cp));
      rows.notes().forEach(spec.commandLine().getErr()::println);
    }
  }

  private void readLines(Report report) {
    long number = 0;
    try (var lines = lines()) {
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        if (number++ == 0 && line.startsWith(BYTE_ORDER_MARK)) line = line.substring(1);
        if (!line.isBlank()) report.addLine(number, line);
      }
    } catch (NoSuchFileException e) {
      throw new InputException("There is no file " + file);
    } catch (CharacterCodingException e) {
      throw new InputException("%s is not in UTF-8 after line %d".formatted(file, number));
    } catch (IOException e) {
      throw new InputException("Cannot read %s: %s".formatted(file, e.getMessage()));
    }
  }

  /** The text of the file, which its first bytes, not its name, tell to be compressed. */
  private BufferedReader lines() throws IOException {
    var in = new BufferedInputStream(Files.newInputStream(file));
    try {
      in.mark(GZIP_MAGIC.length);
      var head = in.readNBytes(GZIP_MAGIC.length);
      in.reset();
      var text = Arrays.equals(head, GZIP_MAGIC) ? new GZIPInputStream(in) : in;
      return new BufferedReader(new InputStreamReader(text, UTF_8.newDecoder()));
    } catch (IOException e) {
      in.close();
      throw e;
    }
  }

  /** Sends outcomes in batches and prints what comes of each. */
  private final class Report {
    private final ServiceCalls service;
    private final PrintWriter out;
    private final List<Line> batch = new ArrayList<>();
    private final Map<String, Long> counts = new LinkedHashMap<>();
    private int characters;

    Report(ServiceCalls service, PrintWriter out) {
      this.service = service;
      this.out = out;
      for (var result : List.of("right", "alternative", "wrong", "unknown", FAILED)) {
        counts.put(result, 0L);
      }
    }

    void addRow(CsvRows.Row row, String cp) {
      try {
        row.check();
        var outcome = new JsonObject().put(SHIPMENT, row.get(SHIPMENT)).put(CP, row.get(cp));
        add(row.line(), outcome);
      } catch (BadRow e) {
        var shipment = row.getOrEmpty(SHIPMENT);
        var outcome = new JsonObject();
        if (!shipment.isEmpty()) outcome.put(SHIPMENT, shipment);
        fail(new Line(row.line(), outcome), String.valueOf(e.getMessage()));
      }
    }

    void addLine(long number, String text) {
      try {
        add(number, new JsonObject(text));
      } catch (DecodeException e) {
        fail(new Line(number, new JsonObject()), "is no JSON object");
      }
    }

    /** Prints a line that can't be sent, after those before it. */
    private void fail(Line line, String reason) {
      send();
      var result = new JsonObject().put("error", new JsonObject().put("detail", reason));
      if (line.outcome().containsKey(SHIPMENT)) {
        result.put(SHIPMENT, line.outcome().getValue(SHIPMENT));
      }
      print(line, result);
    }

    void add(long number, JsonObject outcome) {
      int length = outcome.encode().length();
      if (characters + length > BATCH_CHARACTERS) send();
      characters += length;
      batch.add(new Line(number, outcome));
      if (batch.size() == BATCH) send();
    }

    void send() {
      if (batch.isEmpty()) return;
      var outcomes = new JsonArray(batch.stream().map(Line::outcome).toList());
      JsonArray results;
      try {
        results =
            service
                .post("/outcomes", new JsonObject().put("outcomes", outcomes))
                .getJsonArray("results");
      } catch (ServiceCalls.FailedException e) {
        throw new ServiceCalls.FailedException(
            "%s. Not reported: from line %d on; a file may be reported again"
                .formatted(e.getMessage(), batch.get(0).line()));
      }
      for (int i = 0; i < batch.size(); i++) print(batch.get(i), results.getJsonObject(i));
      batch.clear();
      characters = 0;
      out.flush();
    }

    private void print(Line line, JsonObject result) {
      var error = result.getJsonObject("error");
      var word = error != null ? FAILED : result.getString("result", FAILED);
      counts.merge(word, 1L, Long::sum);
      if (json) {
        out.println(new JsonObject().put("line", line.line()).mergeIn(result).encode());
        return;
      }
      var more =
          error != null
              ? error.getString("detail", "")
              : word.equals("wrong") || word.equals("alternative")
                  ? "predicted " + result.getString("predicted")
                  : "";
      out.println(
          "line %d  %s  %s  %s"
              .formatted(line.line(), line.outcome().getValue(SHIPMENT, "-"), word, more)
              .stripTrailing());
    }

    int end() {
      long all = counts.values().stream().mapToLong(Long::longValue).sum();
      var summary = new StringBuilder();
      counts.forEach((word, count) -> summary.append(", %d %s".formatted(count, word)));
      (json ? spec.commandLine().getErr() : out)
          .printf("%s: %s%n", Plurals.count(all, "outcome"), summary.substring(2));
      return counts.getOrDefault(FAILED, 0L) > 0 ? 1 : 0;
    }
  }
}
