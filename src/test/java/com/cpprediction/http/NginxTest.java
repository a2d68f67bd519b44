package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.logging.CapturedLog;
import com.cpprediction.testing.Ports;
import com.cpprediction.testing.Tool;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The service behind nginx in its default configuration, HTTP/1.0 to upstreams. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class NginxTest {
  private static final String CONFIGURATION =
      """
      daemon off;
      master_process off;
      pid nginx.pid;
      error_log stderr;
      events {}
      http {
        access_log off;
        client_body_temp_path body;
        proxy_temp_path proxy;
        fastcgi_temp_path fastcgi;
        uwsgi_temp_path uwsgi;
        scgi_temp_path scgi;
        server {
          listen 127.0.0.1:%d;
          location / { proxy_pass http://127.0.0.1:%d; }
        }
      }
      """;

  @TempDir private Path directory;
  private final int port = Ports.free();
  private final HttpClient client = HttpClient.newHttpClient();
  private HttpFixture edge;
  private Process nginx;

  @BeforeEach
  void startNginx(Vertx vertx) throws Exception {
    var program = Tool.find("nginx", "nginx-light");
    edge = new HttpFixture(vertx).start();
    var configuration = directory.resolve("nginx.conf");
    Files.writeString(configuration, CONFIGURATION.formatted(port, edge.address().getPort()));
    nginx =
        new ProcessBuilder(
                program.toString(), "-p", directory.toString(), "-c", configuration.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("nginx.log").toFile())
            .start();
    HttpFixture.until(this::listens);
  }

  @AfterEach
  void stopNginx() throws Exception {
    if (nginx == null) return;
    nginx.destroy();
    if (!nginx.waitFor(10, TimeUnit.SECONDS)) nginx.destroyForcibly().waitFor();
  }

  private boolean listens() throws IOException {
    if (!nginx.isAlive()) {
      throw new AssertionError(Files.readString(directory.resolve("nginx.log")));
    }
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) { // not listening yet
      return false;
    }
  }

  @Test
  void streamsLineByLineAndCompletely() throws Exception {
    int lines = 3_000; // more than nginx or the service buffers
    var body =
        IntStream.range(0, lines)
            .mapToObj(i -> shipment("S" + i, "MG Road 560017").encode())
            .collect(Collectors.joining("\n"));

    try (var log = new CapturedLog()) {
      var response = post("/predict/stream", RouteContract.NDJSON, body);

      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().firstValue("Content-Type")).hasValue(RouteContract.NDJSON);
      assertThat(
              response.body().lines().map(JsonObject::new).map(one -> one.getString("shipment_id")))
          .containsExactlyElementsOf(IntStream.range(0, lines).mapToObj(i -> "S" + i).toList());
      assertThat(log.plain()).isEmpty();
    }
    assertThat(edge.recorded()).hasSize(lines);
  }

  @Test
  void keepsConnectionsOfResponsesWithALength() throws Exception {
    var shipment = shipment("S1", "MG Road 560017").encode();

    for (int i = 0; i < 3; i++) {
      assertThat(post("/predict", RouteContract.JSON, shipment).statusCode()).isEqualTo(200);
      assertThat(
              post("/predict/batch", RouteContract.JSON, "{\"shipments\":[" + shipment + "]}")
                  .body())
          .contains("\"predicted\":1");
      assertThat(get("/health/live").body()).isEqualTo("{\"status\":\"up\"}");
      assertThat(get("/").body()).endsWith("</html>\n");
    }
  }

  @Test
  void deliversDashboardEventsWithoutBuffering() throws Exception {
    var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/events"));
    var response = client.send(request.build(), BodyHandlers.ofInputStream());

    try (InputStream events = response.body()) {
      var first = new String(events.readNBytes(40), StandardCharsets.UTF_8);
      assertThat(first).startsWith("retry: 1000\n\nevent: ");
    }
  }

  private HttpResponse<String> post(String path, String type, String body) throws Exception {
    var request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .header("Content-Type", type)
            .POST(BodyPublishers.ofString(body));
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> get(String path) throws Exception {
    var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
    return client.send(request.build(), BodyHandlers.ofString());
  }
}
