package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.ScoreReply;
import com.cpprediction.config.AuthConfig;
import com.cpprediction.config.BearerTokens;
import com.cpprediction.config.CallerConfig;
import com.cpprediction.config.CallerList;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.config.Role;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.testing.Certificates;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(VertxExtension.class)
@Timeout(60)
class NdjsonStreamTest {
  /** Lines of one stream that are answered at a time. */
  private static final int UNDER_WAY = 256;

  private static final String SHOP = "shop-token-of-16";
  private static final String LONG = "S".repeat(50);
  private static final String FINGERPRINT = HttpFixture.FINGERPRINTS.get("560");

  private Vertx vertx;
  private HttpFixture edge;
  private final List<HttpClient> clients = new ArrayList<>(); // an unreferenced one is closed

  @BeforeEach
  void setUp(Vertx vertx) {
    this.vertx = vertx;
    edge = new HttpFixture(vertx);
  }

  @Test
  void predictsLinesInOrderAndFailsMalformedOnesAlone() throws Exception {
    var bytes =
        Buffer.buffer("\uFEFF" + line("S1") + "\r\n\n  \r\n")
            .appendString("{\"shipment_id\":\"S4\"}\n")
            .appendString("nonsense\n[]\n")
            .appendString("x".repeat(1 << 20) + '\n')
            .appendString(shipment("S8", "MG Road, PIN 999999").encode() + '\n')
            .appendBytes(new byte[] {'"', (byte) 0xC3, '"', '\n'})
            .appendString(shipment("S10", "FC Road 411001").encode() + '\n')
            .appendString(line("S11"));

    var caller = caller().send(bytes).end();

    assertThat(caller.status()).isEqualTo(200);
    assertThat(caller.type()).isEqualTo(RouteContract.NDJSON);
    assertThat(caller.rest().stream().map(NdjsonStreamTest::shown))
        .containsExactly(
            "S1",
            "S4 4 malformed-request",
            "null 5 malformed-request",
            "null 6 malformed-request",
            "null 7 too-large",
            "S8 8 unknown-prefix",
            "null 9 malformed-request",
            "S10",
            "S11");
    assertThat(edge.recorded().stream().map(one -> one.request().shipmentId()))
        .containsExactlyInAnyOrder("S1", "S10", "S11");
  }

  @Test
  void predictsALineLikePredict() throws Exception {
    var asked = shipment("S1", "MG Road 560017").put("prediction_id", freshId());
    var caller = caller();
    var plain = new JsonObject(edge.post("/predict", asked).body());

    caller.send(asked).end();

    assertThat(caller.rest()).containsExactly(plain.put("source", "cache"));
  }

  @Test
  void predictsASingleLineImmediately() throws Exception {
    var caller = caller();

    for (int i = 0; i < 3; i++) {
      caller.send(line("S" + i) + '\n');
      assertThat(shown(caller.nextLine())).isEqualTo("S" + i);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Connection: keep-alive\r\n", "Expect: 100-continue\r\n"})
  void endsHttp10ResponsesByClosing(String header) throws Exception {
    edge.start();
    var body = line("S1") + "\nnonsense\n" + line("S3");

    var response =
        edge.raw(
            "POST /predict/stream HTTP/1.0\r\nContent-Type: application/x-ndjson\r\n"
                + header
                + "Content-Length: %d\r\n\r\n%s".formatted(body.length(), body));

    var head = response.substring(0, response.indexOf("\r\n\r\n")).toLowerCase(Locale.ROOT);
    assertThat(head)
        .startsWith("http/1.0 200 ok")
        .doesNotContain("keep-alive", "transfer-encoding", "content-length", "100 continue");
    assertThat(response.substring(head.length()).strip().lines().map(JsonObject::new))
        .map(NdjsonStreamTest::shown)
        .containsExactly("S1", "null 2 malformed-request", "S3");
  }

  @Test
  void scoresManyLinesTogether() throws Exception {
    var lines = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      lines.append(shipment("S" + i, i + " MG Road 560017").encode()).append('\n');
    }

    var responses = caller().send(lines.toString()).end().rest();

    assertThat(responses).hasSize(60);
    assertThat(edge.scoreRequests).hasSizeLessThanOrEqualTo(4); // two chunks for each batch
    assertThat(edge.batches).hasSizeLessThanOrEqualTo(2);
  }

  @Test
  void keepsTheOrderWhenALaterLineIsScoredFirst() throws Exception {
    var held = hold();
    var caller = caller().send(line("S1") + '\n');
    HttpFixture.until(() -> held.size() == 1);

    caller.send(shipment("S2", "FC Road 411001"));
    HttpFixture.until(() -> edge.recorded().size() == 1); // the later
    assertThat(caller.hasAnswer()).isFalse();
    release(held);

    assertThat(shown(caller.nextLine())).isEqualTo("S1");
    assertThat(shown(caller.nextLine())).isEqualTo("S2");
  }

  @Test
  void refusesAnIdUsedByTwoShipments() throws Exception {
    var id = PredictionIds.next().toString();
    var caller = caller();
    var lines = Buffer.buffer();
    for (var name : List.of("S1", "S2", "S1")) {
      var shipment = shipment(name, "14 MG Road 560001").put("prediction_id", id);
      lines.appendBuffer(shipment.toBuffer()).appendString("\n");
    }

    caller.send(lines);
    caller.end();

    var responses = caller.rest();
    assertThat(shown(responses.get(0))).isEqualTo("S1");
    assertThat(responses.get(1).getJsonObject("error").getString("detail"))
        .isEqualTo(PredictionIds.taken().getMessage());
    assertThat(shown(responses.get(2))).isEqualTo("S1");
  }

  @Test
  void stopsReadingWhileItsResponseIsNotRead() throws Exception {
    int count = 30_000; // whose answers are more than all buffers on the way hold
    var most = new AtomicInteger();
    edge.recorder =
        batch -> {
          most.accumulateAndGet(edge.inFlight(), Math::max);
          return Future.succeededFuture(new JsonArray());
        };
    var caller = caller();
    caller.pause();

    for (int i = 0; i < count; i += 1_000) {
      var lines = Buffer.buffer();
      for (int j = i; j < i + 1_000; j++) lines.appendString(line(LONG + j) + '\n');
      caller.send(lines);
    }
    caller.end();
    int stuck = settled(() -> edge.recorded().size());

    assertThat(stuck).isBetween(1, count - 1);
    caller.resume();
    var responses = caller.rest();
    assertThat(responses.stream().map(NdjsonStreamTest::shown))
        .containsExactlyElementsOf(IntStream.range(0, count).mapToObj(i -> LONG + i).toList());
    assertThat(most).hasPositiveValue().hasValueLessThanOrEqualTo(UNDER_WAY);
  }

  @Test
  void slowsDownInsteadOfFailingAtASmallLimit() throws Exception {
    edge.prediction =
        new PredictionConfig(2, 0, 4, Duration.ofSeconds(5), OptionalDouble.of(0.01), 0.5);
    var held = hold();
    var caller = caller();

    for (int i = 0; i < 50; i++) caller.send(shipment("S" + i, i + " MG Road 560017"));
    caller.end();
    HttpFixture.until(() -> held.size() > 0);
    assertThat(edge.inFlight()).isLessThanOrEqualTo(2); // half is left to others
    var other = edge.post("/predict", shipment("P", "FC Road 411001"));
    edge.scorer = request -> Future.succeededFuture(HttpFixture.reply(request, FINGERPRINT));
    release(held);

    assertThat(other.statusCode()).isEqualTo(200);
    assertThat(caller.rest().stream().map(NdjsonStreamTest::shown))
        .containsExactlyElementsOf(IntStream.range(0, 50).mapToObj(i -> "S" + i).toList());
    assertThat(edge.inFlight()).isZero();
  }

  @Test
  void givesEachLineItsOwnDeadline() throws Exception {
    hold();
    var caller = caller("X-Deadline-Ms", "500");

    caller.send(line("S1") + '\n');
    assertThat(shown(caller.nextLine())).isEqualTo("S1 1 deadline-exceeded");
    caller.send(shipment("S2", "FC Road 411001"));

    assertThat(shown(caller.nextLine())).isEqualTo("S2");
  }

  @Test
  void failsEachLineThatCannotBeRecorded() throws Exception {
    edge.recorder = batch -> Future.failedFuture(Failure.OVERLOADED.because("full"));

    var responses = caller().send(line("S1") + "\nx\n" + line("S3")).end().rest();

    assertThat(responses.stream().map(NdjsonStreamTest::shown))
        .containsExactly("S1 1 overloaded", "null 2 malformed-request", "S3 3 overloaded");
  }

  @Test
  void finishesAcceptedLinesOnStopAndNamesTheFirstUnserved() throws Exception {
    var held = hold();
    var caller = caller().send(line("S1") + "\n" + line("S2") + "\n{\"shipment_id\":");
    HttpFixture.until(() -> held.size() == 1);

    var stopped = edge.stop();
    release(held);

    assertThat(caller.rest().stream().map(NdjsonStreamTest::shown))
        .containsExactly("S1", "S2", "null 3 not-ready");
    stopped.await(60, SECONDS);
    assertThat(edge.recorded()).hasSize(2);
  }

  @Test
  void namesTheFirstWaitingLineOnStop() throws Exception {
    edge.prediction =
        new PredictionConfig(1, 0, 6, Duration.ofSeconds(5), OptionalDouble.of(0.01), 0.5);
    var held = hold();
    var lines = new StringBuilder();
    for (int i = 1; i <= 9; i++) lines.append(line("S" + i)).append('\n');
    var caller = caller().send(lines.toString());
    HttpFixture.until(() -> held.size() == 1);

    var stopped = edge.stop();
    release(held);

    assertThat(caller.rest().stream().map(NdjsonStreamTest::shown))
        .containsExactly("S1", "S2", "S3", "null 4 not-ready");
    stopped.await(60, SECONDS);
  }

  @Test
  void stopsWithLinesWaitingAfterTheEndOfInput() throws Exception {
    edge.prediction =
        new PredictionConfig(1, 0, 6, Duration.ofSeconds(5), OptionalDouble.of(0.01), 0.5);
    var held = hold();
    edge.start();
    var lines = new StringBuilder();
    for (int i = 1; i <= 9; i++) lines.append(line("S" + i)).append('\n');
    var all = lines.toString().getBytes(UTF_8);
    var response = vertx.executeBlocking(() -> edge.send("POST", "/predict/stream", all));
    HttpFixture.until(() -> held.size() == 1);

    var stopped = edge.stop();
    release(held);

    assertThat(response.await(60, SECONDS).body().lines().map(JsonObject::new))
        .extracting(NdjsonStreamTest::shown)
        .containsExactly("S1", "S2", "S3", "null 4 not-ready");
    stopped.await(60, SECONDS);
    assertThat(edge.registry.scrape())
        .as("the last line is one, too")
        .contains("cp_predictions_total{outcome=\"not-ready\",source=\"none\"} 1.0");
  }

  @Test
  void dropsTheLinesOfADisconnectedCaller() throws Exception {
    var held = hold();
    var caller = caller();
    for (int i = 0; i < 5_000; i++) caller.send(shipment("S" + i, i + " MG Road 560017"));
    HttpFixture.until(() -> !held.isEmpty());
    settled(edge::inFlight); // as much as is under way at a time

    caller.disconnect();
    edge.scorer = request -> Future.succeededFuture(HttpFixture.reply(request, FINGERPRINT));
    release(held);
    HttpFixture.until(() -> edge.inFlight() == 0);
    edge.stop().await(60, SECONDS);

    assertThat(edge.recorded()).hasSizeLessThanOrEqualTo(UNDER_WAY);
  }

  @Test
  void allowsPausesBetweenLinesButNotWithinOne() throws Exception {
    edge.receiveTimeout = Duration.ofSeconds(2);
    var resting = caller().send(line("S1") + '\n');
    assertThat(shown(resting.nextLine())).isEqualTo("S1");

    var within = caller().send(line("S2") + "\n{");

    assertThat(within.rest().stream().map(NdjsonStreamTest::shown)).containsExactly("S2");
    assertThat(edge.registry.scrape()).contains("cp_shed_total{reason=\"slow_body\"} 1.0");
    assertThat(shown(resting.send(line("S3") + '\n').nextLine())).isEqualTo("S3");
  }

  @Test
  void requiresTheToken() throws Exception {
    edge.predictToken = "0123456789abcdef";

    assertThat(caller().status()).isEqualTo(401);
    var caller = caller("Authorization", "Bearer " + edge.predictToken);

    assertThat(caller.send(line("S1")).end().rest()).hasSize(1);
  }

  @Test
  void acceptsAndProducesNdjsonOnly() throws Exception {
    edge.start();
    var body = line("S1").getBytes(UTF_8);

    assertThat(edge.send("POST", "/predict/stream", body, "Content-Type", "application/json"))
        .satisfies(response -> assertThat(response.statusCode()).isEqualTo(415))
        .satisfies(response -> assertThat(response.body()).contains(RouteContract.NDJSON));
    assertThat(edge.send("POST", "/predict/stream", body, "Accept", "application/json"))
        .satisfies(response -> assertThat(response.statusCode()).isEqualTo(406));
    assertThat(edge.send("POST", "/predict", body, "Content-Type", RouteContract.NDJSON))
        .satisfies(response -> assertThat(response.statusCode()).isEqualTo(415));
    assertThat(edge.send("POST", "/predict/stream", body, "X-Deadline-Ms", "soon"))
        .satisfies(response -> assertThat(response.statusCode()).isEqualTo(400));
  }

  @Test
  void respondsToAnEmptyStreamWithNoLines() throws Exception {
    var response = edge.start().send("POST", "/predict/stream", new byte[0]);
    var blank = edge.send("POST", "/predict/stream", " \r\n\n".getBytes(UTF_8));

    assertThat(List.of(response.statusCode(), blank.statusCode())).containsExactly(200, 200);
    assertThat(response.body() + blank.body()).isEmpty();
  }

  @Test
  void sendsContinueOnRequest() throws Exception {
    edge.start();

    var response =
        edge.raw(
            "POST /predict/stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Type: application/x-ndjson\r\nContent-Length: 2\r\n"
                + "Expect: 100-continue\r\n\r\n{}");

    assertThat(response)
        .startsWith("HTTP/1.1 100 ")
        .contains("HTTP/1.1 200 ")
        .contains("malformed-request");
  }

  @Test
  void worksOverHttpsToo(@TempDir Path directory) throws Exception {
    var certificates = new Certificates(directory);
    var authority = certificates.authority("authority");
    edge.secure(certificates.signedBy(authority, "server"), Certificates.trusting(authority));
    var caller = caller().send(line("S1") + '\n');

    assertThat(shown(caller.nextLine())).isEqualTo("S1");
    assertThat(caller.send(line("S2")).end().rest()).hasSize(1);
  }

  @Test
  void endsTheStreamOfARevokedToken() throws Exception {
    edge.predictToken = "first-token-of-16";
    var busy = caller("Authorization", "Bearer first-token-of-16").send(line("S1") + '\n');
    assertThat(shown(busy.nextLine())).isEqualTo("S1");
    var idle = caller("Authorization", "Bearer first-token-of-16");

    edge.predictToken = "second-token-of-16";

    assertThat(busy.rest())
        .extracting(NdjsonStreamTest::shown)
        .containsExactly("null 2 unauthorized");
    assertThat(idle.rest())
        .extracting(NdjsonStreamTest::shown)
        .containsExactly("null 1 unauthorized");
    HttpFixture.until(() -> edge.inFlight() == 0);
  }

  @Test
  void followsChangedRolesAndLimitsOfACaller() throws Exception {
    edge.auth = auth(EnumSet.of(Role.PREDICT), 1);
    var held = hold();
    var caller = caller("Authorization", "Bearer " + SHOP);
    caller.send(shipment("S1", "1 MG Road 560017")).send(shipment("S2", "2 MG Road 560017"));
    HttpFixture.until(() -> held.size() == 1);

    edge.auth = auth(EnumSet.of(Role.PREDICT), 2);
    HttpFixture.until(() -> held.size() == 2); // while the first is in flight
    edge.auth = auth(EnumSet.of(Role.READ), 2);
    release(held);

    assertThat(caller.rest())
        .extracting(NdjsonStreamTest::shown)
        .containsExactly("S1", "S2", "null 3 forbidden");
  }

  private static AuthConfig auth(Set<Role> roles, int maxInFlight) {
    var digest = ByteBuffer.wrap(BearerTokens.digest(SHOP));
    var shop = new CallerConfig("shop", List.of(digest), roles, 0, maxInFlight);
    return new AuthConfig(new CallerList(List.of(shop)));
  }

  private StreamCaller caller(String... headers) throws Exception {
    if (!edge.started()) edge.start();
    var client = vertx.createHttpClient(new HttpClientOptions().setTrustAll(true));
    clients.add(client);
    return new StreamCaller(client, edge.base(), headers);
  }

  /** Keeps the requests to the scorer of 560 waiting; each reply can be run. */
  private List<Runnable> hold() {
    var held = new CopyOnWriteArrayList<Runnable>();
    edge.scorer =
        request -> {
          var reply = Promise.<ScoreReply>promise();
          held.add(() -> reply.complete(HttpFixture.reply(request, FINGERPRINT)));
          return reply.future();
        };
    return held;
  }

  private static void release(List<Runnable> held) {
    new ArrayList<>(held).forEach(Runnable::run);
  }

  /** What {@code count} is once it has been the same for a while. */
  private int settled(IntSupplier count) throws Exception {
    int before = -1;
    for (int now = 0; now != before; ) {
      before = now;
      vertx.timer(300, MILLISECONDS).await(60, SECONDS);
      now = count.getAsInt();
    }
    return before;
  }

  private static String line(String shipmentId) {
    return shipment(shipmentId, "MG Road 560017").encode();
  }

  private static String freshId() {
    return PredictionIds.next().toString();
  }

  private static String shown(JsonObject response) {
    var error = response.getJsonObject("error");
    var shipmentId = response.getString("shipment_id");
    return error == null
        ? shipmentId
        : "%s %d %s".formatted(shipmentId, response.getLong("line"), error.getString("code"));
  }
}
