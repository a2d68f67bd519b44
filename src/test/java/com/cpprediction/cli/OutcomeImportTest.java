package com.cpprediction.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.sun.net.httpserver.HttpServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code outcomes import} against a server that refuses what it is told to. */
class OutcomeImportTest {
  @TempDir private Path dir;

  private final List<String> reported = new CopyOnWriteArrayList<>();

  /** The statuses of the next responses; then all are 200. */
  private final List<Integer> statuses = new CopyOnWriteArrayList<>();

  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/outcomes",
        exchange -> {
          var body = new JsonObject(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
          int status = statuses.isEmpty() ? status(body) : statuses.remove(0);
          var results = new JsonArray();
          if (status == 200) {
            for (var outcome : body.getJsonArray("outcomes")) {
              reported.add(((JsonObject) outcome).getString("shipment_id"));
              results.add(((JsonObject) outcome).copy().put("result", "unknown"));
            }
          }
          var response = new JsonObject().put("results", results).put("detail", "busy").encode();
          exchange.getResponseHeaders().add("Retry-After", "0");
          exchange.sendResponseHeaders(status, response.length());
          exchange.getResponseBody().write(response.getBytes(UTF_8));
          exchange.close();
        });
    server.start();
  }

  /** A refusal of the whole body where one outcome is for the CP that is named so. */
  private static int status(JsonObject body) {
    for (var outcome : body.getJsonArray("outcomes")) {
      var cp = ((JsonObject) outcome).getString("cp");
      if (cp.startsWith("refused ")) return Integer.parseInt(cp.substring("refused ".length()));
    }
    return 200;
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private CommandRun run(String... more) {
    var arguments = Stream.concat(Stream.of("outcomes", "import", "--url", url()), Stream.of(more));
    return CommandRun.of(arguments.toArray(String[]::new));
  }

  private String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** A file of so many outcomes; that of line 1,500 is no JSON. */
  private Path outcomes(int count) throws IOException {
    var lines =
        IntStream.rangeClosed(1, count)
            .mapToObj(
                i -> i == 1_500 ? "{" : "{\"shipment_id\":\"S%d\",\"cp\":\"CP1\"}".formatted(i))
            .toList();
    return Files.write(dir.resolve("outcomes.ndjson"), lines);
  }

  private Path results() {
    return dir.resolve("results.ndjson");
  }

  private Path progress() {
    return dir.resolve("results.ndjson.progress");
  }

  @Test
  void goesOnBehindTheLastBatchOfAnInterruptedImport() throws IOException {
    var file = outcomes(3_500).toString();
    statuses.addAll(List.of(200, 200, 500));

    var broken = run(file, "--out", results().toString());

    assertThat(broken.exit()).isEqualTo(1);
    assertThat(broken.err()).contains("Not reported: from line 2001 on; go on with --resume");
    assertThat(Files.readAllLines(results())).hasSize(2_000);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(results())))
        .isEqualTo("rw-------");
    Files.writeString(results(), "{\"line\": 2001, \"sh", APPEND); // as a kill leaves it

    var rest = run(file, "--out", results().toString(), "--resume");

    var lines = Files.readAllLines(results()).stream().map(JsonObject::new).toList();
    assertThat(lines)
        .extracting(line -> line.getInteger("line"))
        .containsExactlyElementsOf(IntStream.rangeClosed(1, 3_500).boxed().toList());
    assertThat(lines.get(1_499).getJsonObject("error").getString("detail"))
        .isEqualTo("is no JSON object");
    var once = new ArrayList<String>();
    for (int i = 1; i <= 3_500; i++) if (i != 1_500) once.add("S" + i);
    assertThat(reported).isEqualTo(once);
    assertThat(rest.out()).contains("3500 outcomes: ", "3499 unknown, 1 failed");
    assertThat(rest.exit()).isEqualTo(1);
    assertThat(progress()).doesNotExist();
  }

  @Test
  void refusesToGoOnWithAnotherFile() throws IOException {
    var file = outcomes(1_200);
    statuses.addAll(List.of(200, 500));
    run(file.toString(), "--out", results().toString());
    Files.writeString(file, "{\"shipment_id\":\"S1\",\"cp\":\"CP2\"}\n");

    var run = run(file.toString(), "--out", results().toString(), "--resume");

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err()).startsWith(progress() + " is of another file").hasLineCount(1);
    assertThat(run(file.toString(), "--out", results().toString()).exit()).isZero();
    assertThat(Files.readAllLines(results())).hasSize(1);
  }

  @Test
  void reportsALineForWhichABatchIsRefusedAndAllOthers() throws IOException {
    var lines =
        IntStream.rangeClosed(1, 1_000)
            .mapToObj(
                i -> {
                  var cp = i == 7 ? "refused 400" : i == 1_000 ? "refused 413" : "CP1";
                  return "{\"shipment_id\":\"S%d\",\"cp\":\"%s\"}".formatted(i, cp);
                })
            .toList();
    var file = Files.write(dir.resolve("refused.ndjson"), lines);

    var run = run(file.toString(), "--out", results().toString());

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out()).contains("998 unknown, 2 failed");
    var all = Files.readAllLines(results()).stream().map(JsonObject::new).toList();
    assertThat(all).hasSize(1_000);
    assertThat(all)
        .filteredOn(result -> result.containsKey("error"))
        .extracting(
            result -> result.getInteger("line"),
            result -> result.getString("shipment_id"),
            result -> result.getJsonObject("error").getString("detail"))
        .containsExactly(
            tuple(7, "S7", "POST /outcomes: 400 busy"),
            tuple(1_000, "S1000", "POST /outcomes: 413 busy"));
    assertThat(reported).hasSize(998).doesNotContain("S7", "S1000").doesNotHaveDuplicates();
  }

  @Test
  void waitsForAnOverloadedService() throws IOException {
    for (int i = 0; i < 20; i++) statuses.add(503);

    var run = run(outcomes(3).toString());

    assertThat(run.exit()).isZero();
    assertThat(reported).containsExactly("S1", "S2", "S3");
  }

  @Test
  void readsTextsAndQuotesAsPredictDoes() throws IOException {
    var csv = dir.resolve("outcomes.csv");
    Files.writeString(csv, "shipment_id,cp\n\"S1,CP1\nS2,CP2\n\"S3,CP3\",,\nS4,CP4\n");
    var windows = dir.resolve("windows.ndjson");
    Files.write(windows, "{\"shipment_id\":\"S\u00e9\",\"cp\":\"CP1\"}".getBytes("windows-1252"));

    var quotes = run(csv.toString());
    var foreign = run(windows.toString());

    assertThat(quotes.err()).contains("has a quote in line 2 that is not closed; 1 line was");
    assertThat(quotes.out()).contains("line 3  S2  unknown", "line 5  S4  unknown");
    assertThat(foreign.err()).contains("is not in UTF-8 from line 1 on");
    assertThat(reported).endsWith("S\u00e9");
  }

  @Test
  void readsWithTheSeparatorOfTheOption() throws IOException {
    var csv = Files.writeString(dir.resolve("outcomes.csv"), "shipment_id^cp\nS,1^CP1\n");

    assertThat(run(csv.toString(), "--separator", "^").exit()).isZero();

    assertThat(reported).containsExactly("S,1");
  }

  /** A socket can't be opened anew by its path. */
  @Test
  void readsStandardInputThatIsASocket() throws Exception {
    try (var sending = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var address = "/dev/tcp/127.0.0.1/" + sending.getLocalPort();
      var process = start("exec \"$0\" \"$@\" < " + address);
      try (var socket = sending.accept()) {
        socket.getOutputStream().write("shipment_id,cp\nS1,CP1\n".getBytes(UTF_8));
      }
      var printed = new String(process.getInputStream().readAllBytes(), UTF_8);

      assertThat(printed).contains("line 2  S1  unknown");
      assertThat(process.waitFor()).isZero();
    }
    assertThat(reported).containsExactly("S1");
  }

  @Test
  void namesTheColumnThatStandardInputLacks() throws Exception {
    var process = start("printf 'shipment_id,branch\\nS1,CP1\\n' | \"$0\" \"$@\"");
    var printed = new String(process.getInputStream().readAllBytes(), UTF_8);

    assertThat(printed)
        .contains("/dev/stdin lacks the column cp: its first line has \"shipment_id\", \"branch\"")
        .hasLineCount(1);
    assertThat(process.waitFor()).isOne();
  }

  /** Starts an import of standard input; {@code script} has the command as $0 and $@. */
  private Process start(String script) throws IOException {
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var command = new ArrayList<>(List.of("bash", "-c", script, java));
    command.addAll(
        List.of("-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Main.class.getName(), "outcomes", "import", "-", "--url", url()));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  @Test
  void refusesOptionsThatWouldBeIgnored() throws IOException {
    var file = outcomes(1).toString();

    assertThat(run(file, "--separator", "^").err()).startsWith("--separator goes with CSV");

    assertThat(CommandRun.of("outcomes", "--json", "import", file).err())
        .startsWith("options go behind \"outcomes import\"");
    assertThat(run(file, "--resume").err()).startsWith("--resume goes with --out");
    assertThat(CommandRun.of("outcomes").err()).startsWith("Missing required parameter: 'FILE'");
    assertThat(reported).isEmpty();
  }
}
