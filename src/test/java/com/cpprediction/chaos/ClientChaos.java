package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.ClusterNodes;
import com.cpprediction.testing.PackagedJar;
import com.cpprediction.testing.PackagedService;
import com.cpprediction.testing.Ports;
import com.cpprediction.testing.PostgresProcess;
import com.cpprediction.testing.Program;
import com.cpprediction.testing.Tool;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The clients in other languages, each by its example program: {@code mvn -Pchaos,clients verify
 * -Dit.test=ClientChaos}.
 */
@Tag("chaos")
class ClientChaos {
  private static final int ADDRESSES = 1_000;

  /** Of a stream or a batch of the examples. */
  private static final int WINDOW = 100;

  /** Enough for two windows. */
  private static final int BEFORE = 250;

  private static final int FEW = 20;

  private static final Path CURL = Path.of("src/examples/curl/predict-lines.sh");

  @RegisterExtension private static final PostgresProcess postgres = new PostgresProcess();

  static Stream<Arguments> ways() {
    return Stream.of(ClientExample.values())
        .flatMap(
            example ->
                Stream.of("stream", "batch", "single").map(way -> Arguments.of(example, way)));
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("ways")
  void storesEachAddressOnceThoughTheServiceIsKilled(ClientExample example, String way)
      throws Exception {
    var command = example.command();
    storesEachAddressOnceThoughTheServiceIsKilled(
        new JsonObject(), service -> with(command, "http://127.0.0.1:" + service.port(), way));
  }

  /** A client of gRPC that is not ours, by the published protocol alone. */
  @Test
  void storesEachAddressOnceOverGrpcThoughTheServiceIsKilled() throws Exception {
    var command = ClientExample.grpc();
    int port = Ports.free();
    storesEachAddressOnceThoughTheServiceIsKilled(
        new JsonObject().put("grpc", new JsonObject().put("enabled", true).put("port", port)),
        service -> with(command, "src/main/proto/grpc_service.proto", "127.0.0.1:" + port));
  }

  private static void storesEachAddressOnceThoughTheServiceIsKilled(
      JsonObject config, Function<PackagedService, List<String>> command) throws Exception {
    var database = postgres.newDatabase();
    var addresses = addresses();
    try (var service =
            new PackagedService(() -> PostgresProcess.uri(postgres.port(), database), config);
        var ledger = new Ledger(service.directory().resolve("ledger.txt"))) {
      service.start();
      Await.until("the service is ready", service::ready);

      List<ClientRun.Line> lines;
      try (var run = new ClientRun(command.apply(service), service.directory())) {
        run.send(addresses.subList(0, BEFORE));
        run.awaitLines(BEFORE / WINDOW * WINDOW);
        Await.until("the first are stored", () -> service.waiting() == 0);
        run.send(addresses.subList(BEFORE, ADDRESSES));
        service.kill();
        service.start();
        lines = run.finish();
      }

      write(lines, ledger);
      Await.until("all is stored", () -> service.waiting() == 0);
      compare(ledger, database);
    }
  }

  private static List<String> with(List<String> command, String... arguments) {
    return Stream.concat(command.stream(), Stream.of(arguments)).toList();
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("ways")
  void triesAgainWhatMayPassWithTheSameIds(
      ClientExample example, String way, @TempDir Path directory) throws Exception {
    try (var service = new FlakyService()) {
      var command = with(example.command(), service.url(), way);

      List<ClientRun.Line> lines;
      try (var run = new ClientRun(command, directory)) {
        run.send(addresses().subList(0, FEW));
        lines = run.finish();
      }

      assertThat(lines.stream().map(ClientRun.Line::number))
          .containsExactlyElementsOf(numbers(FEW));
      assertThat(lines.stream().filter(line -> line.cp().equals("-")).map(ClientRun.Line::number))
          .containsExactlyElementsOf(
              way.equals("single") ? List.of() : List.of(FlakyService.MALFORMED));
      assertThat(service.ids()).allSatisfy((shipment, ids) -> assertThat(ids).hasSize(1));
    }
  }

  @Test
  void curlSendsABrokenStreamAgainWithTheSameIds() throws Exception {
    Tool.find("curl", "curl");
    try (var service = new FlakyService()) {
      var addresses = String.join("\n", addresses().subList(0, FEW));

      var run = Program.run(CURL, addresses, service.url());

      assertThat(run.exit()).as(run.output()).isZero();
      assertThat(run.output().lines().filter(line -> line.startsWith("{"))).hasSize(FEW);
      assertThat(service.ids()).allSatisfy((shipment, ids) -> assertThat(ids).hasSize(1));
    }
  }

  @Test
  void anApplicationOnTheEventBusHasEachAddressStoredOnceThoughANodeIsKilled() throws Exception {
    var database = postgres.newDatabase();
    var addresses = addresses();
    var java = Path.of(System.getProperty("java.home"), "bin/java").toString();
    try (var nodes =
        ClusterNodes.onLoopback(
            2, () -> PostgresProcess.uri(postgres.port(), database), new JsonObject())) {
      nodes.start();
      nodes.awaitWhole(Duration.ofMinutes(2));
      var command =
          List.of(
              java,
              "-Xmx300m",
              "-Dai.djl.offline=true",
              "-cp",
              PackagedJar.file().toString(),
              "src/examples/event-bus/AskCluster.java",
              "conf/hazelcast.xml",
              String.join(",", nodes.members()));

      try (var run = new ClientRun(command, nodes.directory());
          var ledger = new Ledger(nodes.directory().resolve("ledger.txt"))) {
        run.send(addresses.subList(0, BEFORE));
        run.awaitLines(BEFORE / WINDOW * WINDOW);
        run.send(addresses.subList(BEFORE, ADDRESSES));
        nodes.get(1).process().kill();
        write(run.finish(), ledger);
        nodes.get(1).process().start(); // stores what its journal holds
        for (var node : nodes.all()) {
          Await.until("all is stored", () -> node.process().waiting() == 0);
        }
        compare(ledger, database);
      }
    }
  }

  private static void write(List<ClientRun.Line> lines, Ledger ledger) throws Exception {
    assertThat(lines.stream().map(ClientRun.Line::number))
        .containsExactlyElementsOf(numbers(ADDRESSES));
    assertThat(lines).extracting(ClientRun.Line::cp).doesNotContain("-");
    for (var line : lines) {
      ledger.sending(line.predictionId(), line.number());
      ledger.answeredSomehow(line.predictionId());
    }
  }

  private static void compare(Ledger ledger, String database) throws Exception {
    try (var connection = postgres.admin(database)) {
      var verdict = Oracle.compare(ledger.read(), connection);
      assertThat(verdict.lost()).as("predicted and not stored").isEmpty();
      assertThat(verdict.doubled()).as("stored twice").isEmpty();
      assertThat(verdict.strange()).as("stored with another id").isEmpty();
      assertThat(verdict.different()).as("stored for another shipment").isEmpty();
      assertThat(verdict.stored()).isEqualTo(ADDRESSES);
    }
  }

  private static List<String> numbers(int last) {
    return IntStream.rangeClosed(1, last).mapToObj(Integer::toString).toList();
  }

  private static List<String> addresses() {
    var rows = SmallRelease.rows();
    return IntStream.range(0, ADDRESSES)
        .mapToObj(i -> rows.get(i % rows.size()))
        .map(row -> row.typed() + " " + row.pincode())
        .toList();
  }
}
