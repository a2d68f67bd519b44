package com.cpprediction.it;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.bus.Bus;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Ports;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A service of whose release one model is damaged: at its start, and while it is in force. */
class DamagedModelIT {
  private static final String DAMAGED = "575";
  private static final String WHOLE = "180";

  @RegisterExtension private final TestService service = new TestService(this::damage);
  private final Http http = service.http();
  private Path file;
  private byte[] content;

  private JsonObject damage(Path directory) throws IOException {
    var release = SmallRelease.copyTo(directory.resolve("release"));
    file = release.resolve(DAMAGED).resolve("model.mmap");
    content = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(content, content.length / 2));
    var uri = "postgresql://postgres@127.0.0.1:%d/postgres".formatted(Ports.free()); // not needed
    return new JsonObject()
        .put("database", new JsonObject().put("uri", uri))
        .put("persistence", new JsonObject().put("ack", "journal"))
        .put("models", new JsonObject().put("dir", release.toString()).put("poll_ms", 20));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void saysThatItIsNotReadyForThatPrefixAndNotThatTheCallerIsWrong() throws Exception {
    assertThat(http.get("/health/ready").status()).isEqualTo(200);
    assertThat(http.get("/health").json().getString("status")).isEqualTo("degraded");
    assertThat(degraded()).isEqualTo("1 of 3 models can't be used: 575");
    assertThat(service.degraded()).contains("1 of 3 models can't be used: 575");
    assertThat(http.get("/models/" + DAMAGED).status()).isEqualTo(503);

    var single = send("/predict", "application/json", request(DAMAGED).encode());
    assertThat(single.statusCode()).isEqualTo(503);
    assertThat(single.headers().firstValue("Retry-After")).isPresent();
    assertThat(new JsonObject(single.body()).getString("code")).isEqualTo("not-ready");
    assertThat(http.post("/predict", placedByItsWords()).json().getString("code"))
        .isEqualTo("not-ready");
    assertThat(http.post("/predict", request("999")).json().getString("code"))
        .isEqualTo("unknown-prefix");

    var shipments = new JsonArray().add(request(DAMAGED)).add(request(WHOLE));
    var batch = http.post("/predict/batch", new JsonObject().put("shipments", shipments)).json();
    assertThat(batch.getJsonObject("summary").getInteger("predicted")).isEqualTo(1);
    assertThat(error(batch.getJsonArray("results").getJsonObject(0))).isEqualTo("not-ready");

    var lines = request(DAMAGED).encode() + "\n" + request(WHOLE).encode() + "\n";
    var stream = send("/predict/stream", "application/x-ndjson", lines).body().split("\n");
    assertThat(error(new JsonObject(stream[0]))).isEqualTo("not-ready");
    assertThat(new JsonObject(stream[1]).getString("prefix")).isEqualTo(WHOLE);

    assertThatThrownBy(
            () ->
                service
                    .vertx()
                    .eventBus()
                    .request(Bus.PREDICT, request(DAMAGED))
                    .await(60, SECONDS))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));

    Files.write(file, content);
    Await.until(this::status, status -> status == 200);
    Await.until(this::degraded, why -> why == null);

    try (var cut = FileChannel.open(file, StandardOpenOption.WRITE)) {
      cut.truncate(0); // under the mapping that is in force
    }
    Await.until(this::status, status -> status == 503);
    Await.until(this::degraded, "1 of 3 models can't be used: 575"::equals);
    assertThat(http.post("/predict", request(WHOLE)).status()).isEqualTo(200);

    Files.write(file, content);
    Await.until(this::status, status -> status == 200);
    Await.until(this::degraded, why -> why == null);
  }

  private String degraded() {
    return http.get("/health")
        .json()
        .getJsonObject("checks")
        .getJsonObject("models")
        .getString("degraded");
  }

  /** Of a request for the damaged prefix, which has no answer in the cache. */
  private int status() {
    var fresh = request(DAMAGED).put("address", "kadri temple " + System.nanoTime());
    int status = http.post("/predict", fresh).status();
    assertThat(status).isIn(200, 503);
    return status;
  }

  private static JsonObject request(String prefix) {
    return Http.shipment("S-" + prefix, "12, temple road").put("pincode", prefix + "001");
  }

  /** An address that words alone place where the damaged model is. */
  private static JsonObject placedByItsWords() {
    try (var models = SmallRelease.models(SmallRelease.directory())) {
      var text =
          SmallRelease.rows(DAMAGED).stream()
              .map(SmallRelease.Row::text)
              .filter(row -> places(models.current(), row))
              .findFirst()
              .orElseThrow();
      return Http.shipment("S-text", text);
    }
  }

  private static String error(JsonObject item) {
    return item.getJsonObject("error").getString("code");
  }

  private HttpResponse<String> send(String path, String type, String body) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                .header("Content-Type", type)
                .POST(BodyPublishers.ofString(body))
                .build(),
            BodyHandlers.ofString());
  }

  private static boolean places(ServingRelease release, String text) {
    return release
        .locate(new Address(text, null), PincodeErrors.of(0.01))
        .prefixes()
        .equals(List.of(DAMAGED));
  }
}
