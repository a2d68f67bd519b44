package com.cpprediction.it;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.config.ConfigException;
import com.cpprediction.logging.CapturedLog;
import com.cpprediction.postgres.EmbeddedDatabase;
import com.cpprediction.postgres.EmbeddedDirectory;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Ports;
import com.cpprediction.testing.TestHome;
import com.cpprediction.testing.TestRows;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starting and stopping, with and without a database. */
class LifecycleIT {
  @TempDir private Path directory;

  @Test
  void startsWithoutADatabaseSaysWhyAndRecoversByItself() throws Exception {
    int port = Ports.free();
    var home = TestHome.in(directory);
    home.configure(database(EmbeddedDirectory.uri(directory.resolve("server"), port)));
    var service = home.service();
    try {
      service.start().await(60, SECONDS);
      var http = new Http(service.port());
      var request = Http.shipment("early", SmallRelease.rows().get(0).typed());

      assertThat(http.get("/health/live").status()).isEqualTo(200);
      assertThat(http.get("/health/ready").status()).isEqualTo(503);
      assertThat(http.get("/health").body()).contains("can't be reached");
      assertThat(http.post("/predict", request).json().getString("code")).isEqualTo("not-ready");

      try (var database = EmbeddedDatabase.start(directory.resolve("server"), port)) {
        Await.until(() -> http.get("/health/ready").status(), status -> status == 200);
        assertThat(http.post("/predict", request).status()).isEqualTo(200);
        assertThat(TestRows.count(database.uri(), "shipment_id = 'early'")).isEqualTo(1);
      }
    } finally {
      service.stop(TestHome.STOP);
    }
  }

  @Test
  void answersWithoutADatabaseAndStoresEverythingOnceItIsThere() throws Exception {
    int port = Ports.free();
    var home = TestHome.in(directory);
    home.configure(
        database(EmbeddedDirectory.uri(directory.resolve("server"), port))
            .put("persistence", new JsonObject().put("ack", "journal")));
    var requests = new ArrayList<JsonObject>();
    for (var row : SmallRelease.rows()) {
      requests.add(Http.shipment("early", row.typed()).put("pincode", row.pincode()));
    }
    var service = home.service();
    service.start().await(60, SECONDS);
    var http = new Http(service.port());
    assertThat(http.get("/health/ready").status()).isEqualTo(200);
    assertThat(http.postAll("/predict", requests)).allMatch(answer -> answer.status() == 200);
    assertThat(books(http).getInteger("waiting")).isEqualTo(requests.size());
    var health = http.get("/health").json();
    assertThat(health.getString("status")).isEqualTo("degraded");
    assertThat(health.getBoolean("ready")).isTrue();
    var down = health.getJsonObject("checks").getJsonObject("database");
    assertThat(down.getString("status")).isEqualTo("down");
    assertThat(down.getString("reason")).isEqualTo("unreachable");
    assertThat(down.getString("error")).contains(Integer.toString(port));
    assertThat(down.getString("degraded"))
        .isEqualTo("PostgreSQL can't be reached; predictions wait in the journal");
    assertThat(service.degraded()).containsExactly(down.getString("degraded"));
    assertThat(http.get("/metrics").body()).contains("cp_db_up 0.0");
    try (var log = new CapturedLog()) {
      service.stop(TestHome.STOP);
      assertThat(log.plain().get(log.plain().size() - 1)).contains("Ended cleanly");
    }

    try (var database = EmbeddedDatabase.start(directory.resolve("server"), port)) {
      var again = home.service();
      try {
        again.start().await(60, SECONDS);
        var later = new Http(again.port());
        Await.until(() -> books(later).getInteger("waiting"), waiting -> waiting == 0);

        assertThat(books(later).getInteger("recovered")).isEqualTo(requests.size());
        assertThat(books(later).getBoolean("balanced")).isTrue();
        assertThat(later.get("/health").json().getString("status")).isEqualTo("up");
        assertThat(TestRows.count(database.uri(), "shipment_id = 'early'"))
            .isEqualTo(requests.size());
      } finally {
        again.stop(TestHome.STOP);
      }
    }
  }

  private static JsonObject books(Http http) {
    return http.get("/health").json().getJsonObject("checks").getJsonObject("persistence");
  }

  @Test
  void storesWhatIsStillQueuedBeforeItEndsAndFindsItAgainAfterARestart() throws Exception {
    var home = TestHome.in(directory);
    home.configure(new JsonObject().put("persistence", new JsonObject().put("ack", "none")));
    var requests = new ArrayList<JsonObject>();
    for (var row : SmallRelease.rows()) {
      requests.add(Http.shipment("queued", row.typed()).put("pincode", row.pincode()));
    }
    var service = home.service();
    service.start().await(60, SECONDS);
    var answers = new Http(service.port()).postAll("/predict", requests);
    service.stop(TestHome.STOP);
    assertThat(answers).allMatch(answer -> answer.status() == 200);

    var again = home.service();
    try {
      again.start().await(60, SECONDS);
      assertThat(TestRows.count(again.databaseUri(), "shipment_id = 'queued'"))
          .isEqualTo(requests.size());
    } finally {
      again.stop(TestHome.STOP);
    }
  }

  @Test
  void doesNotStartWithADatabaseUriThatItsDriversCanNotUse() throws Exception {
    var home = TestHome.in(directory);
    home.configure(database("postgresql://cp:hunter2@db/cp?sslmode=verify-full"));

    assertThatThrownBy(home::service)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("sslmode=verify-full needs sslrootcert")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void servesWithoutAnyModelButIsNotReady() throws Exception {
    var home = TestHome.in(directory);
    home.configure(new JsonObject().put("models", new JsonObject().put("dir", "nowhere")));
    var service = home.service();
    try {
      service.start().await(60, SECONDS);
      var http = new Http(service.port());

      assertThat(http.get("/health/ready").status()).isEqualTo(503);
      assertThat(http.get("/health").body()).contains("release.json");
      var request = Http.shipment("none", "MG Road 560001");
      assertThat(http.post("/predict", request).json().getString("code")).isEqualTo("not-ready");
    } finally {
      service.stop(TestHome.STOP);
    }
  }

  private static JsonObject database(String uri) {
    return new JsonObject().put("database", new JsonObject().put("uri", uri));
  }
}
