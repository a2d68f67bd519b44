package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.auth.Caller;
import com.cpprediction.common.Slots;
import com.cpprediction.http.Operation.OperationContext;
import com.cpprediction.http.Operation.Parser;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.AdmissionControl;
import com.cpprediction.serving.ParsingPool;
import com.cpprediction.serving.Reply;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(VertxExtension.class)
@Timeout(60)
class DirectRouteTest {
  private static final String TOKEN = "caller-token-of-16";
  private static final JsonObject SHIPMENT = shipment("S1", "MG Road 560017");

  /** Accepts JSON as all others do, but is not plain: the router serves it. */
  private static final String[] ROUTED = {"Accept", "application/json;q=0.9"};

  private HttpFixture edge;
  private int sent; // requests compared

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"shipment_id\":\"S1\",\"address\":\"MG Road 560017\"}",
        "{\"address\":\"Caf\\u00e9 \\\"é\\\" 560017\",\"shipment_id\":\"é\\n\",\"pincode\":\"560 017\"}",
        "{\"shipment_id\":\"S1\",\"address\":\"MG Road\",\"pincode\":null} ",
        "{\"shipment_id\":\"S1\",\"address\":\"MG Road\",\"pincode\":560017}",
        "{\"shipment_id\":\"S1\",\"address\":\" \"}",
        "{\"shipment_id\":\"\\u0000\",\"address\":\"MG Road 560017\"}",
        "{\"shipment_id\":\"S1\",\"address\":\"MG Road 560017\",\"prediction_id\":\"1\"}",
        "{\"shipment_id\":\"S1\",\"shipment_id\":\"S1\",\"address\":\"MG Road 560017\"}",
        "{\"shipment_id\":\"S1\",\"adress\":\"MG Road 560017\"}",
        "{\"shipment_id\":\"S1\",\"address\":\"Chennai\",\"pincode\":\"600001\"}",
        "{\"shipment_id\":\"S1\"",
        "[]",
        "",
      })
  void respondsLikeTheRouter(String body) throws Exception {
    edge.start();

    compare(body.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @CsvSource({
    "X-Deadline-Ms, 5000, 200",
    "X-Deadline-Ms, soon, 400",
    "X-Request-Id, my.id_1-2, 200",
    "Authorization, Bearer wrong, 401",
    "Origin, http://elsewhere.example, 403",
    "Sec-Fetch-Site, cross-site, 403",
    "Content-Encoding, br, 415",
    "User-Agent, curl, 200",
  })
  void respondsLikeTheRouterToHeaders(String name, String value, int status) throws Exception {
    edge.predictToken = TOKEN;
    edge.start();
    var authorization =
        name.equals("Authorization")
            ? new String[0]
            : new String[] {"Authorization", "Bearer " + TOKEN};

    var response = compare(SHIPMENT.toBuffer().getBytes(), both(both(name, value), authorization));

    assertThat(response.statusCode()).isEqualTo(status);
  }

  @Test
  void respondsLikeTheRouterToFailuresOfTheUseCase() throws Exception {
    edge.recorder = batch -> Future.failedFuture(Failure.OVERLOADED.because("no room"));
    edge.start();
    compare(SHIPMENT.toBuffer().getBytes());

    edge.recorder =
        batch ->
            Future.succeededFuture(
                new JsonArray().add(batch.predictions().get(0).request().id().toString()));
    compare(SHIPMENT.toBuffer().getBytes());

    edge.switchCacheOff();
    edge.scorer = request -> Future.failedFuture(new IllegalStateException("a bug"));
    compare(SHIPMENT.toBuffer().getBytes());
  }

  @Test
  void servesPipelinedRequestsInOrder() throws Exception {
    edge.start();
    var requests = new StringBuilder();
    for (int i = 0; i < 20; i++)
      requests.append(request("S" + i, i == 19 ? "close" : "keep-alive"));

    var responses = edge.raw(requests.toString());

    var ids = new ArrayList<String>();
    for (var part : responses.split("\"shipment_id\":\"")) {
      ids.add(part.substring(0, part.indexOf('"') < 0 ? 0 : part.indexOf('"')));
    }
    assertThat(ids.subList(1, ids.size())).hasSize(20).first().isEqualTo("S0");
    assertThat(ids.subList(1, ids.size())).element(19).isEqualTo("S19");
    assertThat(responses.split("HTTP/1.1 200 OK")).hasSize(21);
  }

  @Test
  void forgetsACallerThatLeavesWithinItsBody() throws Exception {
    edge.maxPendingBytes = 1024 * 1024;
    edge.start();
    var request = request("S1", "keep-alive");

    try (var caller = edge.connect()) {
      send(caller, request.substring(0, request.length() - 5));
      HttpFixture.until(() -> pending() > 0);
    }

    HttpFixture.until(() -> pending() == 0);
    assertThat(edge.inFlight()).isZero();
    assertThat(edge.registry.get("cp.http.requests").tag("route", "/predict").timers())
        .allMatch(timer -> timer.count() == 0);
  }

  @Test
  void receivesABodyInPieces() throws Exception {
    edge.start();
    var request = request("S1", "close");

    try (var caller = edge.connect()) {
      for (int at = 0; at < request.length(); at += 20) {
        send(caller, request.substring(at, Math.min(request.length(), at + 20)));
      }
      var response = new String(caller.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

      assertThat(response).startsWith("HTTP/1.1 200 OK").contains("\"shipment_id\":\"S1\"");
    }
  }

  @Test
  void leavesOtherThanPlainRequestsToTheRouter(Vertx vertx) throws Exception {
    var metrics = new ServiceMetrics(new SimpleMeterRegistry(), "test");
    var pool = new ParsingPool(vertx, BodyReceiver.MAX_BYTES, new Slots(), metrics);
    var admission = new AdmissionControl(() -> 1, 1, metrics);
    var failures = new FailedRequests(metrics.failures());
    var operation =
        new Operation<>(
            Parser.of(body -> body),
            (body, deadline, id) -> Future.succeededFuture(Reply.of(body)),
            new OperationContext(
                () -> Duration.ofSeconds(1),
                pool,
                new BodyReader(pool),
                admission,
                any -> {},
                failures));
    var direct =
        new DirectRoute(
            new PlainRequests(
                Set.of("/predict"),
                new SameOrigin(true, List::of),
                request -> request.headers().contains("Authorization") ? null : Caller.ANONYMOUS),
            operation,
            new ByteBudget(() -> 0, metrics),
            new RequestTimeout<>(Duration.ofSeconds(10), late -> {}),
            new ConnectionLimits(
                () -> 9, new Slots(), metrics, Duration.ofSeconds(9), Duration.ofSeconds(9)),
            () -> false,
            metrics.requests("/predict", "POST"),
            failures);
    var server =
        vertx
            .createHttpServer()
            .requestHandler(
                request -> {
                  if (!direct.serve(request)) request.response().setStatusCode(202).end();
                })
            .listen(0, "127.0.0.1")
            .await(60, SECONDS);
    var caller = new LoadShedderTest.Caller("http://127.0.0.1:" + server.actualPort());

    assertThat(caller.status("/predict", "{}")).isEqualTo(200);
    assertThat(caller.status("/predict", "{", "Accept", "*/*")).isEqualTo(400);
    assertThat(caller.status("/predict?explain=true", "{}")).isEqualTo(202);
    assertThat(caller.status("/predict/batch", "{}")).isEqualTo(202);
    assertThat(caller.status("/predict", " ".repeat(32 * 1024 + 1))).isEqualTo(202);
    assertThat(caller.status("/predict", "{}", ROUTED)).isEqualTo(202);
    assertThat(caller.status("/predict", "{}", "Content-Encoding", "gzip")).isEqualTo(202);
    assertThat(caller.status("/predict", "{}", "Origin", "http://a.example")).isEqualTo(202);
    assertThat(caller.status("/predict", "{}", "Authorization", "Bearer x")).isEqualTo(202);
  }

  /** The response to a plain request, which is also that of the router. */
  private HttpResponse<String> compare(byte[] body, String... headers) throws Exception {
    var direct = post(body, headers);
    var routed = post(body, both(headers, ROUTED));

    assertThat(direct.statusCode()).isEqualTo(routed.statusCode());
    assertThat(without(direct.body())).isEqualTo(without(routed.body()));
    assertThat(names(direct)).isEqualTo(names(routed)).contains("x-request-id");
    for (var name :
        List.of("content-type", "cache-control", "x-content-type-options", "retry-after")) {
      assertThat(direct.headers().allValues(name)).isEqualTo(routed.headers().allValues(name));
    }
    if (direct.statusCode() == Failure.FORBIDDEN.status()) return direct; // counts as no route's
    sent += 2;
    HttpFixture.until(() -> count(-1) == sent);
    assertThat(count(direct.statusCode())).isGreaterThanOrEqualTo(2);
    assertThat(edge.inFlight()).isZero();
    HttpFixture.until(() -> pending() == 0);
    return direct;
  }

  private long count(int status) {
    return edge.registry.get("cp.http.requests").tag("route", "/predict").timers().stream()
        .filter(
            timer -> status < 0 || String.valueOf(status).equals(timer.getId().getTag("status")))
        .mapToLong(timer -> timer.count())
        .sum();
  }

  private double pending() {
    return edge.registry.get("cp.http.pending").gauge().value();
  }

  private HttpResponse<String> post(byte[] body, String... headers) throws Exception {
    return edge.send("POST", "/predict", body, both(headers, "Content-Type", "application/json"));
  }

  private static String[] both(String[] some, String... more) {
    var all = new ArrayList<>(List.of(some));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private static String[] both(String name, String value) {
    return new String[] {name, value};
  }

  private static String request(String id, String connection) {
    var body = shipment(id, "MG Road 560017").encode();
    return "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Connection: %s\r\nContent-Length: %d\r\n\r\n%s"
            .formatted(connection, body.length(), body);
  }

  private static void send(Socket caller, String text) throws Exception {
    caller.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Without what differs by request, and by what was cached. */
  private static JsonObject without(String body) {
    var json = new JsonObject(body);
    for (var name : List.of("request_id", "prediction_id", "source")) json.remove(name);
    return json;
  }

  private static List<String> names(HttpResponse<String> response) {
    return List.copyOf(new TreeMap<>(response.headers().map()).keySet());
  }
}
