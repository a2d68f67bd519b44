package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.ScoreReply;
import com.cpprediction.testing.Certificates;
import com.cpprediction.testing.Certificates.Pair;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Callers that shut down their sending side after their requests. TLS supports that since 1.3; in
 * earlier versions the alert closes both directions.
 */
@ExtendWith(VertxExtension.class)
@Timeout(60)
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"http", "https"})
class HalfCloseTest {
  private static final String SHIPMENT = shipment("S1", "MG Road 560017").encode();
  private static final String HEAD = "Host: localhost\r\nContent-Type: application/json\r\n";

  @TempDir private static Path directory;
  private static Pair authority;
  private static Pair server;

  @Parameter private String scheme;
  private final List<Promise<ScoreReply>> flights = new CopyOnWriteArrayList<>();
  private HttpFixture edge;

  @BeforeAll
  static void makeCertificates() {
    var certificates = new Certificates(directory);
    authority = certificates.authority("authority");
    server = certificates.signedBy(authority, "server");
  }

  @BeforeEach
  void setUp(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx);
    if (scheme.equals("https")) edge.secure(server, Certificates.trusting(authority));
  }

  @Test
  void respondsToARequestAfterShutdown() throws Exception {
    edge.start();

    for (var request : List.of(post(SHIPMENT), "GET /health/live HTTP/1.1\r\n" + HEAD + "\r\n")) {
      assertThat(half(request)).startsWith("HTTP/1.1 200 OK").endsWith("}");
    }
    for (var request :
        List.of("GET /health/live HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "x")) {
      assertThat(half(request + "\r\n\r\n")).startsWith("HTTP/1.");
    }
  }

  @Test
  void respondsToASlowRequestAfterShutdown(Vertx vertx) throws Exception {
    hold();
    edge.start();
    try (var socket = edge.connect()) {
      send(socket, post(SHIPMENT));
      HttpFixture.until(() -> flights.size() == 1);
      socket.shutdownOutput();
      served(); // by then the shutdown has been processed
      land(vertx);

      assertThat(rest(socket)).startsWith("HTTP/1.1 200 OK").contains("\"shipment_id\":\"S1\"");
    }
    assertThat(edge.recorded()).hasSize(1);
  }

  @Test
  void respondsToAllPipelinedRequestsAndCloses() throws Exception {
    edge.start();

    var responses = half(post(SHIPMENT).repeat(20));

    assertThat(responses.split("HTTP/1.1 200 OK", -1)).hasSize(21);
    assertThat(edge.recorded()).hasSize(20);
  }

  @Test
  void completesAStreamAfterShutdown() throws Exception {
    edge.start();
    var line = SHIPMENT + "\n";
    var lines = line.repeat(1_000);
    var chunked =
        "POST /predict/stream HTTP/1.1\r\nHost: localhost\r\n"
            + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
            + Integer.toHexString(lines.length())
            + "\r\n"
            + lines
            + "\r\n0\r\n\r\n";

    var responses = half(chunked);

    assertThat(responses.split("\"shipment_id\":\"S1\"", -1)).hasSize(1_001);
    assertThat(responses).endsWith("\r\n0\r\n\r\n");
  }

  @Test
  void closesOnAnIncompleteRequest() throws Exception {
    edge.start();
    var whole = post(SHIPMENT);

    for (int end : new int[] {0, 10, whole.indexOf("\r\n\r\n") + 4, whole.length() - 1}) {
      assertThat(half(whole.substring(0, end))).isEmpty();
    }
    assertThat(half(whole.substring(0, whole.indexOf("\r\n\r\n")))).startsWith("HTTP/1.1 400 ");
    assertThat(half(whole + whole.substring(0, whole.length() - 1)))
        .startsWith("HTTP/1.1 200 OK")
        .containsOnlyOnce("HTTP/1.1");
    assertThat(edge.recorded()).hasSize(1);
  }

  @Test
  void closesAnUnusedConnectionAndAnEventStream() throws Exception {
    edge.maxConnections = 2; // a leaked connection blocks the next but one
    edge.start();

    for (var request :
        List.of(
            "",
            "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
      HttpFixture.until(this::hasRoom);
      try (var socket = edge.connect()) {
        send(socket, request);
        if (!request.isEmpty()) assertThat(socket.getInputStream().read()).isEqualTo('H');
        socket.shutdownOutput();

        assertThat(rest(socket)).contains(request.isEmpty() ? "" : "200 OK");
      }
    }
    HttpFixture.until(this::hasRoom);
  }

  @Test
  void noticesADisconnectedCaller(Vertx vertx) throws Exception {
    hold();
    edge.maxConnections = 1;
    edge.start();
    try (var socket = edge.connect()) {
      send(socket, post(SHIPMENT));
      HttpFixture.until(() -> flights.size() == 1);
    }
    land(vertx); // the caller is gone

    HttpFixture.until(this::hasRoom); // once the connection is closed
    assertThat(edge.inFlight()).isZero();
  }

  @Test
  void stopsWithinItsGraceWithAHalfClosedConnection(Vertx vertx) throws Exception {
    hold();
    edge.switchCacheOff(); // for which the score, and the lease, would have twice the time
    edge.grace = Duration.ofMillis(100);
    edge.start();
    try (var socket = edge.connect()) {
      send(socket, post(SHIPMENT));
      HttpFixture.until(() -> flights.size() == 1);
      socket.shutdownOutput();

      edge.stop().await(60, SECONDS);

      assertThat(rest(socket)).isEmpty();
    }
  }

  private void hold() {
    edge.scorer =
        request -> {
          var flight = Promise.<ScoreReply>promise();
          flights.add(flight);
          return flight.future();
        };
  }

  private void land(Vertx vertx) {
    var request = edge.scoreRequests.get(0);
    vertx.runOnContext(
        now ->
            flights
                .get(0)
                .complete(HttpFixture.reply(request, HttpFixture.FINGERPRINTS.get("560"))));
  }

  private void served() throws Exception {
    assertThat(edge.get("/health/live").statusCode()).isEqualTo(200);
  }

  /** Whether at most one of the two allowed connections is open. */
  private boolean hasRoom() {
    try {
      return half("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").contains(" 200 OK");
    } catch (IOException e) { // refused
      return false;
    }
  }

  private static String post(String body) {
    return "POST /predict HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s"
        .formatted(HEAD, body.length(), body);
  }

  /** Sends {@code request}, shuts down the sending side and reads until the service closes. */
  private String half(String request) throws IOException {
    try (var socket = edge.connect()) {
      send(socket, request);
      socket.shutdownOutput();
      return rest(socket);
    }
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String rest(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), UTF_8);
  }
}
