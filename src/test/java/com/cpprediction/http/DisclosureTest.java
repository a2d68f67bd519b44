package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.serving.HealthCheck;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Disclosure of internal details by caller, and caching headers. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class DisclosureTest {
  private static final String ADMIN = "admin-token-of-16+";
  private static final String CALLER = "caller-token-of-16";
  private static final JsonObject STATES =
      new JsonObject(
          """
          {"status": "degraded", "ready": false, "checks": {
            "models": {"ready": true},
            "persistence": {"degraded": true, "ready": true},
            "database": {"status": "down", "ready": false},
            "config": {"outcome": "refused", "ready": true}}}
          """);

  /** No bare number, which the figures of a response may have by chance. */
  private static final List<String> SECRETS =
      List.of("/srv/cp", "db.internal", ":5432 refuses", "the_user", "Line 7");

  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
    check("models", true, "{\"directory\": \"/srv/cp/models\", \"loaded\": 7, \"failed\": {}}");
    var kept =
        new JsonObject(
            "{\"ack\": \"journal\", \"queued\": 3, \"journal\": {\"directory\": \"/srv/cp\"}}");
    edge.checks.add(
        new HealthCheck(
            "persistence", () -> true, () -> Optional.of("/srv/cp is full"), () -> kept));
    check(
        "database",
        false,
        "{\"status\": \"down\", \"since\": \"2026-11-28T10:00:00Z\","
            + " \"error\": \"db.internal:5432 refuses the user the_user\"}");
    check("config", true, "{\"outcome\": \"refused\", \"error\": \"Line 7\"}");
    edge.answer(
        Bus.MODELS_STATUS,
        question -> Future.succeededFuture(new JsonObject().put("models", new JsonArray())));
    edge.answer(
        Bus.STORED, question -> Future.succeededFuture(new JsonArray().add(new JsonObject())));
    edge.answer(Bus.MODELS_RELOAD_AS, question -> Future.succeededFuture(new JsonObject()));
  }

  private void check(String name, boolean ready, String detail) {
    edge.checks.add(new HealthCheck(name, () -> ready, () -> new JsonObject(detail)));
  }

  @Test
  void healthShowsDetailsOnThisMachine() throws Exception {
    edge.start();

    assertThat(edge.get("/health").body()).contains(SECRETS);
    assertThat(events("")).contains(SECRETS);
  }

  @Test
  void healthShowsStatesOnlyThroughAProxy() throws Exception {
    edge.start();

    for (var header : List.of("X-Forwarded-For", "Forwarded")) {
      statesOnly(edge.get("/health", header, "for=10.1.2.3").body());
      figuresOnly(events(header + ": for=10.1.2.3\r\n"));
    }
  }

  @Test
  void healthShowsStatesOnlyToOtherMachines() throws Exception {
    var address = anotherAddress();
    Assumptions.assumeTrue(address.isPresent(), "only loopback here");
    edge.host = address.get().getHostAddress();
    edge.start();

    statesOnly(edge.get("/health").body());
    figuresOnly(events(""));
  }

  @Test
  void aConfiguredTokenDecides() throws Exception {
    edge.adminToken = ADMIN;
    edge.predictToken = CALLER;
    edge.start();

    statesOnly(edge.get("/health").body());
    statesOnly(edge.get("/health", "Authorization", "Bearer " + CALLER).body());
    figuresOnly(events(""));
    figuresOnly(events("Authorization: Bearer " + CALLER + "\r\n"));

    var authorized = edge.get("/health", "Authorization", "Bearer " + ADMIN);
    assertThat(authorized.body()).contains(SECRETS);
    var passedOn =
        edge.get("/health", "Authorization", "Bearer " + ADMIN, "X-Forwarded-For", "10.1.2.3");
    assertThat(passedOn.body()).contains(SECRETS);
    assertThat(events("Authorization: Bearer " + ADMIN + "\r\n")).contains(SECRETS);
  }

  @Test
  void dynamicResponsesAreNotCached() throws Exception {
    edge.start();
    var shipment = shipment("S1", "MG Road 560017").toBuffer().getBytes();

    for (var route : edge.served().entrySet()) {
      var path = route.getKey().replace("{file}", "docs.js").replaceAll("\\{\\w+}", "x");
      if (path.equals("/events")) continue; // endless
      for (var method : route.getValue()) {
        var answer = edge.send(method.name(), path, method.name().equals("POST") ? shipment : null);
        boolean file = List.of("/", "/docs", "/openapi.json", "/web/docs.js").contains(path);

        assertThat(answer.headers().allValues("Cache-Control"))
            .as(method + " " + path)
            .containsExactly(file ? "no-cache" : "no-store");
        assertThat(answer.headers().allValues("X-Content-Type-Options"))
            .as(method + " " + path)
            .containsExactly("nosniff");
      }
    }
    for (var request :
        List.of(
            "GET /nowhere HTTP/1.1\r\nHost: localhost", "GET /" + "x".repeat(9_000), "\u0016")) {
      assertThat(edge.raw(request + "\r\nConnection: close\r\n\r\n").toLowerCase())
          .contains("cache-control: no-store", "x-content-type-options: nosniff");
    }
    assertThat(events("")).containsIgnoringCase("cache-control: no-store");
  }

  private static void statesOnly(String body) {
    assertThat(new JsonObject(body)).isEqualTo(STATES);
  }

  private static void figuresOnly(String events) {
    assertThat(events).doesNotContain(SECRETS).contains("\"queued\":3", "\"status\":\"down\"");
  }

  /** The response head of {@code /events} and its data up to the first state. */
  private String events(String headers) throws IOException {
    try (var socket = edge.connect()) {
      var request = "GET /events HTTP/1.1\r\nHost: %s\r\n%s\r\n".formatted(edge.host, headers);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      var lines =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      var read = new StringBuilder();
      while (true) {
        var line = lines.readLine();
        read.append(line).append('\n');
        if (line.startsWith("data: ") && line.contains("\"health\"")) return read.toString();
      }
    }
  }

  private static Optional<InetAddress> anotherAddress() throws Exception {
    return NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
        .findAny();
  }
}
