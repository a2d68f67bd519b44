package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(VertxExtension.class)
@Timeout(60)
class ByteBudgetTest {
  private static final int MIB = 1024 * 1024;

  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
    edge.maxPendingBytes = 8 * MIB; // 6 MiB for large bodies
  }

  @ParameterizedTest
  @CsvSource({
    "/predict, 32768",
    "/predict?explain=true, 32768",
    "/predict/batch, 4194304",
    "/outcomes, 524288",
    "/models/reload, 65536",
    "/cache/warm, 4194304"
  })
  void eachRouteHasItsOwnBodyLimit(String path, int most) throws Exception {
    edge.start();

    try (var within = post(path, "Expect: 100-continue", "Content-Length: " + most)) {
      assertThat(status(within)).isEqualTo(100);
    }
    try (var beyond = post(path, "Expect: 100-continue", "Content-Length: " + (most + 1))) {
      assertThat(status(beyond)).isEqualTo(413);
    }
    try (var chunked = post(path, "Transfer-Encoding: chunked")) {
      assertThat(sendUntilAnswered(chunked, most + 1)).isEqualTo(413);
    }
    HttpFixture.until(() -> pending() == 0);
  }

  @Test
  void refusesADeclaredLengthOverBudgetBeforeReading() throws Exception {
    edge.start();
    var batch = "/predict/batch";
    try (var first = post(batch, "Expect: 100-continue", "Content-Length: " + 4 * MIB)) {
      assertThat(status(first)).isEqualTo(100);
      assertThat(pending()).isEqualTo(4 * MIB);

      var refused = raw(batch, "Content-Length: " + 3 * MIB);

      assertThat(refused)
          .startsWith("HTTP/1.1 503 ")
          .containsIgnoringCase("retry-after: ")
          .containsIgnoringCase("connection: close")
          .contains("\"code\":\"overloaded\"");
      assertThat(pending()).isEqualTo(4 * MIB);
      assertThat(shed("bytes")).isOne();
      assertThat(edge.get("/health/live").statusCode()).isEqualTo(200);
      assertThat(edge.post("/predict", shipment("S1", "MG Road 560017")).statusCode())
          .as("what is small has room of its own")
          .isEqualTo(200);
    }
    HttpFixture.until(() -> pending() == 0);
    try (var next = post(batch, "Expect: 100-continue", "Content-Length: " + 3 * MIB)) {
      assertThat(status(next)).isEqualTo(100);
    }
  }

  @Test
  void refusesAnUndeclaredBodyOnceItExceedsTheBudget() throws Exception {
    edge.start();
    try (var first = post("/predict/batch", "Expect: 100-continue", "Content-Length: " + 4 * MIB);
        var chunked = post("/predict/batch", "Transfer-Encoding: chunked")) {
      assertThat(status(first)).isEqualTo(100);

      assertThat(sendUntilAnswered(chunked, 4 * MIB)).isEqualTo(503);

      HttpFixture.until(() -> pending() == 4 * MIB);
    }
  }

  @Test
  void countsDecodedBytes() throws Exception {
    edge.start();
    var encoded = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(encoded)) {
      gzip.write(" ".repeat(3 * MIB).getBytes(StandardCharsets.US_ASCII));
    }
    try (var first = post("/predict/batch", "Expect: 100-continue", "Content-Length: " + 4 * MIB)) {
      assertThat(status(first)).isEqualTo(100);

      AdmissionTest.isProblem(postGzip(encoded.toByteArray()), Failure.OVERLOADED);
      HttpFixture.until(() -> pending() == 4 * MIB);
    }
    HttpFixture.until(() -> pending() == 0);
    AdmissionTest.isProblem(postGzip(encoded.toByteArray()), Failure.MALFORMED_REQUEST);
    HttpFixture.until(() -> pending() == 0);
  }

  private HttpResponse<String> postGzip(byte[] encoded) throws Exception {
    var headers = new String[] {"Content-Type", "application/json", "Content-Encoding", "gzip"};
    return edge.send("POST", "/predict/batch", encoded, headers);
  }

  @Test
  void aBodyOverTheWholeBudgetIsTooLarge() throws Exception {
    edge.maxPendingBytes = MIB;
    edge.start();

    assertThat(raw("/predict/batch", "Content-Length: " + MIB)).startsWith("HTTP/1.1 413 ");
  }

  @Test
  void aBodyCountsUntilItsResponseIsSent() throws Exception {
    edge.start();
    var asked = Promise.<Void>promise();
    var flight = Promise.<ScoreReply>promise();
    edge.scorer =
        request -> {
          asked.tryComplete();
          return flight.future();
        };
    var body = shipment("S1", "MG Road 560017");

    var answer = edge.posting("/predict", body);
    asked.future().await(60, SECONDS);
    assertThat(pending()).isEqualTo(body.toBuffer().length());
    flight.fail("enough");

    assertThat(answer.await(60, SECONDS).statusCode()).isEqualTo(500);
    HttpFixture.until(() -> pending() == 0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Content-Length: 1000000", "Transfer-Encoding: chunked"})
  void releasesABodyThatStalls(String framing) throws Exception {
    edge.receiveTimeout = Duration.ofSeconds(1);
    edge.start();

    assertThat(raw("/predict/batch", framing, "\r\n1000\r\n" + "x".repeat(500))).isEmpty();

    HttpFixture.until(() -> pending() == 0);
  }

  @Test
  void releasesTheBodyOfADisconnectedCaller() throws Exception {
    edge.start();
    try (var caller = post("/predict/batch", "Content-Length: " + MIB)) {
      HttpFixture.until(() -> pending() == MIB);
      caller.setSoLinger(true, 0);
    }

    HttpFixture.until(() -> pending() == 0);
  }

  @Test
  void countsUnreadResponses() throws Exception {
    edge.answer(
        Bus.STORED,
        (String id) -> Future.succeededFuture(new JsonArray().add("x".repeat(16 * MIB))));
    edge.start();
    try (var slow = edge.connect()) {
      slow.getOutputStream()
          .write(
              "GET /predictions/S1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      HttpFixture.until(() -> pending() > 8 * MIB);

      AdmissionTest.isProblem(edge.get("/predictions/S2"), Failure.OVERLOADED);
      AdmissionTest.isProblem(
          edge.post("/predict", shipment("S1", "MG Road 560017")), Failure.OVERLOADED);
      assertThat(edge.get("/health/ready").statusCode()).isEqualTo(200);

      slow.getInputStream().transferTo(OutputStream.nullOutputStream());
    }
    HttpFixture.until(() -> pending() == 0);
  }

  @Test
  void limitsTheNumberOfStreams(Vertx vertx) throws Exception {
    edge.maxStreams = 2;
    edge.start();
    var client = vertx.createHttpClient();
    var first = new StreamCaller(client, edge.base());
    var second = new StreamCaller(client, edge.base());
    assertThat(pending()).isPositive();

    var third = new StreamCaller(client, edge.base());
    assertThat(third.status()).isEqualTo(503);
    assertThat(shed("streams")).isOne();
    first.send(shipment("S1", "MG Road 560017")).end();
    assertThat(first.rest()).hasSize(1);

    HttpFixture.until(
        () -> {
          var again = new StreamCaller(client, edge.base());
          again.end();
          return again.status() == 200;
        });
    second.disconnect();
    HttpFixture.until(() -> pending() == 0);
    edge.maxPendingBytes = MIB;
    assertThat(new StreamCaller(client, edge.base()).status()).isEqualTo(503);
    assertThat(shed("bytes")).isOne();
    client.close().await(60, SECONDS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "[]", "0", "\"\"", "{\"a\":{\"b\":0}}"})
  void refusesBodiesThatExpandWhenParsed(String item) throws Exception {
    edge.start();
    var body = "{\"shipments\":[" + (item + ',').repeat(100_000) + item + "]}";

    var answer = edge.post("/predict/batch", body.getBytes(StandardCharsets.US_ASCII));

    AdmissionTest.isProblem(answer, Failure.MALFORMED_REQUEST);
    assertThat(new JsonObject(answer.body()).getString("detail")).contains("too many");
  }

  private int pending() {
    return (int) edge.registry.get("cp.http.pending").gauge().value();
  }

  private double shed(String reason) {
    return edge.registry.get("cp.shed").tag("reason", reason).counter().count();
  }

  /** Sends a request head without its body. */
  private Socket post(String path, String... headers) throws IOException {
    var socket = edge.connect();
    var head =
        "POST "
            + path
            + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + String.join("\r\n", headers)
            + "\r\n\r\n";
    socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
    return socket;
  }

  /** The response to a head without a body. */
  private String raw(String path, String... headers) throws IOException {
    try (var socket = post(path, headers)) {
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Sends {@code bytes} bytes in chunks and ends; tolerates an early close by the service. */
  private static int sendUntilAnswered(Socket socket, int bytes) throws IOException {
    int size = 16 * 1024;
    var chunk = ("4000\r\n" + " ".repeat(size) + "\r\n").getBytes(StandardCharsets.US_ASCII);
    try {
      for (int sent = 0; sent < bytes; sent += size) socket.getOutputStream().write(chunk);
      socket.getOutputStream().write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      // The response is readable nevertheless.
    }
    return status(socket);
  }

  private static int status(Socket socket) throws IOException {
    var in = new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1);
    return Integer.parseInt(new BufferedReader(in).readLine().split(" ")[1]);
  }
}
