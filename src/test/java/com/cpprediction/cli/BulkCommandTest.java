package com.cpprediction.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bulk} against a server that refuses what it is told to. */
class BulkCommandTest {
  @TempDir private Path dir;

  /** Addresses by prediction id, as a table with its primary key would have them. */
  private final Map<String, String> stored = new ConcurrentHashMap<>();

  private final List<JsonObject> received = new CopyOnWriteArrayList<>();

  /** The statuses of the next responses; then all are 200. */
  private final ConcurrentLinkedQueue<Integer> statuses = new ConcurrentLinkedQueue<>();

  /** Codes of the problem with which addresses fail the first time. */
  private final Map<String, String> failing = new ConcurrentHashMap<>();

  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/predict/batch", this::predict);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void predict(HttpExchange exchange) throws IOException {
    var body = new JsonObject(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
    var next = statuses.poll();
    int status = next == null ? 200 : next;
    var results = new JsonArray();
    if (body.encode().contains("poison")) {
      refuse(exchange);
      return;
    }
    for (var one : body.getJsonArray("shipments")) {
      var shipment = (JsonObject) one;
      received.add(shipment);
      if (status == 200) results.add(result(shipment));
    }
    var response = new JsonObject().put("results", results).put("detail", "on purpose").encode();
    exchange.sendResponseHeaders(status, response.length());
    exchange.getResponseBody().write(response.getBytes(UTF_8));
    exchange.close();
  }

  private static void refuse(HttpExchange exchange) throws IOException {
    var problem = new JsonObject().put("code", "malformed-request").put("detail", "too deep");
    exchange.sendResponseHeaders(400, problem.encode().length());
    exchange.getResponseBody().write(problem.encode().getBytes(UTF_8));
    exchange.close();
  }

  private JsonObject result(JsonObject shipment) {
    var address = shipment.getString("address");
    var code = failing.remove(address);
    var result = new JsonObject().put("shipment_id", shipment.getString("shipment_id"));
    if (code != null) {
      return result.put("error", new JsonObject().put("code", code).put("detail", "of it"));
    }
    var id = shipment.getString("prediction_id");
    stored.put(id, address);
    return result
        .put("prediction_id", id)
        .put("cp", "CP of " + address)
        .put("confidence", 0.75)
        .put(
            "alternatives",
            new JsonArray().add(new JsonObject().put("cp", "CP2").put("confidence", 0.125)));
  }

  private CommandRun run(Path in, Path out, String... more) {
    var url = "http://127.0.0.1:" + server.getAddress().getPort();
    var arguments = Stream.of("bulk", "--url", url + "," + url, "--in", in + "", "--out", out + "");
    return CommandRun.of(Stream.concat(arguments, Stream.of(more)).toArray(String[]::new));
  }

  private Path file(String name, String... lines) throws IOException {
    return Files.write(dir.resolve(name), List.of(lines));
  }

  private Path out(String name) {
    return dir.resolve(name);
  }

  private Path many(int count) throws IOException {
    var lines = new ArrayList<>(List.of("Shipment ID;Address;PIN Code;note"));
    IntStream.rangeClosed(1, count)
        .forEach(i -> lines.add("S%d;A%d;560017;n%d".formatted(i, i, i)));
    return Files.write(dir.resolve("many.csv"), lines);
  }

  @Test
  void readsAndWritesWithTheSeparatorOfTheOption() throws Exception {
    var out = out("out.csv");

    run(file("in.csv", "id^address^pincode", "1^D, E^560017"), out, "--separator", "^");

    assertThat(Files.readAllLines(out).get(1)).startsWith("1^D, E^560017^CP of D, E^");
  }

  @Test
  void writesALineForEachLineInOrder() throws Exception {
    var in =
        file(
            "in.csv",
            "id,address,pincode",
            "1,A,560017",
            "2,,560017",
            "3,C,12",
            "4,\"D, E\",",
            "5,F,560017,too,many");
    var out = out("out.csv");
    failing.put("D, E", "pincode-required");

    var ended = run(in, out);

    assertThat(ended.exit()).as(ended.err()).isZero();
    var lines = Files.readAllLines(out);
    assertThat(lines).hasSize(6);
    assertThat(lines.get(0))
        .isEqualTo(
            "id,address,pincode,cp,confidence,cp2,confidence2,cp3,confidence3,prediction_id,problem,reason");
    assertThat(lines.get(1))
        .startsWith("1,A,560017,CP of A,0.750000,CP2,0.125000,,,")
        .endsWith(",,");
    assertThat(lines.get(2)).isEqualTo("2,,560017,,,,,,,,malformed-request,address is missing");
    assertThat(lines.get(3)).startsWith("3,C,12,,,,,,,,malformed-request,");
    assertThat(lines.get(4)).isEqualTo("4,\"D, E\",,,,,,,,,pincode-required,of it");
    assertThat(lines.get(5)).contains(",malformed-request,");
    assertThat(ended.out())
        .contains("5 lines in " + out + ": 1 predicted, 4 not", "3: malformed-request");
    assertThat(out("out.csv.progress")).doesNotExist();
  }

  @Test
  void readsLinesOfJsonAndCompressedOnes() throws Exception {
    var in = dir.resolve("in.ndjson.gz");
    var bytes = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(bytes)) {
      gzip.write(
          "{\"shipment_id\":\"S1\",\"address\":\"A\"}\n\n{\n{\"address\":\"B\"}\n".getBytes(UTF_8));
    }
    Files.write(in, bytes.toByteArray());
    var out = out("out.ndjson");

    var ended = run(in, out, "--json");

    var lines = Files.readAllLines(out).stream().map(JsonObject::new).toList();
    assertThat(lines).extracting(line -> line.getInteger("line")).containsExactly(1, 3, 4);
    assertThat(lines.get(0).getString("cp")).isEqualTo("CP of A");
    assertThat(lines.get(1).getJsonObject("error").getString("detail"))
        .isEqualTo("is no JSON object");
    assertThat(lines.get(2).getString("shipment_id")).matches("[0-9a-f]{12}-4");
    assertThat(ended.json().getInteger("predicted")).isEqualTo(2);
  }

  @Test
  void sendsWhatIsRefusedForAMomentAgainWithTheSameIds() throws Exception {
    statuses.addAll(List.of(503, 429, 500));
    failing.putAll(Map.of("A3", "overloaded", "A9", "deadline-exceeded", "A12", "unknown-prefix"));
    var out = out("out.csv");

    var ended = run(many(20), out, "--batch", "7", "--parallel", "1");

    assertThat(ended.exit()).as(ended.err()).isZero();
    assertThat(stored).hasSize(19);
    var ids = new HashMap<String, String>();
    for (var shipment : received) {
      var id = shipment.getString("prediction_id");
      assertThat(ids.merge(shipment.getString("shipment_id"), id, (first, again) -> again))
          .isEqualTo(ids.get(shipment.getString("shipment_id")));
    }
    assertThat(received).hasSizeGreaterThan(20);
    assertThat(Files.readAllLines(out).get(12))
        .contains("S12;A12;560017;n12;;")
        .contains("unknown-prefix");
  }

  @Test
  void oneShipmentForWhichABodyIsRefusedFailsAlone() throws Exception {
    var out = out("out.csv");
    var lines = new ArrayList<>(List.of("address"));
    IntStream.rangeClosed(1, 9).forEach(i -> lines.add(i == 6 ? "poison" : "A" + i));
    var in = Files.write(dir.resolve("in.csv"), lines);

    var ended = run(in, out);

    assertThat(ended.out()).contains("9 lines in ", "8 predicted, 1 not");
    assertThat(Files.readAllLines(out).get(6))
        .isEqualTo("poison,,,,,,,,malformed-request,too deep");
    assertThat(stored).hasSize(8);
  }

  @Test
  void aRunThatWasRefusedGoesOnWithTheSameCommand() throws Exception {
    var in = many(30);
    var out = out("out.csv");
    IntStream.range(0, 3).forEach(i -> statuses.add(200));
    statuses.add(401);

    var refused = run(in, out, "--batch", "5", "--parallel", "1");
    var partial = Files.readString(out);
    var ids =
        received.stream().map(one -> UUID.fromString(one.getString("prediction_id"))).toList();
    Files.writeString(out, partial + "half a li"); // written, and not vouched for
    var ended = run(in, out, "--batch", "5", "--parallel", "1");

    assertThat(refused.exit()).isEqualTo(1);
    assertThat(refused.err()).contains("/predict/batch: 401 on purpose");
    assertThat(ended.exit()).as(ended.err()).isZero();
    assertThat(ended.out()).contains("30 lines in ", "30 predicted, 0 not");
    assertThat(Files.readString(out)).startsWith(partial);
    assertThat(Files.readAllLines(out)).hasSize(31).doesNotHaveDuplicates();
    assertThat(stored).hasSize(30);
    assertThat(stored.keySet()).containsAll(ids.stream().limit(15).map(UUID::toString).toList());
    assertThat(ids).allSatisfy(id -> assertThat(id.version()).isEqualTo(7));
  }

  @Test
  void neitherReplacesACompleteOutputNorMixesTwoInputs() throws Exception {
    var in = many(3);
    var out = out("out.csv");
    run(in, out);
    statuses.add(401);
    run(in, out("other.csv"));

    var again = run(in, out);
    Files.writeString(in, "address\nB\n");
    var changed = run(in, out("other.csv"));
    var forced = run(in, out, "--force");

    assertThat(again.exit()).isEqualTo(1);
    assertThat(again.err()).contains(out + " is there already, and complete", "--force");
    assertThat(changed.err()).contains("other.csv.progress is of another file");
    assertThat(forced.exit()).as(forced.err()).isZero();
    assertThat(Files.readAllLines(out)).hasSize(2);
  }

  @Test
  void givesUpWhenNothingIsServedAndSaysHowToGoOn() throws Exception {
    server.stop(0);

    var ended = run(many(3), out("out.csv"), "--patience", "0");

    assertThat(ended.exit()).isEqualTo(1);
    assertThat(ended.err()).contains("A batch was refused for 0 s", "Go on with the same command");
  }

  @Test
  void refusesToGoOnOnceItsIdsAreTooOld() throws Exception {
    statuses.add(401);
    var in = many(3);
    var out = out("out.csv");
    run(in, out);
    var progress = dir.resolve("out.csv.progress");
    var state = new JsonObject(Files.readString(progress));
    var old = Instant.now().minus(Duration.ofHours(24)).toString();
    state.getJsonObject("state").put("began", old);
    Files.writeString(progress, state.encode());

    var ended = run(in, out);

    assertThat(ended.exit()).isEqualTo(1);
    assertThat(ended.err()).contains("began at " + old, "Begin anew with --force");
    assertThat(stored).isEmpty();
  }

  @Test
  void saysWhatIsWrongWithItsOptions() throws Exception {
    var in = many(1);

    assertThat(run(in, in).err()).contains("--in and --out must be two files");
    assertThat(run(in, out("a.gz")).err()).contains("--out can't be compressed");
    assertThat(run(in, out("a"), "--batch", "1001").err()).contains("--batch must be in 1..1000");
    assertThat(run(dir.resolve("none.csv"), out("a")).err()).contains("There is no file");
    assertThat(run(file("x.csv", "a,b", "1,2"), out("a")).err())
        .contains("lacks the column address");
    assertThat(out("a")).doesNotExist();
  }
}
