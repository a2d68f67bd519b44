package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.testing.Certificates;
import com.cpprediction.testing.Certificates.Pair;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/1.1 conformance and connection limits, with and without TLS. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"http", "https"})
class ProtocolTest {
  private static final JsonObject SHIPMENT = shipment("S1", "MG Road 560017");

  @TempDir private static Path directory;
  private static Pair authority;
  private static Pair server;

  @Parameter private String scheme;
  private HttpFixture edge;

  @BeforeAll
  static void makeCertificates() {
    var certificates = new Certificates(directory);
    authority = certificates.authority("authority");
    server = certificates.signedBy(authority, "server");
  }

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
    if (scheme.equals("https")) edge.secure(server, Certificates.trusting(authority));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /health HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: y\r\n\r\n",
        "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: x\r\n\r\n{}",
        "GET  /health\r\n\r\n",
        "GET /health HTTP/0.9\r\nHost: localhost\r\n\r\n",
        "GET /health HTTP/1.2\r\nHost: localhost\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\n",
        "\u0016\u0003\u0001\u0002\r\n\r\n"
      })
  void refusesMalformedHttp(String request) throws Exception {
    edge.start();

    var response = edge.raw(request.replaceFirst("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));

    assertThat(response)
        .matches("(?s)HTTP/1\\.[01] 400 .*")
        .containsIgnoringCase("x-request-id: ")
        .contains("application/problem+json")
        .contains("\"code\":\"malformed-request\"");
  }

  @Test
  void limitsTheRequestLineAndTheHeaders() throws Exception {
    edge.start();

    assertThat(edge.raw("GET /" + "x".repeat(5_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .contains(" 414 ")
        .contains("\"code\":\"too-large\"");
    assertThat(
            edge.raw("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(9_000) + "\r\n\r\n"))
        .contains(" 431 ")
        .contains("\"code\":\"too-large\"");
  }

  @Test
  void refusesADeclaredLengthBeforeTheBody() throws Exception {
    edge.start();

    var response =
        edge.raw(
            "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4194305\r\n"
                + "Expect: 100-continue\r\n\r\n");

    assertThat(response).startsWith("HTTP/1.1 413 ").contains("\"code\":\"too-large\"");
  }

  @Test
  void refusesAnEndlessBodyWithoutReadingItAll() throws Exception {
    edge.start();
    try (var socket = edge.connect()) {
      var out = socket.getOutputStream();
      out.write(
          "POST /predict/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
              .getBytes(StandardCharsets.US_ASCII));
      var chunk = ("10000\r\n" + "x".repeat(0x10000) + "\r\n").getBytes(StandardCharsets.US_ASCII);
      for (int i = 0; i < 65; i++) out.write(chunk);

      assertThat(lines(socket).readLine()).startsWith("HTTP/1.1 413 ");
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 16_384; i++) out.write(chunk); // 1 GiB
              })
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void acceptsABodyUpToItsLimit() throws Exception {
    edge.start();
    var padded = new byte[Routes.SHIPMENT_BYTES];
    Arrays.fill(padded, (byte) ' ');
    var body = SHIPMENT.toBuffer().getBytes();
    System.arraycopy(body, 0, padded, 0, body.length);

    assertThat(edge.post("/predict", padded).statusCode()).isEqualTo(200);
    AdmissionTest.isProblem(
        edge.post("/predict", new byte[Routes.SHIPMENT_BYTES + 1]), Failure.TOO_LARGE);
  }

  @Test
  void sendsContinueOnceOnRequest() throws Exception {
    edge.start();
    var body = SHIPMENT.encode();
    try (var socket = edge.connect()) {
      var lines = lines(socket);
      write(
          socket,
          "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: "
              + body.length()
              + "\r\n\r\n");
      assertThat(lines.readLine()).isEqualTo("HTTP/1.1 100 Continue");
      assertThat(lines.readLine()).isEmpty();

      write(socket, body);

      assertThat(lines.readLine()).isEqualTo("HTTP/1.1 200 OK");
    }
  }

  @Test
  void respondsToPipelinedRequestsInOrder() throws Exception {
    edge.start();

    var response =
        edge.raw(
            "GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: one\r\n\r\n"
                + "GET /nowhere HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: two\r\n"
                + "Connection: close\r\n\r\n");

    assertThat(response.toLowerCase())
        .containsSubsequence("x-request-id: one", "x-request-id: two");
  }

  @Test
  void staysWithHttp1() throws Exception {
    edge.start();

    try (var socket = edge.connect()) {
      write(
          socket,
          "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
              + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");

      assertThat(lines(socket).readLine()).isEqualTo("HTTP/1.1 200 OK");
    }
  }

  @Test
  void closesOnAMalformedChunk() throws Exception {
    edge.start();

    var response =
        edge.raw(
            "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");

    assertThat(response).isEmpty();
  }

  @Test
  void closesOnASlowBody() throws Exception {
    edge.receiveTimeout = Duration.ofSeconds(1);
    edge.start();

    var response =
        edge.raw(
            "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{");

    assertThat(response).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"gzip, chunked", "gzip", "identity", "chunked\r\nTransfer-Encoding: gzip"})
  void refusesAnotherTransferEncodingByName(String encoding) throws Exception {
    edge.start();

    var response =
        edge.raw(
            "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
                + encoding
                + "\r\n\r\n0\r\n\r\n");

    assertThat(response)
        .startsWith("HTTP/1.1 400 ")
        .contains("Transfer-Encoding may only be chunked");
  }

  @Test
  void closesOnASlowHead() throws Exception {
    edge.receiveTimeout = Duration.ofSeconds(1);
    edge.start();

    assertThat(edge.raw("GET /health/live HTTP/1.1\r\nHost: localhost\r\n")).isEmpty();
    assertThat(shed("slow_head")).isOne();
  }

  @Test
  void keepsAConnectionAfterItsFirstRequest() throws Exception {
    edge.receiveTimeout = Duration.ofSeconds(1);
    edge.start();
    try (var used = edge.connect()) {
      write(used, "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
      var lines = lines(used);
      assertThat(lines.readLine()).isEqualTo("HTTP/1.1 200 OK");
      try (var unused = edge.connect()) {
        assertThat(unused.getInputStream().read()).isEqualTo(-1); // timed out
      }

      write(used, "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");

      assertThat(lines.lines().anyMatch(line -> line.endsWith("HTTP/1.1 404 Not Found"))).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET //x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n"
      })
  void keepsAConnectionWhoseFirstRequestIsRefused(String refused) throws Exception {
    edge.receiveTimeout = Duration.ofSeconds(1);
    edge.start();
    try (var used = edge.connect()) {
      write(used, refused);
      var lines = lines(used);
      assertThat(lines.readLine()).startsWith("HTTP/1.1 40");
      try (var unused = edge.connect()) {
        assertThat(unused.getInputStream().read()).isEqualTo(-1); // timed out
      }

      write(used, "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");

      assertThat(lines.lines().anyMatch(line -> line.endsWith("HTTP/1.1 200 OK"))).isTrue();
    }
  }

  @Test
  void limitsTheConnections() throws Exception {
    edge.maxConnections = 2;
    edge.start();
    try (var first = edge.connect();
        var second = edge.connect();
        var third = edge.connectPlain()) {
      assertThat(third.getInputStream().read()).isEqualTo(-1);

      first.close();
      HttpFixture.until(() -> served(edge));
      assertThat(second.isConnected()).isTrue();
    }
    assertThat(shed("connections")).isGreaterThanOrEqualTo(1);
  }

  private static boolean served(HttpFixture edge) {
    try {
      return edge.raw("GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
          .startsWith("HTTP/1.1 200");
    } catch (IOException e) { // refused: the service hasn't seen the other close yet
      return false;
    }
  }

  @Test
  void waitsForACallerThatDoesNotReadItsResponses() throws Exception {
    int requests = 128; // the most that Netty pipelines
    int size = 400_000; // sockets hold the first few megabytes
    edge.start();
    var asked = new AtomicInteger();
    edge.answer(
        Bus.STORED,
        (String id) -> {
          asked.incrementAndGet();
          return Future.succeededFuture(new JsonArray().add("x".repeat(size)));
        });
    try (var socket = edge.connect()) {
      write(
          socket,
          "GET /predictions/S1 HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(requests - 1)
              + "GET /predictions/S1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      assertThat(served(edge)).isTrue();
      int before = asked.get();

      long read = socket.getInputStream().transferTo(OutputStream.nullOutputStream());

      assertThat(before).isLessThan(requests / 2);
      assertThat(asked).hasValue(requests);
      assertThat(read).isGreaterThan((long) requests * size);
    }
  }

  private double shed(String reason) {
    return edge.registry.get("cp.shed").tag("reason", reason).counter().count();
  }

  @Test
  void survivesADisconnectWithinABody() throws Exception {
    edge.start();
    try (var socket = edge.connect()) {
      write(
          socket,
          "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{");
      socket.setSoLinger(true, 0);
    }

    assertThat(edge.post("/predict", SHIPMENT).statusCode()).isEqualTo(200);
  }

  @Test
  void finishesRequestsInFlightOnStop(Vertx vertx) throws Exception {
    edge.grace = Duration.ofSeconds(30);
    var asked = Promise.<Void>promise();
    var flight = Promise.<ScoreReply>promise();
    edge.scorer =
        request -> {
          asked.tryComplete();
          return flight.future();
        };
    edge.start();
    var overHttp = edge.posting("/predict", SHIPMENT);
    asked.future().await(60, SECONDS);
    var overBus = vertx.eventBus().<JsonObject>request(Bus.PREDICT, SHIPMENT);
    HttpFixture.until(() -> edge.cache.stats().getLong("hits") == 1);

    var stopped = edge.stop();
    HttpFixture.until(() -> !accepts());
    assertThat(stopped.isComplete()).isFalse();
    flight.complete(
        HttpFixture.reply(
            HttpFixture.scoreRequest(Address.of("MG Road 560017", null)),
            HttpFixture.FINGERPRINTS.get("560")));

    var response = overHttp.await(60, SECONDS);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("connection")).hasValue("close");
    assertThat(overBus.await(60, SECONDS).body().getString("source")).isEqualTo("cache");
    stopped.await(60, SECONDS);
  }

  @Test
  void announcesCloseOnBusyConnections() throws Exception {
    edge.closeDelay = Duration.ofSeconds(3);
    edge.start();
    try (var busy = edge.connect()) {
      var responses = lines(busy);
      var stopped = edge.stop();

      boolean told = false;
      while (!told) {
        write(busy, "HEAD /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(responses.readLine()).isEqualTo("HTTP/1.1 200 OK");
        for (var line = responses.readLine(); !line.isEmpty(); line = responses.readLine()) {
          told |= line.equals("connection: close");
        }
      }

      stopped.await(60, SECONDS);
    }
  }

  @Test
  void doesNotWaitForIdleConnections() throws Exception {
    edge.grace = Duration.ofMinutes(10);
    edge.start();
    try (var unused = edge.connect();
        var used = edge.connect()) {
      write(used, "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertThat(lines(used).readLine()).isEqualTo("HTTP/1.1 200 OK");

      edge.stop().await(60, SECONDS);

      assertThat(unused.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void closesOnAPartialBodyOnStop() throws Exception {
    edge.grace = Duration.ofMinutes(10);
    edge.start();
    try (var half = edge.connect()) {
      write(
          half,
          "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 99\r\n\r\n");
      assertThat(lines(half).readLine()).isEqualTo("HTTP/1.1 100 Continue");
      write(half, "{");

      edge.stop().await(60, SECONDS);
    }
  }

  @Test
  void doesNotWaitLongerThanItsGrace() throws Exception {
    edge.switchCacheOff(); // for which the score, and the lease, would have twice the time
    edge.grace = Duration.ofMillis(100);
    var asked = Promise.<Void>promise();
    edge.scorer =
        request -> {
          asked.tryComplete();
          return Promise.<ScoreReply>promise().future();
        };
    edge.start();
    edge.posting("/predict", SHIPMENT);
    asked.future().await(60, SECONDS);

    edge.stop().await(60, SECONDS);
  }

  private boolean accepts() throws IOException {
    try {
      edge.connectPlain().close();
      return true;
    } catch (SocketException e) { // refused, or reset by a concurrent close
      return false;
    }
  }

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static BufferedReader lines(Socket socket) throws IOException {
    return new BufferedReader(
        new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
  }
}
