package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.PrefixChances;
import com.cpprediction.testing.TestScores;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Thread that parses a body: even a short one may be costly to normalize. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
public class BigBodiesTest {
  private static final String EVENT_LOOP = "vert.x-eventloop-thread";
  private static final String READERS = "cp-read";

  /** Ligatures to expand, marks to sort, marks to compose. */
  private static final List<String> COSTLY =
      List.of(
          "x" + "\uFB03".repeat(900),
          "x" + "\u0345".repeat(300) + "\u0301".repeat(300) + "\u0316".repeat(300),
          "\u1100\u1161\u11A8".repeat(300));

  private final Set<String> threads = ConcurrentHashMap.newKeySet();
  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx);
    edge.serve(ServingRelease.of(HttpFixture.FINGERPRINTS, this::locate));
    edge.start();
  }

  private PrefixChances locate(String text) {
    threads.add(Thread.currentThread().getName().replaceFirst("-\\d+$", ""));
    return TestScores.chances("560", 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void parsesACostlyBatchOffTheEventLoop(int kind) throws Exception {
    var batch = batch(COSTLY.get(kind), 20);
    assertThat(batch.toBuffer().length()).isLessThan(64 * 1024);

    var response = edge.post("/predict/batch", batch);

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(threads).containsExactly(READERS);
  }

  @Test
  void countsEscapedCharactersByTheirCost() throws Exception {
    var escaped = new StringBuilder();
    for (char c : batch(COSTLY.get(0), 10).encode().toCharArray()) {
      if (c < 128) escaped.append(c);
      else escaped.append("\\u%04x".formatted((int) c));
    }

    var response =
        edge.post("/predict/batch", escaped.toString().getBytes(StandardCharsets.US_ASCII));

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(threads).containsExactly(READERS);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void parsesACostlyMessageOffTheEventLoop(int kind) throws Exception {
    edge.ask(Bus.PREDICT_BATCH, batch(COSTLY.get(kind), 20));

    assertThat(threads).containsExactly(READERS);
  }

  @Test
  void parsesCostlyLinesOffTheEventLoop(Vertx vertx) throws Exception {
    var lines = new StringBuilder();
    for (int i = 0; i < 16; i++) { // plain lines this few would be parsed on the event loop
      lines.append(shipment("S" + i, COSTLY.get(1)).encode()).append('\n');
    }
    var client = vertx.createHttpClient();

    var caller = new StreamCaller(client, edge.base()).send(lines.toString()).end();

    assertThat(caller.rest()).hasSize(16).allMatch(response -> response.containsKey("cp"));
    assertThat(threads).contains(READERS);
    client.close().await(60, SECONDS);
  }

  @Test
  void parsesCostlyWarmingsOffTheEventLoop() throws Exception {
    var addresses = new JsonArray(IntStream.range(0, 20).mapToObj(i -> COSTLY.get(1) + i).toList());

    var response = edge.post("/cache/warm", new JsonObject().put("addresses", addresses));

    assertThat(new JsonObject(response.body()).getInteger("warmed")).isEqualTo(20);
    assertThat(threads).containsExactly(READERS);
  }

  @Test
  void parsesPlainBodiesOnTheEventLoop() throws Exception {
    edge.post("/predict", shipment("S1", "MG Road, Bengaluru"));
    edge.post("/predict", shipment("S2", "\u092E\u0915\u093E\u0928 ".repeat(20)));
    edge.post("/predict/batch", batch("12 Anna Salai, Chennai", 50));
    edge.ask(Bus.PREDICT, shipment("S3", "MG Road"));
    edge.ask(Bus.PREDICT_BATCH, batch("FC Road, Pune", 50));

    assertThat(threads).containsExactly(EVENT_LOOP);
  }

  private static JsonObject batch(String address, int count) {
    return HttpFixture.batch(
        IntStream.range(0, count)
            .mapToObj(i -> shipment("S" + i, address + i))
            .toArray(JsonObject[]::new));
  }
}
