package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.config.AuthConfig;
import com.cpprediction.config.BearerTokens;
import com.cpprediction.config.CallerConfig;
import com.cpprediction.config.CallerList;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.config.Role;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import io.vertx.openapi.contract.OpenAPIVersion;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
@Timeout(60)
class ContractTest {
  private static final List<String> METHODS =
      List.of("get", "put", "post", "delete", "options", "head", "patch", "trace");

  private final JsonObject contract = OpenApiContract.read("1.2.3");
  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
  }

  @Test
  void isAValidOpenApiDocument(Vertx vertx) {
    var version = OpenAPIVersion.fromContract(contract);

    var verdict =
        version
            .getRepository(vertx, "app://contract")
            .compose(schemas -> version.validateContract(vertx, schemas, contract.copy()))
            .await();

    assertThat(version).isEqualTo(OpenAPIVersion.V3_1);
    assertThat(verdict.getValid()).as("%s", verdict.getErrors()).isTrue();
  }

  @Test
  void hasNeitherDanglingReferencesNorUnusedComponents() {
    var references = new TreeSet<String>();
    references(contract, references);
    references.add("#/components/responses/MethodNotAllowed"); // sent for undocumented methods
    var components = new TreeSet<String>();
    for (var kind : contract.getJsonObject("components")) {
      if (kind.getKey().equals("securitySchemes")) continue;
      for (var name : ((JsonObject) kind.getValue()).fieldNames()) {
        components.add("#/components/%s/%s".formatted(kind.getKey(), name));
      }
    }

    assertThat(references).isEqualTo(components);
  }

  @Test
  void documentsExactlyTheRoutes() throws Exception {
    edge.start();

    var documented = new TreeMap<String, Set<String>>();
    for (var path : contract.getJsonObject("paths")) {
      var methods = new TreeSet<String>();
      for (var method : METHODS) {
        if (((JsonObject) path.getValue()).containsKey(method))
          methods.add(method.toUpperCase(Locale.ROOT));
      }
      if (methods.contains("GET")) methods.add("HEAD"); // documented once for all routes
      documented.put(path.getKey(), methods);
    }
    var served = new TreeMap<String, Set<String>>();
    edge.served().forEach((path, methods) -> served.put(path, names(methods)));

    assertThat(documented).isEqualTo(served);
  }

  @Test
  void documentsTheMethodsOfTheAllowHeader() throws Exception {
    edge.start();

    for (var route : edge.served().entrySet()) {
      var path = route.getKey().replaceAll("\\{\\w+}", "x");
      var answer = edge.send("PATCH", path, null);

      assertThat(answer.statusCode()).as(path).isEqualTo(405);
      assertThat(answer.headers().firstValue("Allow").orElseThrow().split(", "))
          .as(path)
          .containsExactlyInAnyOrderElementsOf(names(route.getValue()));
    }
  }

  @Test
  void namesEveryFailureByItsCode() {
    var codes = contract.getJsonObject("components").getJsonObject("schemas");

    assertThat(
            codes
                .getJsonObject("Problem")
                .getJsonObject("properties")
                .getJsonObject("code")
                .getJsonArray("enum")
                .getList())
        .isEqualTo(Arrays.stream(Failure.values()).map(Failure::slug).toList());
  }

  @Test
  void rendersSharedProblemsAsInTheirExamples() throws Exception {
    edge.answer(Bus.STORED, asked -> Future.succeededFuture(new JsonArray()));
    edge.prediction =
        new PredictionConfig(1, 0, 2_000, Duration.ofSeconds(5), OptionalDouble.of(0.01), 0.5);
    edge.start();
    var predict = "POST /predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    var shipment = shipment("S1", "MG Road 560017").encode();
    var json = "Content-Type: application/json\r\n";
    var body = json + "Content-Length: " + shipment.length() + "\r\n\r\n" + shipment;
    var get = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";

    var responded = new TreeMap<String, String>();
    responded.put("MalformedRequest", edge.raw("GET /health" + get + "Host: y\r\n\r\n"));
    responded.put("NotFound", edge.raw("GET /predictions/S1" + get + "\r\n"));
    responded.put("MethodNotAllowed", edge.raw("PATCH /health" + get + "\r\n"));
    responded.put("NotAcceptable", edge.raw("GET /health" + get + "Accept: image/png\r\n\r\n"));
    responded.put("TooLarge", edge.raw(predict + json + "Content-Length: 4194305\r\n\r\n"));
    responded.put("UriTooLong", edge.raw("GET /" + "x".repeat(5_000) + get + "\r\n"));
    responded.put("HeadersTooLarge", edge.raw("GET /" + get + "X: " + "x".repeat(9_000) + "\r\n"));
    responded.put("UnsupportedMediaType", edge.raw(predict + "Content-Type: text/csv\r\n" + body));
    responded.put("Forbidden", edge.raw(predict + "Sec-Fetch-Site: cross-site\r\n" + body));
    var token = "caller-token-of-16";
    var digest = ByteBuffer.wrap(BearerTokens.digest(token));
    var slow = new CallerConfig("slow", List.of(digest), EnumSet.of(Role.PREDICT), 0.001, 0);
    edge.auth = new AuthConfig(new CallerList(List.of(slow)));
    var authorized = predict + "Authorization: Bearer " + token + "\r\n";
    var other = shipment("S0", "Brigade Road 560017").encode();
    edge.raw(authorized + json + "Content-Length: " + other.length() + "\r\n\r\n" + other);
    responded.put("RateLimited", edge.raw(authorized + body));
    edge.auth = new AuthConfig(new CallerList(List.of()));
    edge.scorer = request -> Future.failedFuture(new IllegalStateException("on purpose"));
    responded.put("Internal", edge.raw(predict + body));
    edge.scorer = request -> Promise.<ScoreReply>promise().future();
    responded.put("DeadlineExceeded", edge.raw(predict + "X-Deadline-Ms: 20\r\n" + body));
    var thousand = Collections.nCopies(1_000, shipment("S1", "MG Road 560017"));
    var batch = new JsonObject().put("shipments", new JsonArray(thousand));
    edge.posting("/predict/batch", batch);
    edge.posting("/predict/batch", batch);
    HttpFixture.until(() -> edge.inFlight() == 2_000);
    responded.put("Unavailable", edge.raw(predict + body));
    edge.predictToken = "0123456789abcdef";
    responded.put("Unauthorized", edge.raw(predict + body));
    responded.put("InferenceError", edge.raw("GET /v2/models/999" + get + "\r\n"));

    var shared = contract.getJsonObject("components").getJsonObject("responses");
    shared.remove("NotModified"); // not a problem document
    assertThat(responded.keySet()).isEqualTo(new TreeSet<>(shared.fieldNames()));
    for (var response : shared) {
      var answer = responded.get(response.getKey());
      var head = answer.substring(0, answer.indexOf("\r\n\r\n")).toLowerCase(Locale.ROOT);
      var problem = new JsonObject(answer.substring(head.length()));
      var described = (JsonObject) response.getValue();
      var content = described.getJsonObject("content").iterator().next();
      var example = ((JsonObject) content.getValue()).getJsonObject("example");

      assertThat(head).contains(" " + example.getInteger("status") + " ");
      assertThat(head).contains("content-type: " + content.getKey());
      for (var header : described.getJsonObject("headers").fieldNames()) {
        assertThat(head).as(response.getKey()).contains(header.toLowerCase(Locale.ROOT) + ": ");
      }
      assertThat(untimed(problem).put("request_id", ""))
          .isEqualTo(untimed(example).put("request_id", ""));
    }
  }

  /** Without the seconds to wait: some have passed when a busy machine reads the next request. */
  private static JsonObject untimed(JsonObject problem) {
    var seconds = problem.getInteger("retry_after_seconds");
    if (seconds == null) return problem;
    assertThat(seconds).isBetween(1, 1_000);
    return problem
        .put("retry_after_seconds", 0)
        .put("detail", problem.getString("detail").replace("in " + seconds + " s", "in 0 s"));
  }

  @Test
  void givesEveryOperationAUniqueId() {
    var names = new ArrayList<String>();
    for (var path : contract.getJsonObject("paths")) {
      for (var method : METHODS) {
        var operation = ((JsonObject) path.getValue()).getJsonObject(method);
        if (operation != null) names.add(operation.getString("operationId"));
      }
    }

    assertThat(names).doesNotContainNull().doesNotHaveDuplicates();
  }

  @Test
  void isServedWithTheVersionOfTheService() throws Exception {
    edge.start();

    var answer = edge.get("/openapi.json");

    assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
    assertThat(new JsonObject(answer.body())).isEqualTo(OpenApiContract.read("test"));
  }

  @Test
  void isNotSentAgainToAClientThatHasIt() throws Exception {
    edge.start();
    var tag = edge.get("/openapi.json").headers().firstValue("ETag").orElseThrow();

    var again = edge.get("/openapi.json", "If-None-Match", tag);
    var other = edge.get("/openapi.json", "If-None-Match", "\"" + "0".repeat(24) + '"');

    assertThat(again.statusCode()).isEqualTo(304);
    assertThat(again.body()).isEmpty();
    assertThat(again.headers().firstValue("ETag")).hasValue(tag);
    assertThat(other.statusCode()).isEqualTo(200);
  }

  private static Set<String> names(List<HttpMethod> methods) {
    var names = new TreeSet<String>();
    for (var method : methods) names.add(method.name());
    return names;
  }

  private static void references(Object json, Set<String> found) {
    if (json instanceof JsonArray array) array.forEach(item -> references(item, found));
    if (!(json instanceof JsonObject object)) return;
    for (Map.Entry<String, Object> field : object) {
      if (field.getKey().equals("$ref")) found.add((String) field.getValue());
      else references(field.getValue(), found);
    }
  }
}
