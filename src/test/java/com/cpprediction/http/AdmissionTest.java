package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.batch;
import static com.cpprediction.http.HttpFixture.shipment;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.cpprediction.bus.Bus;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Locator;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(VertxExtension.class)
class AdmissionTest {
  private static final String ADDRESS = "MG Road 560017";

  private static final String CHUNKED = "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";

  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx).start();
  }

  /** Expected word in the detail, and the request. */
  static Stream<Arguments> malformedShipments() {
    return Stream.of(
        arguments("shipment_id", new JsonObject().put("address", ADDRESS)),
        arguments("shipment_id", new JsonObject().putNull("shipment_id").put("address", ADDRESS)),
        arguments("shipment_id", shipment("", ADDRESS)),
        arguments("shipment_id", shipment(" \t", ADDRESS)),
        arguments("shipment_id", shipment("x".repeat(65), ADDRESS)),
        arguments("shipment_id", shipment("a\u0000b", ADDRESS)),
        arguments("shipment_id", shipment("a\ud800", ADDRESS)),
        arguments("shipment_id", shipment(null, ADDRESS).put("shipment_id", 7)),
        arguments("address", new JsonObject().put("shipment_id", "S1")),
        arguments("address", shipment("S1", "")),
        arguments("address", shipment("S1", "  ")),
        arguments("address", shipment("S1", "-- !")),
        arguments("address", shipment("S1", "x".repeat(1_001))),
        arguments("address", shipment("S1", ADDRESS + '\0')),
        arguments("address", shipment("S1", "\udc00\ud800" + ADDRESS)),
        arguments("address", shipment("S1", null).put("address", new JsonArray().add(ADDRESS))),
        arguments("address", shipment("S1", null).put("address", true)),
        arguments("address is longer", shipment("S1", "\uFDFA".repeat(999) + " 560017")),
        arguments("pincode", shipment("S1", ADDRESS).put("pincode", 560_017)),
        arguments("pincode", shipment("S1", ADDRESS).put("pincode", "56001")),
        arguments("pincode", shipment("S1", ADDRESS).put("pincode", "../../x")),
        arguments("pincode", shipment("S1", ADDRESS).put("pincode", "5".repeat(5_000))),
        arguments("pincode", shipment("S1", ADDRESS).put("pincode", new JsonObject())),
        arguments("prediction_id", shipment("S1", ADDRESS).put("prediction_id", "x")),
        arguments("prediction_id", shipment("S1", ADDRESS).put("prediction_id", 1)),
        arguments(
            "prediction_id",
            shipment("S1", ADDRESS).put("prediction_id", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")),
        arguments("\"adress\"", shipment("S1", ADDRESS).put("adress", "x")),
        arguments("\"Address\"", shipment("S1", ADDRESS).put("Address", "x")));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("malformedShipments")
  void refusesAMalformedShipmentOverHttpAndTheBus(String named, JsonObject request)
      throws Exception {
    refuses(Bus.PREDICT, "/predict", request, Failure.MALFORMED_REQUEST, named);
  }

  static Stream<Arguments> malformedBatches() {
    return Stream.of(
        arguments("shipments", new JsonObject()),
        arguments("shipments", new JsonObject().put("shipments", "x")),
        arguments("shipments", batch()),
        arguments("1001", batch(many(1_001))),
        arguments("\"limit\"", batch(shipment("S1", ADDRESS)).put("limit", 1)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("malformedBatches")
  void refusesAMalformedBatchOverHttpAndTheBus(String named, JsonObject request) throws Exception {
    refuses(Bus.PREDICT_BATCH, "/predict/batch", request, Failure.MALFORMED_REQUEST, named);
  }

  @Test
  void requiresAPincode() throws Exception {
    refuses(
        Bus.PREDICT, "/predict", shipment("S1", "MG Road"), Failure.PINCODE_REQUIRED, "pincode");
  }

  @Test
  void namesThePrefixWithoutAModel() throws Exception {
    refuses(
        Bus.PREDICT,
        "/predict",
        shipment("S1", "Nowhere, PIN 999001"),
        Failure.UNKNOWN_PREFIX,
        "prefix 999");
  }

  @Test
  void isNotReadyWithoutModels() throws Exception {
    edge.serve(ServingRelease.of(Map.of(), Locator.NONE));

    refuses(Bus.PREDICT, "/predict", shipment("S1", ADDRESS), Failure.NOT_READY, "No model");
  }

  @Test
  void acceptsValuesAtTheLimits() throws Exception {
    var fullWidth = shipment("😀".repeat(64), "😀".repeat(999) + "x").put("pincode", "５６００１７");

    assertThat(edge.post("/predict", fullWidth).statusCode()).isEqualTo(200);
    assertThat(
            edge.post("/predict", shipment("S1", "MG Road").put("pincode", "٥٦٠ ٠١٧")).statusCode())
        .isEqualTo(200);
    assertThat(
            edge.post(
                    "/predict", shipment("S1", ADDRESS).put("pincode", "").putNull("prediction_id"))
                .statusCode())
        .isEqualTo(200);
    assertThat(edge.post("/predict", shipment("S1", ADDRESS).put("pincode", " ")).statusCode())
        .isEqualTo(200);
    assertThat(edge.post("/predict/batch", batch(many(1_000))).statusCode()).isEqualTo(200);
  }

  @Test
  void anItemWithoutAValidIdFailsAlone() throws Exception {
    var shipments =
        new JsonArray()
            .add("text")
            .add(shipment("a\u0000b", ADDRESS))
            .add(shipment("S3", ADDRESS).put("pincode", 1))
            .add(shipment("S4", ADDRESS));

    var response = edge.post("/predict/batch", new JsonObject().put("shipments", shipments));

    var results = new JsonObject(response.body()).getJsonArray("results");
    assertThat(results.getJsonObject(0).getValue("shipment_id")).isNull();
    assertThat(results.getJsonObject(1).getValue("shipment_id")).isNull();
    assertThat(results.getJsonObject(2).getString("shipment_id")).isEqualTo("S3");
    assertThat(results.getJsonObject(2).getJsonObject("error").fieldNames())
        .containsExactly("type", "title", "status", "code", "detail");
    assertThat(results.getJsonObject(3).getString("cp")).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "null",
        "[]",
        "\"x\"",
        "{\"shipment_id\":\"S1\",\"address\":\"MG 560017\"} x",
        "{\"shipment_id\":\"S1\",\"shipment_id\":\"S2\",\"address\":\"MG 560017\"}",
        "{\"\\ud800\":1,\"\\ud800\":2}",
        "{\"\\ud800\":1}",
        "{\"shipment_id\":\"\\ud800\",\"address\":\"MG 560017\"}",
        "{\"shipment_id\":\"S1\",\"address\":\"\\u0000 560017\"}",
        "{\"shipment_id\":1e999999999,\"address\":\"MG 560017\"}"
      })
  void refusesABodyThatIsNotAStrictJsonObject(String body) throws Exception {
    isProblem(
        edge.post("/predict", body.getBytes(StandardCharsets.UTF_8)), Failure.MALFORMED_REQUEST);
  }

  @Test
  void refusesDeepNestingAndInvalidUtf8() throws Exception {
    var deep = "{\"address\":" + "[".repeat(10_000) + "]".repeat(10_000) + "}";
    var latin1 = "{\"shipment_id\":\"S1\",\"address\":\"Caf\u00e9 560017\"}";

    isProblem(
        edge.post("/predict", deep.getBytes(StandardCharsets.UTF_8)), Failure.MALFORMED_REQUEST);
    isProblem(
        edge.post("/predict", latin1.getBytes(StandardCharsets.ISO_8859_1)),
        Failure.MALFORMED_REQUEST);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text/plain",
        "application/xml",
        "application/json; charset=latin1",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/jsonx"
      })
  void refusesAnotherContentType(String type) throws Exception {
    var body = shipment("S1", ADDRESS).toBuffer().getBytes();

    isProblem(
        edge.send("POST", "/predict", body, "Content-Type", type), Failure.UNSUPPORTED_MEDIA_TYPE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"application/json; charset=UTF-8", "APPLICATION/JSON;charset=\"utf-8\""})
  void acceptsEveryFormOfTheJsonMediaType(String type) throws Exception {
    var body = shipment("S1", ADDRESS).toBuffer().getBytes();

    assertThat(edge.send("POST", "/predict", body, "Content-Type", type).statusCode())
        .isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/predict",
        "/predict/batch",
        "/predict/stream",
        "/outcomes",
        "/cache/warm",
        "/models/reload"
      })
  void refusesABodyWithoutAType(String path) throws Exception {
    for (var body : new String[] {"Content-Length: 2\r\n\r\n{}", CHUNKED}) {
      var answer =
          edge.raw("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + body);

      assertThat(answer).startsWith("HTTP/1.1 415 ").contains("a Content-Type that says so");
    }
  }

  @Test
  void refusesUnacceptableMediaTypes() throws Exception {
    isProblem(edge.get("/health", "Accept", "text/html"), Failure.NOT_ACCEPTABLE);
    isProblem(edge.get("/metrics", "Accept", "image/png"), Failure.NOT_ACCEPTABLE);
    assertThat(edge.get("/health", "Accept", "text/html, */*;q=0.1").statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/nowhere", "/predict/x", "/models", "/../etc/passwd", "/x//"})
  void returns404ForUnknownPaths(String path) throws Exception {
    isProblem(edge.get(path), Failure.NOT_FOUND);
  }

  /** A proxy that keeps callers from {@code /config} by its prefix doesn't recognize these. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "//config",
        "/web/../config",
        "/web/%2e%2e/config",
        "/predictions/../config",
        "/predictions/x/../../config",
        "/./config",
        "/%63onfig",
        "/config/",
        "/config//",
        "/config/.",
        "config",
        "http://localhost//config"
      })
  void returns404ForPathsThatAreNotWrittenAsTheyAreRouted(String target) throws Exception {
    var head = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    assertThat(edge.raw("GET /config" + head)).startsWith("HTTP/1.1 200 ");
    assertThat(edge.raw("GET " + target + head))
        .startsWith("HTTP/1.1 404 ")
        .contains("There is nothing at this path")
        .doesNotContain("http.port");
  }

  @ParameterizedTest
  @ValueSource(strings = {"//predict", "/predict/", "/health/../predict", "/predict/%62atch"})
  void predictsAtNoOtherPath(String path) throws Exception {
    var body = shipment("S1", ADDRESS).encode();

    var response =
        edge.raw(
            "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                .formatted(path, body.length(), body));

    assertThat(response).startsWith("HTTP/1.1 404 ");
    assertThat(edge.recorded()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET    | /predict         | POST",
        "PUT    | /predict/batch   | POST",
        "POST   | /health          | GET, HEAD",
        "GET    | /cache           | DELETE",
        "OPTIONS| /models/560      | GET, HEAD",
        "BREW   | /metrics         | GET, HEAD"
      })
  void listsTheAllowedMethodsOfAPath(String method, String path, String allowed) throws Exception {
    var response = edge.send(method, path, null);

    isProblem(response, Failure.METHOD_NOT_ALLOWED);
    assertThat(response.headers().firstValue("allow")).hasValue(allowed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/predictions/%00", "/predictions/%20", "/predictions/%zz"})
  void refusesAnInvalidShipmentIdInThePath(String path, Vertx vertx) throws Exception {
    var answer =
        edge.raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

    assertThat(answer).startsWith("HTTP/1.1 400 ").contains("\"code\":\"malformed-request\"");
  }

  @Test
  void refusesALongShipmentIdInThePath() throws Exception {
    isProblem(edge.get("/predictions/" + "x".repeat(65)), Failure.MALFORMED_REQUEST);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"popular\":0}",
        "{\"popular\":\"9\"}",
        "{\"popular\":1,\"addresses\":[\"x\"]}",
        "{\"addresses\":[]}",
        "{\"addresses\":\"x\"}",
        "{\"other\":1}",
        "[]"
      })
  void refusesAMalformedWarming(String body) throws Exception {
    isProblem(
        edge.post("/cache/warm", body.getBytes(StandardCharsets.UTF_8)), Failure.MALFORMED_REQUEST);
  }

  @Test
  void doesNotWarmADisabledCache() throws Exception {
    edge.switchCacheOff();

    isProblem(edge.post("/cache/warm", new JsonObject().put("popular", 1)), Failure.NOT_READY);
  }

  @Test
  void refusesAMessageOtherThanAJsonObject() {
    for (var body : new Object[] {null, "text", 7, new JsonArray()}) {
      var refused = catchThrowableOfType(ReplyException.class, () -> edge.ask(Bus.PREDICT, body));
      assertThat(Failure.of(refused)).isEqualTo(Failure.MALFORMED_REQUEST);
    }
  }

  private void refuses(
      String address, String path, JsonObject request, Failure failure, String named)
      throws Exception {
    var overBus = catchThrowableOfType(ReplyException.class, () -> edge.ask(address, request));
    var body = asciiJson(request);
    var overHttp = edge.post(path, body);

    isProblem(overHttp, failure);
    assertThat(Failure.of(overBus)).isEqualTo(failure);
    assertThat(new JsonObject(overHttp.body()).getString("detail"))
        .contains(named)
        .isEqualTo(overBus.getMessage());
    assertThat(edge.recorded()).isEmpty();
    assertThat(edge.registry.get("cp.predictions").tag("outcome", failure.slug()).counter().count())
        .isEqualTo(2);
  }

  /** JSON with escapes for all but ASCII: half a surrogate pair has no UTF-8. */
  private static byte[] asciiJson(JsonObject request) {
    var ascii = new StringBuilder();
    for (char c : request.encode().toCharArray()) {
      if (c < 128) ascii.append(c);
      else ascii.append("\\u%04x".formatted((int) c));
    }
    return ascii.toString().getBytes(StandardCharsets.US_ASCII);
  }

  static void isProblem(HttpResponse<String> response, Failure failure) {
    assertThat(response.statusCode()).isEqualTo(failure.status());
    assertThat(response.headers().firstValue("content-type")).hasValue("application/problem+json");
    assertThat(response.headers().firstValue("retry-after").isPresent())
        .isEqualTo(failure.retryable());
    var json = new JsonObject(response.body());
    assertThat(json.fieldNames())
        .containsExactly("type", "title", "status", "code", "detail", "request_id");
    assertThat(json.getString("type")).isEqualTo("urn:cp:problem:" + failure.slug());
    assertThat(json.getString("code")).isEqualTo(failure.slug());
    assertThat(json.getInteger("status")).isEqualTo(failure.status());
    assertThat(response.headers().firstValue("x-request-id"))
        .hasValue(json.getString("request_id"));
  }

  private static JsonObject[] many(int count) {
    var shipments = new ArrayList<JsonObject>();
    for (int i = 0; i < count; i++) shipments.add(shipment("S" + i, i + " " + ADDRESS));
    return shipments.toArray(JsonObject[]::new);
  }
}
