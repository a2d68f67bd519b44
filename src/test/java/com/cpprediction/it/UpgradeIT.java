package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.postgres.OldDataDirectory;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.TestRows;
import com.cpprediction.testing.TestService;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A service on what a killed one of commit 00d1e0d left: its PostgreSQL, which still runs and lets
 * everyone in, its schema with three predictions, its configuration, and its journal, which that
 * version wrote, with seven more. Directories and files are open to all.
 */
class UpgradeIT {
  private static final int STORED = 3;
  private static final int JOURNALED = 7;

  @RegisterExtension
  private final TestService service = new TestService(this::leaveOldFiles).embedded();

  private JsonObject leaveOldFiles(Path directory) throws Exception {
    var dataDir = Files.createDirectories(directory.resolve("data"));
    OldDataDirectory.create(dataDir);
    unzip("/upgrade/journal-00d1e0d.zip", dataDir.resolve("journal"));
    try (var in = getClass().getResourceAsStream("/upgrade/config-00d1e0d.json")) {
      var config = new JsonObject(Buffer.buffer(in.readAllBytes()));
      config.getJsonObject("http").remove("port"); // a free one instead
      return config;
    }
  }

  @Test
  void takesOverWhatTheVersionBeforeLeftAndLosesNothing() throws Exception {
    var http = service.http();
    Await.until(() -> books(http).getInteger("stored"), stored -> stored == JOURNALED);

    assertThat(books(http).getInteger("recovered")).isEqualTo(JOURNALED);
    assertThat(books(http).getInteger("waiting")).isZero();
    assertThat(books(http).getBoolean("balanced")).isTrue();
    assertThat(TestRows.count(service.databaseUri(), "true")).isEqualTo(STORED + JOURNALED);
    for (int i = 1; i <= JOURNALED; i++) {
      var shipment = "shipment_id = 'OLD%d'".formatted(i);
      assertThat(TestRows.count(service.databaseUri(), shipment)).as(shipment).isEqualTo(1);
    }
    assertThat(http.get("/predictions/OLD1").json().getJsonArray("predictions"))
        .extracting(prediction -> ((JsonObject) prediction).getString("cp"))
        .containsExactly("CP14314");
    servesTheRowsOfTheOldSchema(http);
  }

  private static void servesTheRowsOfTheOldSchema(Http http) {
    assertThat(http.get("/predictions/S1").json().getJsonArray("predictions"))
        .extracting(prediction -> ((JsonObject) prediction).getString("cp"))
        .containsExactly("CP1", "CP1", "CP1");
    assertThat(http.get("/outcomes/shipment?shipment_id=S1").body()).contains("\"CP1\"");

    var erased = http.delete("/shipments/S1").json().getJsonObject("erased");

    assertThat(erased.getInteger("predictions")).isEqualTo(STORED);
    assertThat(erased.getInteger("outcomes")).isEqualTo(1);
    assertThat(http.get("/predictions/S1").status()).isEqualTo(404);
  }

  private static JsonObject books(Http http) {
    return http.get("/health").json().getJsonObject("checks").getJsonObject("persistence");
  }

  private void unzip(String resource, Path to) throws IOException {
    try (var zip = new ZipInputStream(getClass().getResourceAsStream(resource))) {
      for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        var file = to.resolve(entry.getName());
        if (entry.isDirectory()) Files.createDirectories(file);
        else Files.write(file, zip.readAllBytes());
      }
    }
  }
}
