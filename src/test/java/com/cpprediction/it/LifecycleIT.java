package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.config.ConfigException;
import com.cpprediction.logging.CapturedLog;
import com.cpprediction.postgres.EmbeddedDatabase;
import com.cpprediction.postgres.EmbeddedDirectory;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Ports;
import com.cpprediction.testing.TestRows;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Starting and stopping, with and without a database. */
class LifecycleIT {
  @RegisterExtension private final TestService service = new TestService().embedded().stopped();

  private final Http http = service.http();

  @Test
  void startsWithoutADatabaseReportsTheReasonAndRecoversByItself() throws Exception {
    var server = service.directory().resolve("server");
    int port = Ports.free();
    service.configure(database(EmbeddedDirectory.uri(server, port)));
    service.restart();
    var request = Http.shipment("early", SmallRelease.rows().get(0).typed());

    assertThat(http.get("/health/live").status()).isEqualTo(200);
    assertThat(http.get("/health/ready").status()).isEqualTo(503);
    assertThat(http.get("/health").body()).contains("can't be reached");
    assertThat(http.post("/predict", request).json().getString("code")).isEqualTo("not-ready");

    try (var database =
        EmbeddedDatabase.startForScratchDatabases(server, TestDatabase.BINARIES, port)) {
      Await.until(() -> http.get("/health/ready").status(), status -> status == 200);
      assertThat(http.post("/predict", request).status()).isEqualTo(200);
      assertThat(TestRows.count(database.uri(), "shipment_id = 'early'")).isEqualTo(1);
      service.stop();
    }
  }

  @Test
  void servesWithoutADatabaseAndStoresEverythingOnceItIsThere() throws Exception {
    var server = service.directory().resolve("server");
    int port = Ports.free();
    service.configure(
        database(EmbeddedDirectory.uri(server, port))
            .put("persistence", new JsonObject().put("ack", "journal")));
    var requests = shipments("early");
    service.restart();
    assertThat(http.get("/health/ready").status()).isEqualTo(200);
    assertThat(http.postAll("/predict", requests)).allMatch(answer -> answer.status() == 200);
    assertThat(persistence().getInteger("waiting")).isEqualTo(requests.size());
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
      service.stop();
      assertThat(log.plain().get(log.plain().size() - 1)).contains("Ended cleanly");
    }

    try (var database =
        EmbeddedDatabase.startForScratchDatabases(server, TestDatabase.BINARIES, port)) {
      service.restart();
      Await.until(() -> persistence().getInteger("waiting"), waiting -> waiting == 0);

      assertThat(persistence().getInteger("recovered")).isEqualTo(requests.size());
      assertThat(persistence().getBoolean("balanced")).isTrue();
      assertThat(http.get("/health").json().getString("status")).isEqualTo("up");
      assertThat(TestRows.count(database.uri(), "shipment_id = 'early'"))
          .isEqualTo(requests.size());
      service.stop();
    }
  }

  private JsonObject persistence() {
    return http.get("/health").json().getJsonObject("checks").getJsonObject("persistence");
  }

  @Test
  void storesQueuedRowsBeforeItEndsAndHasThemAfterARestart() throws Exception {
    service.configure(new JsonObject().put("persistence", new JsonObject().put("ack", "none")));
    var requests = shipments("queued");
    service.restart();
    var answers = http.postAll("/predict", requests);
    service.stop();
    assertThat(answers).allMatch(answer -> answer.status() == 200);

    service.restart();

    assertThat(TestRows.count(service.databaseUri(), "shipment_id = 'queued'"))
        .isEqualTo(requests.size());
  }

  @Test
  void doesNotStartWithADatabaseUriThatItsDriversCanNotUse() throws Exception {
    service.configure(database("postgresql://cp:hunter2@db/cp?sslmode=verify-full"));

    assertThatThrownBy(service::restart)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("sslmode=verify-full needs sslrootcert")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void startsWithoutAnyModelButIsNotReady() throws Exception {
    service.configure(new JsonObject().put("models", new JsonObject().put("dir", "nowhere")));
    service.restart();

    assertThat(http.get("/health/ready").status()).isEqualTo(503);
    assertThat(http.get("/health").body()).contains("release.json");
    var request = Http.shipment("none", "MG Road 560001");
    assertThat(http.post("/predict", request).json().getString("code")).isEqualTo("not-ready");
  }

  /** One for each address of the small release. */
  private static List<JsonObject> shipments(String id) {
    var shipments = new ArrayList<JsonObject>();
    for (var row : SmallRelease.rows()) {
      shipments.add(Http.shipment(id, row.typed()).put("pincode", row.pincode()));
    }
    return shipments;
  }

  private static JsonObject database(String uri) {
    return new JsonObject().put("database", new JsonObject().put("uri", uri));
  }
}
