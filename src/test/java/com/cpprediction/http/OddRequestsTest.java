package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.logging.CapturedLog;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Fuzzed and malformed requests. None causes a status 500 or a log line, with which callers could
 * fill the disk.
 */
@ExtendWith(VertxExtension.class)
@Timeout(120)
class OddRequestsTest {
  private static final String CRLF = "\r\n";
  private static final String SHIPMENT = shipment("S1", "MG Road 560017").encode();
  private static final List<String> POSTS =
      List.of(
          "/predict",
          "/predict/batch",
          "/predict/stream",
          "/outcomes",
          "/cache/warm",
          "/models/reload");

  private HttpFixture edge;
  private CapturedLog log;

  @BeforeEach
  void setUp(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx);
    edge.answer(Bus.MODELS_RELOAD_AS, question -> Future.succeededFuture(new JsonObject()));
    edge.answer(
        Bus.MODELS_STATUS,
        question -> Future.succeededFuture(new JsonObject().put("models", new JsonArray())));
    edge.answer(Bus.STORED, question -> Future.succeededFuture(new JsonArray()));
    edge.start();
    log = new CapturedLog();
  }

  @AfterEach
  void writesNothingToTheLog() {
    log.close();
    assertThat(log.plain()).isEmpty();
  }

  @Test
  void methodsAndTargets() throws Exception {
    var methods =
        List.of("GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PRI", "get", "X".repeat(99));
    var targets =
        List.of(
            "*",
            "/",
            "//",
            "/events/x",
            "/health?%ff=%zz&&=",
            "/predict/stream",
            "/predictions/%ff",
            "/predictions/%",
            "/predictions/%00",
            "/predictions/..",
            "/predictions/%ed%a0%80",
            "/models/%c0%af",
            "/web/..%2f..%2f",
            "/\\",
            "/%zz",
            "?",
            "127.0.0.1:80",
            "http://127.0.0.1/health",
            "http://elsewhere.example/health",
            "http://[::1/health");
    for (var method : methods) {
      for (var target : targets) {
        responded(head(method, target, "1.1", "Connection: close"));
        responded(head(method, target, "1.0"));
      }
    }
  }

  @Test
  void versions() throws Exception {
    for (var version : List.of("0.9", "1.0", "1.2", "2.0", "3.0", "11.1", "x", "")) {
      for (var path : POSTS) responded(post(path, version, SHIPMENT, "Connection: close"));
      responded(head("GET", "/health", version, "Connection: close"));
      responded(head("HEAD", "/events", version, "Connection: close"));
    }
  }

  @Test
  void headers() throws Exception {
    var headers =
        List.of(
            "Expect: 100-continue",
            "Expect: 200-ok",
            "Expect: 100-continue, 100-continue",
            "Upgrade: websocket\r\nConnection: Upgrade",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13",
            "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: !!!",
            "TE: trailers",
            "Trailer: X",
            "Connection: keep-alive, close",
            "Range: bytes=0-1",
            "Cookie: ;;;=,$",
            "Cookie: \u0000",
            "X-Deadline-Ms: 99999999999999999999",
            "Authorization: Bearer \u00ff",
            "Accept: ;q=x,,,*/*;q",
            "Accept-Encoding: gzip",
            "If-None-Match: \"",
            ": x",
            "a b: c",
            "x",
            " x: y");
    for (var header : headers) {
      for (var version : List.of("1.0", "1.1")) {
        for (var path : POSTS)
          responded(post(path, version, SHIPMENT, header, "Connection: close"));
        for (var path : List.of("/", "/health", "/web/dashboard.js", "/predictions/S1")) {
          responded(head("GET", path, version, header, "Connection: close"));
        }
      }
    }
  }

  @Test
  void contentTypes() throws Exception {
    for (var type :
        List.of(
            "multipart/form-data", "multipart/form-data; boundary=x", "text/plain", ";", "a/")) {
      for (var path : POSTS) {
        responded(
            head(
                    "POST",
                    path,
                    "1.1",
                    "Connection: close",
                    "Content-Type: " + type,
                    length(SHIPMENT))
                + SHIPMENT);
      }
    }
  }

  @Test
  void chunks() throws Exception {
    var line = chunk(SHIPMENT + "\n");
    var bodies =
        List.of(
            line + "0\r\n\r\n",
            line + "0\r\nX: y\r\n\r\n",
            line + "0\r\n: \u0000\r\n\r\n",
            line + "0\r\nX: " + "y".repeat(20_000) + "\r\n\r\n",
            line.replaceFirst("\r\n", ";a=b\r\n") + "0\r\n\r\n",
            "zz\r\n",
            "-1\r\n",
            "ffffffffffffffff\r\n",
            "0".repeat(10_000) + "\r\n",
            line.strip() + "xx0\r\n\r\n");
    for (var body : bodies) {
      for (var path : POSTS) {
        for (var version : List.of("1.0", "1.1")) {
          edge.raw(chunked(path, version) + body); // with or without a response
        }
      }
    }
  }

  @Test
  void endsBeforeTheEnd() throws Exception {
    var requests = new ArrayList<String>();
    for (var path : POSTS) requests.add(post(path, "1.1", SHIPMENT, "Connection: close"));
    requests.add(
        chunked("/predict/stream", "1.1") + chunk(SHIPMENT + "\n").repeat(3) + "0\r\n\r\n");
    for (var request : requests) {
      for (int end = 1; end < request.length(); end += 7) {
        for (boolean reset : new boolean[] {false, true}) {
          try (var socket = edge.connect()) {
            socket.getOutputStream().write(latin1(request.substring(0, end)));
            if (reset) socket.setSoLinger(true, 0);
          }
        }
      }
    }
    responded(head("GET", "/health", "1.1", "Connection: close"));
  }

  private void responded(String request) throws IOException {
    var response = edge.raw(request);

    assertThat(response).as(request).matches("(?s)HTTP/\\d+\\.\\d (?!500).*");
  }

  private static String post(String path, String version, String body, String... headers) {
    var type = path.endsWith("stream") ? RouteContract.NDJSON : RouteContract.JSON;
    var all = new ArrayList<>(List.of(headers));
    all.add("Content-Type: " + type);
    all.add(length(body));
    return head("POST", path, version, all.toArray(String[]::new)) + body;
  }

  private static String chunked(String path, String version) {
    var type = path.endsWith("stream") ? RouteContract.NDJSON : RouteContract.JSON;
    return head(
        "POST",
        path,
        version,
        "Connection: close",
        "Content-Type: " + type,
        "Transfer-Encoding: chunked");
  }

  private static String chunk(String data) {
    return Integer.toHexString(data.length()) + CRLF + data + CRLF;
  }

  private static String length(String body) {
    return "Content-Length: " + body.length();
  }

  private static String head(String method, String target, String version, String... headers) {
    return "%s %s HTTP/%s\r\nHost: 127.0.0.1\r\n%s\r\n\r\n"
        .formatted(method, target, version, String.join(CRLF, headers))
        .replace("\r\n\r\n\r\n", "\r\n\r\n");
  }

  private static byte[] latin1(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
