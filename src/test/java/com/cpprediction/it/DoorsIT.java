package com.cpprediction.it;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.Certificates;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Http.Answer;
import com.cpprediction.testing.TestHome;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** HTTPS and tokens of the whole service, both replaced while it runs. */
class DoorsIT {
  private static final String OLD = "hunter2-the-old-token";
  private static final String NEW = "hunter2-the-new-token";

  @TempDir private Path directory;

  @Test
  void certificatesAndTokensAreReplacedWithoutRefusingAnybody() throws Exception {
    var certificates = new Certificates(directory);
    var authority = certificates.authority("authority");
    var first = certificates.signedBy(authority, "first");
    var second = certificates.signedBy(authority, "second");
    var trusting = Certificates.trusting(authority);
    var home = TestHome.in(directory.resolve("home"));
    first.replace(home.directory().resolve("server.pem"), home.directory().resolve("server.key"));
    home.configure(doors(OLD));
    var service = home.service();
    try {
      service.start().await(60, SECONDS);
      var http = new Http(service.port(), trusting);
      var request = Http.shipment("doors", SmallRelease.rows().get(3).typed());
      assertThat(http.post("/predict", request).status()).isEqualTo(200);
      assertThat(http.get("/config").status()).isEqualTo(401);
      assertThat(config(http, NEW).status()).isEqualTo(401);
      assertThat(config(http, OLD).body()).doesNotContain("hunter2");

      home.configure(doors(OLD + " " + NEW));
      Await.until(() -> config(http, NEW).status(), status -> status == 200);
      assertThat(config(http, OLD).status()).isEqualTo(200);
      home.configure(doors(NEW));
      Await.until(() -> config(http, OLD).status(), status -> status == 401);
      second.replace(
          home.directory().resolve("server.pem"), home.directory().resolve("server.key"));
      Await.until(() -> shown(service.port(), trusting), second.own()::equals);

      assertThat(config(http, NEW).status()).isEqualTo(200);
      assertThat(http.post("/predict", request).status()).isEqualTo(200);
    } finally {
      service.stop(TestHome.STOP);
    }
  }

  private static JsonObject doors(String tokens) {
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

  private static Object shown(int port, SSLContext trusting) {
    try (var socket = (SSLSocket) trusting.getSocketFactory().createSocket("127.0.0.1", port)) {
      return socket.getSession().getPeerCertificates()[0];
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
