package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.ScoreReply;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.AdmissionControl;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A service at its limit of one shipment. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class LoadShedderTest {
  private static final JsonObject SHIPMENT = shipment("S1", "MG Road 560017");
  private static final byte[] BODY = SHIPMENT.toBuffer().getBytes();
  private static final String TOKEN = "caller-token-of-16";

  private final Promise<ScoreReply> flight = Promise.promise();
  private HttpFixture edge;
  private Future<HttpResponse<String>> responded;

  @BeforeEach
  void setUp(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx);
    edge.prediction =
        new PredictionConfig(1, 0, 1, Duration.ofSeconds(60), OptionalDouble.of(0.01), 0.5);
    edge.scorer = request -> flight.future();
    edge.start();
    responded = edge.posting("/predict", SHIPMENT);
    HttpFixture.until(() -> edge.inFlight() == 1);
  }

  @AfterEach
  void releaseHeldRequests() throws Exception {
    flight.tryFail("enough");
    responded.await(60, SECONDS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/predict", "/predict/batch"})
  void respondsLikeTheRouter(String path) throws Exception {
    var quick = post(path);
    var routed = post(path, "Accept", "application/json;q=0.9"); // not a plain request

    assertThat(without(quick.body())).isEqualTo(without(routed.body()));
    assertThat(quick.statusCode()).isEqualTo(routed.statusCode()).isEqualTo(503);
    assertThat(names(quick)).isEqualTo(names(routed)).contains("retry-after", "x-request-id");
    for (var name : List.of("retry-after", "content-type", "cache-control")) {
      assertThat(quick.headers().allValues(name)).isEqualTo(routed.headers().allValues(name));
    }
    AdmissionTest.isProblem(quick, Failure.OVERLOADED);
    assertThat(edge.registry.get("cp.shed").tag("reason", "in_flight").counter().count())
        .isEqualTo(2);
    assertThat(
            edge.registry
                .get("cp.http.requests")
                .tags("route", path, "method", "POST", "status", "503")
                .timer()
                .count())
        .isEqualTo(2);
    assertThat(edge.registry.get("cp.predictions").tag("outcome", "overloaded").counter().count())
        .isEqualTo(2);
  }

  @Test
  void leavesOtherThanPlainRequestsToTheRouter(Vertx vertx) throws Exception {
    var metrics = new ServiceMetrics(new SimpleMeterRegistry(), "test");
    var shedder =
        new LoadShedder(
            Set.of("/predict"),
            new AdmissionControl(() -> 0, 1, metrics),
            new SameOrigin(true, List::of),
            request ->
                request.headers().contains("Authorization")
                    ? null
                    : com.cpprediction.auth.Caller.ANONYMOUS,
            metrics);
    var server =
        vertx
            .createHttpServer()
            .requestHandler(
                request -> {
                  if (!shedder.shed(request)) request.response().setStatusCode(202).end();
                })
            .listen(0, "127.0.0.1")
            .await(60, SECONDS);
    var caller = new Caller("http://127.0.0.1:" + server.actualPort());

    assertThat(caller.status("/predict", BODY)).isEqualTo(503);
    assertThat(caller.status("/predict", BODY, "Accept", "*/*")).isEqualTo(503);
    assertThat(caller.status("/predict", BODY, "X-Deadline-Ms", "20")).isEqualTo(503);
    assertThat(caller.status("/predict", new byte[32 * 1024 + 1])).isEqualTo(202);
    assertThat(caller.status("/predict?explain=true", BODY)).isEqualTo(202);
    assertThat(caller.status("/outcomes", BODY)).isEqualTo(202);
    assertThat(caller.status("/predict", BODY, "Accept", "text/html")).isEqualTo(202);
    assertThat(caller.status("/predict", BODY, "Content-Encoding", "gzip")).isEqualTo(202);
    assertThat(caller.status("/predict", BODY, "Sec-Fetch-Site", "cross-site")).isEqualTo(202);
    assertThat(caller.status("/predict", BODY, "Authorization", "Bearer x")).isEqualTo(202);
  }

  /** Posts JSON to another server. */
  record Caller(String uri) {
    int status(String path, String body, String... headers) throws Exception {
      return status(path, body.getBytes(StandardCharsets.UTF_8), headers);
    }

    int status(String path, byte[] body, String... headers) throws Exception {
      var request =
          HttpRequest.newBuilder(URI.create(uri + path))
              .version(HttpClient.Version.HTTP_1_1)
              .header("Content-Type", "application/json")
              .POST(BodyPublishers.ofByteArray(body));
      if (headers.length > 0) request.headers(headers);
      var client = HttpClient.newHttpClient();
      return client.send(request.build(), BodyHandlers.discarding()).statusCode();
    }
  }

  @Test
  void returnsTheRequestId() throws Exception {
    var given = post("/predict", "X-Request-Id", "my.id_1-2");
    var unsafe = post("/predict", "X-Request-Id", "a b\"");
    var first = post("/predict");
    var second = post("/predict");

    var ids = new HashSet<String>();
    for (var answer : List.of(given, unsafe, first, second)) {
      var id = answer.headers().firstValue("X-Request-Id").orElseThrow();
      assertThat(new JsonObject(answer.body()).getString("request_id")).isEqualTo(id);
      ids.add(id);
    }
    assertThat(ids).hasSize(4).contains("my.id_1-2");
  }

  @Test
  void namesTheCurrentLimit() throws Exception {
    assertThat(post("/predict").body()).contains("More than 1 shipments");

    edge.prediction =
        new PredictionConfig(1, 0, 3, Duration.ofSeconds(60), OptionalDouble.of(0.01), 0.5);
    var two = List.of(edge.posting("/predict", SHIPMENT), edge.posting("/predict", SHIPMENT));
    HttpFixture.until(() -> edge.inFlight() == 3);

    assertThat(post("/predict").body()).contains("More than 3 shipments");
    flight.fail("enough");
    for (var one : two) one.await(60, SECONDS);
  }

  @ParameterizedTest
  @CsvSource({
    "Accept, image/png, 406",
    "Content-Type, text/csv, 415",
    "Content-Encoding, br, 415",
    "Sec-Fetch-Site, cross-site, 403",
    "Origin, http://elsewhere.example, 403",
    "Authorization, Bearer wrong, 401"
  })
  void earlierChecksStillComeFirst(String header, String value, int status) throws Exception {
    edge.predictToken = TOKEN;

    var answer =
        header.equals("Content-Type")
            ? edge.send("POST", "/predict", BODY, header, value, "Authorization", "Bearer " + TOKEN)
            : header.equals("Authorization")
                ? post("/predict", header, value)
                : post("/predict", header, value, "Authorization", "Bearer " + TOKEN);

    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(post("/predict", "Authorization", "Bearer " + TOKEN).statusCode()).isEqualTo(503);
  }

  @Test
  void keepsTheConnectionOfASmallRequest() throws Exception {
    var request =
        "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: "
            + BODY.length
            + "\r\n\r\n"
            + new String(BODY, StandardCharsets.UTF_8);

    var responses =
        edge.raw(
            request.repeat(3)
                + "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

    assertThat(responses.split("HTTP/1.1 503 ", -1)).hasSize(4);
    assertThat(responses).contains("HTTP/1.1 200 ");
  }

  private HttpResponse<String> post(String path, String... headers) throws Exception {
    var all = new String[headers.length + 2];
    System.arraycopy(headers, 0, all, 0, headers.length);
    all[headers.length] = "Content-Type";
    all[headers.length + 1] = "application/json";
    return edge.send("POST", path, BODY, all);
  }

  private static JsonObject without(String body) {
    var json = new JsonObject(body);
    json.remove("request_id");
    return json;
  }

  private static List<String> names(HttpResponse<String> answer) {
    return List.copyOf(new TreeMap<>(answer.headers().map()).keySet());
  }
}
