package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.Certificates;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Http.Answer;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** HTTPS and tokens of the whole service, both replaced while it runs. */
class TlsAndTokensIT {
  private static final String OLD = "hunter2-the-old-token";
  private static final String NEW = "hunter2-the-new-token";

  @TempDir private Path directory;

  @Test
  void replacesCertificatesAndTokensWithoutRefusingARequest() throws Exception {
    var certificates = new Certificates(directory);
    var authority = certificates.authority("authority");
    var first = certificates.signedBy(authority, "first");
    var second = certificates.signedBy(authority, "second");
    var trusting = Certificates.trusting(authority);
    try (var service =
        TestService.started(
            home -> {
              first.replace(home.resolve("server.pem"), home.resolve("server.key"));
              return configuration(OLD);
            })) {
      var http = new Http(service.port(), trusting);
      var request = Http.shipment("tls", SmallRelease.rows().get(3).typed());
      assertThat(http.post("/predict", request).status()).isEqualTo(200);
      assertThat(http.get("/config").status()).isEqualTo(401);
      assertThat(config(http, NEW).status()).isEqualTo(401);
      assertThat(config(http, OLD).body()).doesNotContain("hunter2");

      service.configure(configuration(OLD + " " + NEW));
      Await.until(() -> config(http, NEW).status(), status -> status == 200);
      assertThat(config(http, OLD).status()).isEqualTo(200);
      service.configure(configuration(NEW));
      Await.until(() -> config(http, OLD).status(), status -> status == 401);
      second.replace(
          service.directory().resolve("server.pem"), service.directory().resolve("server.key"));
      Await.until(() -> shown(service.port(), trusting), second.own()::equals);

      assertThat(config(http, NEW).status()).isEqualTo(200);
      assertThat(http.post("/predict", request).status()).isEqualTo(200);
      var edits = audit(http);
      assertThat(edits).hasSize(2).allMatch(edit -> edit.getString("caller").equals("(file)"));
      assertThat(edits.get(0).getJsonObject("after").encode())
          .isEqualTo("{\"http.admin_token\":\"***\"}");
    }
  }

  private static JsonObject configuration(String tokens) {
    return new JsonObject()
        .put(
            "http",
            new JsonObject()
                .put("admin_token", tokens)
                .put(
                    "tls",
                    new JsonObject().put("certificate", "server.pem").put("key", "server.key")));
  }

  private static Answer config(Http http, String token) {
    return http.get("/config", "authorization", "Bearer " + token);
  }

  private static List<JsonObject> audit(Http http) {
    return Await.until(
        () ->
            http
                .get("/audit", "authorization", "Bearer " + NEW)
                .json()
                .getJsonArray("entries")
                .stream()
                .map(JsonObject.class::cast)
                .toList(),
        entries -> entries.size() == 2);
  }

  private static Object shown(int port, SSLContext trusting) {
    try (var socket = (SSLSocket) trusting.getSocketFactory().createSocket("127.0.0.1", port)) {
      return socket.getSession().getPeerCertificates()[0];
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
