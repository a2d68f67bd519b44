package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.config.AuthConfig;
import com.cpprediction.config.BearerTokens;
import com.cpprediction.config.CallerConfig;
import com.cpprediction.config.CallerList;
import com.cpprediction.config.Role;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.SocketAddress;
import io.vertx.junit5.VertxExtension;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(VertxExtension.class)
class GuardTest {
  private static final String ADMIN = "admin-token-of-16+";
  private static final String OTHER_ADMIN = "admin-token-that-comes";
  private static final String CALLER = "caller-token-of-16";
  private static final String SHIPMENT = shipment("S1", "MG Road 560017").encode();
  private static final String BATCH =
      "{\"shipments\":[{\"shipment_id\":\"S1\",\"address\":\"MG Road 560017\"}]}";

  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
    edge.answer(Bus.MODELS_RELOAD_AS, question -> Future.succeededFuture(new JsonObject()));
    edge.answer(
        Bus.MODELS_STATUS,
        question -> Future.succeededFuture(new JsonObject().put("models", new JsonArray())));
    edge.answer(
        Bus.ERASE,
        question ->
            Future.succeededFuture(
                new JsonObject().put("erased", new JsonObject()).put("journal", "erased")));
    edge.answer(Bus.AUDITED, question -> Future.succeededFuture(new JsonArray()));
    edge.answer(
        Bus.STORED, question -> Future.succeededFuture(new JsonArray().add(new JsonObject())));
  }

  @ParameterizedTest
  @CsvSource({
    "DELETE, /cache, ''",
    "POST, /cache/warm, '{\"addresses\":[\"MG Road 560017\"]}'",
    "POST, /models/reload, ''",
    "GET, /config, ''",
    "HEAD, /config, ''",
    "GET, /audit, ''",
    "DELETE, /shipments/S1, ''"
  })
  void operatorRoutesRequireAConfiguredToken(String method, String path, String body)
      throws Exception {
    edge.start();
    assertThat(send(method, path, body).statusCode()).isEqualTo(200); // on this machine

    edge.adminToken = ADMIN;
    edge.predictToken = CALLER;

    assertThat(send(method, path, body, "Bearer " + ADMIN).statusCode()).isEqualTo(200);
    refused(send(method, path, body), "Bearer realm=\"cp\"");
    var lacking = send(method, path, body, "Bearer " + CALLER);
    assertThat(lacking.statusCode()).isEqualTo(403);
    assertThat(lacking.headers().firstValue("www-authenticate"))
        .hasValue("Bearer realm=\"cp\", error=\"insufficient_scope\", scope=\"operate\"");
    for (var wrong : new String[] {ADMIN.toUpperCase(), ADMIN + "x", ADMIN + " x", ""}) {
      var response = send(method, path, body, "Bearer " + wrong);
      assertThat(response.statusCode()).as(wrong).isEqualTo(401);
      assertThat(response.body()).doesNotContain(ADMIN);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "POST | /predict | {\"shipment_id\":\"S1\",\"address\":\"MG Road 560017\"}",
        "POST | /predict/batch | " + BATCH,
        "POST | /outcomes | {\"outcomes\":[{\"shipment_id\":\"S1\",\"cp\":\" \"}]}",
        "GET | /predictions/S1 | ''"
      })
  void callerRoutesRequireAConfiguredToken(String method, String path, String body)
      throws Exception {
    edge.adminToken = ADMIN;
    edge.start();
    assertThat(send(method, path, body).statusCode()).isEqualTo(200);

    edge.predictToken = CALLER;

    refused(send(method, path, body), "Bearer realm=\"cp\"");
    refused(
        send(method, path, body, "Bearer someone-elses-token"),
        "Bearer realm=\"cp\", error=\"invalid_token\"");
    assertThat(send(method, path, body, "Bearer " + CALLER).statusCode()).isEqualTo(200);
    assertThat(send(method, path, body, "Bearer " + ADMIN).statusCode()).isEqualTo(200);
  }

  @Test
  void grantsACallerItsRolesOnly() throws Exception {
    edge.adminToken = ADMIN;
    edge.auth =
        auth(
            caller("reader-token-of-16", EnumSet.of(Role.READ), 0, 0),
            caller("predictor-token-16", EnumSet.of(Role.PREDICT), 0, 0),
            caller("operator-token-of-16", EnumSet.of(Role.OPERATE), 0, 0));
    edge.start();

    assertThat(statuses("reader-token-of-16")).containsExactly(403, 403, 200, 403);
    assertThat(statuses("predictor-token-16")).containsExactly(200, 200, 403, 403);
    assertThat(statuses("operator-token-of-16")).containsExactly(403, 403, 403, 200);
    assertThat(statuses(ADMIN)).containsExactly(200, 200, 200, 200);
    assertThat(statuses("unknown-token-of-16")).containsExactly(401, 401, 401, 401);
    edge.auth = auth(caller("reader-token-of-16", EnumSet.allOf(Role.class), 0, 0)); // an edit

    assertThat(statuses("reader-token-of-16")).containsExactly(200, 200, 200, 200);
    assertThat(statuses("predictor-token-16")).containsExactly(401, 401, 401, 401);
  }

  private List<Integer> statuses(String token) throws Exception {
    var bearer = "Bearer " + token;
    return List.of(
        send("POST", "/predict", SHIPMENT, bearer).statusCode(),
        send("POST", "/predict/batch", BATCH, bearer).statusCode(),
        send("GET", "/predictions/S1", "", bearer).statusCode(),
        send("GET", "/config", "", bearer).statusCode());
  }

  @Test
  void limitsTheShipmentsOfACallerWhateverTheRouteAndSparesOthers() throws Exception {
    edge.auth =
        auth(
            caller("slow-token-of-16+", EnumSet.of(Role.READ, Role.PREDICT), 0.001, 0),
            caller("other-token-of-16", EnumSet.of(Role.PREDICT), 0, 0));
    edge.start();

    assertThat(send("GET", "/predictions/S1", "", "Bearer slow-token-of-16+").statusCode())
        .isEqualTo(200);

    for (var path : List.of("/predict", "/predict/batch")) {
      var refusal =
          send(
              "POST", path, path.equals("/predict") ? SHIPMENT : BATCH, "Bearer slow-token-of-16+");
      assertThat(refusal.statusCode()).isEqualTo(429);
      assertThat(new JsonObject(refusal.body()).getString("code")).isEqualTo("rate-limited");
      assertThat(refusal.headers().firstValueAsLong("Retry-After").orElseThrow())
          .isBetween(990L, 1_000L);
    }
    assertThat(send("POST", "/predict", SHIPMENT, "Bearer other-token-of-16").statusCode())
        .isEqualTo(200);
    assertThat(edge.registry.scrape()).contains("cp_caller_limited_total{caller=\"slow\"} 2.0");
    assertThat(edge.scoreRequests).hasSize(1);
  }

  @Test
  void aStreamWaitsForItsCallersRate() throws Exception {
    edge.auth = auth(caller("slow-token-of-16+", EnumSet.of(Role.PREDICT), 50, 2));
    edge.start();
    var lines = (SHIPMENT + "\n").repeat(70);

    var response =
        edge.send(
            "POST",
            "/predict/stream",
            lines.getBytes(StandardCharsets.UTF_8),
            "Content-Type",
            RouteContract.NDJSON,
            "Authorization",
            "Bearer slow-token-of-16+");

    assertThat(response.body().lines()).hasSize(70).allMatch(line -> line.contains("\"cp\""));
  }

  private static AuthConfig auth(CallerConfig... callers) {
    return new AuthConfig(new CallerList(List.of(callers)));
  }

  /** Named as its token begins. */
  private static CallerConfig caller(String token, Set<Role> roles, double rate, int maxInFlight) {
    var name = token.substring(0, token.indexOf('-'));
    var digest = ByteBuffer.wrap(BearerTokens.digest(token));
    return new CallerConfig(name, List.of(digest), roles, rate, maxInFlight);
  }

  @Test
  void recordsWhatOperatorsDidByTheirNames() throws Exception {
    edge.adminToken = "ops:" + ADMIN;
    edge.start();

    send("DELETE", "/cache", "", "Bearer " + ADMIN);
    send("DELETE", "/cache", "", "Bearer " + CALLER);
    edge.send("DELETE", "/cache", null, "Authorization", "Bearer " + ADMIN, "X-Request-Id", "r2");

    assertThat(edge.audited).hasSize(2);
    var entry = edge.audited.get(1);
    assertThat(entry.getString("caller")).isEqualTo("ops");
    assertThat(entry.getString("action")).isEqualTo("clear-cache");
    assertThat(entry.getJsonObject("after")).isEqualTo(new JsonObject().put("cleared", 0));
    assertThat(entry.getString("request_id")).isEqualTo("r2");
  }

  @Test
  void namedCallersHaveWrongPincodesOfTheirOwn() throws Exception {
    edge.predictToken = "shop:" + CALLER + " depot:another-token-of-16 third-token-of-16";
    edge.start();
    var shipment = "{\"shipment_id\":\"S1\",\"address\":\"MG Road\",\"pincode\":\"560017\"}";
    var batch = "{\"shipments\":[" + shipment + "]}";

    send("POST", "/predict", shipment, "Bearer " + CALLER);
    send("POST", "/predict/batch", batch, "Bearer " + CALLER);
    send("POST", "/predict?explain=true", shipment, "Bearer " + CALLER);
    edge.send(
        "POST",
        "/predict/stream",
        shipment.getBytes(StandardCharsets.UTF_8),
        "Content-Type",
        RouteContract.NDJSON,
        "Authorization",
        "Bearer another-token-of-16");
    send("POST", "/predict", shipment, "Bearer third-token-of-16");

    var wrong = edge.wrongPincodes().toJson();
    assertThat(wrong.getInteger("observed")).isEqualTo(1);
    var callers = wrong.getJsonObject("callers");
    assertThat(callers.fieldNames()).containsExactlyInAnyOrder("shop", "depot");
    assertThat(callers.getJsonObject("shop").getInteger("observed")).isEqualTo(3);
    assertThat(callers.getJsonObject("depot").getInteger("observed")).isEqualTo(1);
    assertThat(edge.registry.scrape())
        .contains("cp_wrong_pincodes{caller=\"shop\",kind=\"far\"}")
        .contains("cp_wrong_pincodes{caller=\"(unnamed)\",kind=\"far\"}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/health",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/cache/stats",
        "/models/status"
      })
  void monitoringRoutesRequireNoToken(String path) throws Exception {
    edge.adminToken = ADMIN;
    edge.predictToken = CALLER;
    edge.start();

    assertThat(edge.get(path).statusCode()).isEqualTo(200);
  }

  @Test
  void theSchemeIsCaseInsensitive() throws Exception {
    edge.adminToken = ADMIN;
    edge.start();

    for (var scheme : new String[] {"bearer ", "BEARER ", "Bearer   "}) {
      assertThat(send("GET", "/config", "", scheme + ADMIN).statusCode()).isEqualTo(200);
    }
    for (var scheme : new String[] {"Basic ", "Bearer", "", "Token Bearer "}) {
      refused(send("GET", "/config", "", scheme + ADMIN), "Bearer realm=\"cp\"");
    }
  }

  @Test
  void requiresExactlyOneAuthorizationHeader() throws Exception {
    edge.adminToken = ADMIN;
    edge.start();

    var response =
        edge.raw(
            "GET /config HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %1$s\r\nAuthorization: Bearer %1$s\r\nConnection: close\r\n\r\n"
                .formatted(ADMIN));

    assertThat(response).startsWith("HTTP/1.1 401 ");
  }

  @Test
  void acceptsOldAndNewTokenDuringRotation() throws Exception {
    edge.adminToken = ADMIN;
    edge.start();

    edge.adminToken = ADMIN + " " + OTHER_ADMIN;
    assertThat(send("GET", "/config", "", "Bearer " + ADMIN).statusCode()).isEqualTo(200);
    assertThat(send("GET", "/config", "", "Bearer " + OTHER_ADMIN).statusCode()).isEqualTo(200);
    edge.adminToken = OTHER_ADMIN;

    assertThat(send("GET", "/config", "", "Bearer " + ADMIN).statusCode()).isEqualTo(401);
    assertThat(send("GET", "/config", "", "Bearer " + OTHER_ADMIN).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/predict", "/predict/batch", "/cache/warm", "/models/reload"})
  void refusesBeforeReadingTheBody(String path) throws Exception {
    edge.adminToken = ADMIN;
    edge.predictToken = CALLER;
    edge.start();

    try (var socket = edge.connect()) {
      socket
          .getOutputStream()
          .write(
              "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\nExpect: 100-continue\r\n\r\n"
                  .formatted(path)
                  .getBytes(StandardCharsets.US_ASCII));

      var first = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
      assertThat(first).isEqualTo("HTTP/1.1 401");
    }
    assertThat(edge.scoreRequests).isEmpty();
  }

  @Test
  void withoutATokenOtherMachinesMayPredictButNotOperate() throws Exception {
    var address = anotherAddress();
    Assumptions.assumeTrue(address.isPresent(), "only loopback here");
    edge.host = address.get().getHostAddress();
    edge.start();

    assertThat(send("POST", "/predict", SHIPMENT).statusCode()).isEqualTo(200);
    var refusal = send("DELETE", "/cache", "");
    refused(refusal, "Bearer realm=\"cp\"");
    assertThat(refusal.body()).contains("Set http.admin_token");
    edge.adminToken = ADMIN;
    assertThat(send("DELETE", "/cache", "", "Bearer " + ADMIN).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, true",
    "127.8.9.10, true",
    "::1, true",
    "0:0:0:0:0:0:0:1, true",
    "::ffff:127.0.0.1, true",
    "::ffff:7f00:1, true",
    "128.0.0.1, false",
    "10.0.0.1, false",
    "0.0.0.0, false",
    "::, false",
    "::2, false",
    "::ffff:10.0.0.1, false",
    "fe80::1, false",
    "fe80::1%lo, false"
  })
  void recognizesLoopbackAddresses(String address, boolean local) {
    assertThat(Guard.isLoopback(SocketAddress.inetSocketAddress(7, address))).isEqualTo(local);
  }

  @Test
  void nonIpAddressesAreNotLoopback() {
    assertThat(Guard.isLoopback(null)).isFalse();
    assertThat(Guard.isLoopback(SocketAddress.domainSocketAddress("/tmp/localhost"))).isFalse();
    assertThat(Guard.isLoopback(SocketAddress.inetSocketAddress(7, "localhost"))).isFalse();
  }

  private static void refused(HttpResponse<String> response, String challenge) {
    if (!response.request().method().equals("HEAD")) {
      AdmissionTest.isProblem(response, Failure.UNAUTHORIZED);
    }
    assertThat(response.statusCode()).isEqualTo(401);
    assertThat(response.headers().firstValue("www-authenticate")).hasValue(challenge);
  }

  private HttpResponse<String> send(String method, String path, String body, String... token)
      throws Exception {
    var bytes = body.isEmpty() ? null : body.getBytes(StandardCharsets.UTF_8);
    return token.length == 0
        ? edge.send(method, path, bytes, "Content-Type", "application/json")
        : edge.send(
            method, path, bytes, "Content-Type", "application/json", "Authorization", token[0]);
  }

  private static Optional<InetAddress> anotherAddress() throws Exception {
    return NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
        .findAny();
  }
}
