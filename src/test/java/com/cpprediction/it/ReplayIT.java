package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.cli.CommandRun;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.TestRows;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Replays what a real service stored in a real PostgreSQL, while it runs. */
class ReplayIT {
  private static final String WITHOUT_PINCODE = "Kadri Hills, near Kadri Temple, Mangalore";

  private static final String WRONG_PINCODE = "180001";

  @TempDir private static Path directory;

  private static Path first;
  private static Path second;
  private static Path live;
  private static TestService service;
  private static Http http;

  @BeforeAll
  static void start() throws Exception {
    first = SmallRelease.directory();
    second = SmallRelease.copyAnotherTo(directory.resolve("second"));
    live = SmallRelease.copyTo(directory.resolve("live"));
    service = TestService.started(home -> configuration(0.01));
    http = service.http();
  }

  @AfterAll
  static void stop() throws Exception {
    service.close();
  }

  private static JsonObject configuration(double share) {
    return new JsonObject()
        .put("models", new JsonObject().put("dir", live.toString()).put("poll_ms", 0))
        .put("prediction", new JsonObject().put("wrong_pincodes", share));
  }

  @Test
  void reproducesWhatWasAnsweredBeforeTheShareOfWrongPincodesChanged() throws Exception {
    serve(first);
    share(0.01);
    var ids = predict("before");
    share(0.25);
    ids.addAll(predict("after"));

    var ended = replay(ids, "--json", "--models", first.toString());

    assertThat(ended.exit()).as(ended.err()).isZero();
    assertThat(count(ended, "same")).isEqualTo(ids.size());
    assertThat(ended.json().getJsonArray("predictions"))
        .extracting(one -> ((JsonObject) one).getJsonObject("wrong_pincodes").getDouble("slips"))
        .contains(PincodeErrors.of(0.01).slips(), PincodeErrors.of(0.25).slips());
  }

  @Test
  void reproducesWhatBothReleasesAnsweredAndSaysWhichIsMissing() throws Exception {
    serve(first);
    var old = predict("old");
    serve(second);
    var young = predict("young");
    var all = new ArrayList<>(old);
    all.addAll(young);

    var both = replay(all, "--json", "--models", first.toString(), "--models", second.toString());
    var onlySecond = replay(all, "--json", "--models", second.toString());
    var configured = replay(young);
    var said = replay(old.subList(0, 1));

    assertThat(both.exit()).as(both.err()).isZero();
    assertThat(count(both, "same")).isEqualTo(all.size());
    assertThat(onlySecond.exit()).isEqualTo(1);
    assertThat(count(onlySecond, "same")).isEqualTo(young.size());
    assertThat(count(onlySecond, "release-missing")).isEqualTo(old.size());
    assertThat(configured.exit()).as(configured.out()).isZero();
    assertThat(said.exit()).isEqualTo(1);
    assertThat(said.out())
        .containsPattern(old.get(0) + "  release missing: 180 fingerprint [0-9a-f]{64}")
        .contains("1 prediction: 1 release missing");
  }

  @Test
  void reportsARowThatWasChanged() throws Exception {
    serve(first);
    var ids = predict("changed");
    update("SET cp = 'CP-other' WHERE prediction_id = '%s'".formatted(ids.get(0)));
    update("SET confidence = 0.123456 WHERE prediction_id = '%s'".formatted(ids.get(1)));
    update("SET alternatives = '[]' WHERE prediction_id = '%s'".formatted(ids.get(2)));

    var ended = replay(ids);

    assertThat(ended.exit()).isEqualTo(1);
    assertThat(ended.out())
        .containsPattern(ids.get(0) + "  differs  180@\\w{8}: cp is \"CP-other\", replayed \"CP")
        .containsPattern(ids.get(1) + "  differs  180@\\w{8}: confidence is 0.123456, replayed")
        .containsPattern(ids.get(2) + "  differs  180@\\w{8}: alternatives is \\[], replayed \\[")
        .contains("%d predictions: 3 differs, %d same".formatted(ids.size(), ids.size() - 3));
  }

  @Test
  void saysThatAnIdIsUnknown() {
    var id = PredictionIds.next().toString();

    var ended = replay(List.of(id));

    assertThat(ended.exit()).isEqualTo(1);
    assertThat(ended.out()).contains(id + "  unknown id", "1 prediction: 1 unknown id");
  }

  @Test
  void takesASampleThatASeedRepeats() throws Exception {
    serve(first);
    predict("sampled");

    var once = replay(List.of(), "--json", "--sample", "7", "--seed", "1");
    var again = replay(List.of(), "--json", "--sample", "7", "--seed", "1");
    var another = replay(List.of(), "--json", "--sample", "7", "--seed", "2");

    assertThat(once.json().getJsonArray("predictions")).hasSize(7);
    assertThat(again.json()).isEqualTo(once.json());
    assertThat(another.json().getJsonArray("predictions"))
        .isNotEqualTo(once.json().getJsonArray("predictions"));
  }

  /**
   * Answers some addresses of each prefix, the first of 180, and one without and with a wrong
   * pincode.
   */
  private static List<String> predict(String shipment) {
    var requests = new ArrayList<JsonObject>();
    for (var prefix : SmallRelease.PREFIXES) {
      for (var row : SmallRelease.rows(prefix).subList(0, 8)) {
        requests.add(Http.shipment(shipment, row.typed()).put("pincode", row.pincode()));
      }
    }
    requests.add(Http.shipment(shipment, WITHOUT_PINCODE));
    requests.add(Http.shipment(shipment, WITHOUT_PINCODE).put("pincode", WRONG_PINCODE));
    var shipments = new JsonObject().put("shipments", new JsonArray(requests));
    var answer = http.post("/predict/batch", shipments).json();
    assertThat(answer.getJsonObject("summary").getInteger("predicted")).isEqualTo(requests.size());
    var ids = new ArrayList<String>();
    for (var result : answer.getJsonArray("results")) {
      ids.add(((JsonObject) result).getString("prediction_id"));
    }
    return ids;
  }

  /** Has the service answer with {@code release} from now on. */
  private static void serve(Path release) throws IOException {
    try (var files = Files.walk(release)) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        var fresh = Files.copy(file, live.resolve("fresh"));
        var to = live.resolve(release.relativize(file).toString());
        Files.move(fresh, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      }
    }
    assertThat(http.post("/models/reload", new JsonObject()).json().getJsonObject("failed"))
        .isEmpty();
  }

  /** Has the service assume this share of wrong pincodes from now on. */
  private static void share(double share) throws IOException {
    service.configure(configuration(share));
    Await.until(
        () -> http.get("/models/status").json().getJsonObject("wrong_pincodes").getDouble("share"),
        now -> now == share);
  }

  private static void update(String change) throws SQLException {
    assertThat(TestRows.update(service.databaseUri(), change)).isEqualTo(1);
  }

  private static CommandRun replay(List<String> ids, String... options) {
    var arguments = new ArrayList<>(List.of("replay", "--conf", service.config().toString()));
    arguments.addAll(Arrays.asList(options));
    arguments.addAll(ids);
    return CommandRun.of(arguments.toArray(String[]::new));
  }

  /** How many predictions have this verdict. */
  private static int count(CommandRun replay, String verdict) {
    return replay.json().getJsonObject("summary").getInteger(verdict);
  }
}
