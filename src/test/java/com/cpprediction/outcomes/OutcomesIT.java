package com.cpprediction.outcomes;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.RecordBatch;
import com.cpprediction.bus.RecordRequest;
import com.cpprediction.config.DatabaseConfig;
import com.cpprediction.config.JournalConfig;
import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.config.PersistenceConfig.Ack;
import com.cpprediction.config.PersistenceConfig.WhenFull;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.persistence.PersistenceVerticle;
import com.cpprediction.persistence.Predictions;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.testing.Await;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Outcomes in a real PostgreSQL. Each prediction is CP1, with the alternatives CP2 and CP3. */
@ExtendWith(VertxExtension.class)
class OutcomesIT {
  /** Long timeouts: statements on one shipment wait for each other's locks. */
  private static final DatabaseConfig.Pool PATIENT =
      new DatabaseConfig.Pool(
          true, 20, 1_000, Duration.ofMinutes(10), Duration.ofHours(1), Duration.ofSeconds(15), 16);

  private static final String FINGERPRINT = "3f9a1c2e".repeat(8);
  private static final String COUNTED =
      """
      SELECT concat_ws(' ', day, prefix, fingerprint, result, outcomes) FROM outcome_counts
      WHERE outcomes <> 0 ORDER BY 1
      """;
  private static final String COUNTED_ANEW =
      """
      SELECT concat_ws(' ', (reported_at AT TIME ZONE 'UTC')::date, coalesce(prefix, ''),
                       coalesce(fingerprint, ''), result, count(*))
      FROM outcomes
      GROUP BY (reported_at AT TIME ZONE 'UTC')::date, prefix, fingerprint, result ORDER BY 1
      """;

  private static final String OTHERS =
      """
      SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
      """;
  private static final String DEADLOCKS =
      "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";

  @TempDir private Path journal;
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private volatile JsonObject counted = new JsonObject();
  private Vertx vertx;
  private String uri;

  @BeforeEach
  void prepare(Vertx vertx) throws Exception {
    this.vertx = vertx;
    Bus.registerCodecs(vertx.eventBus());
    vertx
        .eventBus()
        .<JsonObject>localConsumer(Bus.OUTCOMES_COUNTED, message -> counted = message.body());
    uri = TestDatabase.migrated();
  }

  @Test
  void judgesAnOutcomeByTheLatestPredictionOfItsShipment() throws Exception {
    deploy(30);
    record("S1", "S2", "S3", "S1");

    var results = judge("S3", "CP9", "S1", "CP1", "nobody", "CP1", "S2", "CP3", "S2", "cp1");

    assertThat(results)
        .isEqualTo(
            new JsonArray()
                .add(judged("S3", "CP9", "wrong"))
                .add(judged("S1", "CP1", "right"))
                .add(unknown("nobody", "CP1"))
                .add(judged("S2", "CP3", "alternative"))
                .add(judged("S2", "cp1", "wrong")));
    assertThat(
            TestDatabase.query(
                uri,
                """
                SELECT prediction_id = (SELECT prediction_id FROM predictions WHERE shipment_id = 'S1'
                                        ORDER BY predicted_at DESC, prediction_id DESC LIMIT 1)
                FROM outcomes WHERE shipment_id = 'S1'
                """))
        .containsExactly("t");
    for (var result : List.of("right", "alternative", "unknown")) {
      assertThat(taken(result)).as(result).isEqualTo(1);
    }
    assertThat(taken("wrong")).isEqualTo(2);
  }

  @Test
  void countsByWeekAndListsTheWorstPrefixesAndCps() throws Exception {
    deploy(30);
    record("S1", "S2", "S3", "S4");
    judge("S1", "CP1", "S2", "CP9", "S3", "CP9", "S4", "CP2", "nobody", "CP1");

    var all = weeks("");
    var ofPrefix = weeks("560");

    assertThat(all.getJsonArray("weeks")).hasSize(1);
    var week = all.getJsonArray("weeks").getJsonObject(0);
    assertThat(week.getLong("outcomes")).isEqualTo(4);
    assertThat(week.getLong("right")).isEqualTo(1);
    assertThat(week.getLong("top3")).isEqualTo(2);
    assertThat(all.getJsonArray("worst").getJsonObject(0).getString("name")).isEqualTo("560");
    assertThat(
            ofPrefix.getJsonArray("worst").stream().map(cp -> ((JsonObject) cp).getString("name")))
        .containsExactly("CP9", "CP2", "CP1");
    assertThat(ofPrefix.getJsonArray("worst").getJsonObject(0).getLong("outcomes")).isEqualTo(2);
    assertThat(weeks("999").getJsonArray("weeks")).isEmpty();
    var known = (JsonObject) request(Bus.OUTCOME_OF, "S2").await(60, SECONDS);
    assertThat(known.getString("cp")).isEqualTo("CP9");
    assertThat(known.getString("result")).isEqualTo("wrong");
    assertThat((JsonObject) request(Bus.OUTCOME_OF, "S9").await(60, SECONDS)).isEmpty();
  }

  private JsonObject weeks(String prefix) throws Exception {
    var asked = new JsonObject().put("weeks", 2).put("prefix", prefix);
    return (JsonObject) request(Bus.OUTCOME_WEEKS, asked).await(60, SECONDS);
  }

  @Test
  void replacesAnOutcomeByADifferentOneAndIgnoresARepeatedOne() throws Exception {
    deploy(30);
    record("S1", "S2");
    judge("S1", "CP2", "S2", "CP1");
    var before = rows("S2");
    TestDatabase.execute(uri, prediction("S1", "CP2", "now() + interval '1 hour'"));
    TestDatabase.execute(uri, prediction("S2", "CP5", "now() + interval '1 hour'"));

    var results = judge("S1", "CP1", "S2", "CP1");

    assertThat(results)
        .as("predictions from after it don't count")
        .isEqualTo(
            new JsonArray().add(judged("S1", "CP1", "right")).add(judged("S2", "CP1", "right")));
    assertThat(rows("S1")).singleElement().asString().startsWith("(S1,CP1,");
    assertThat(rows("S2")).isEqualTo(before);
  }

  @Test
  void judgesARepeatedOutcomeByThePredictionAtItsFirstReport() throws Exception {
    deploy(30);
    record("S1");
    judge("S1", "CP1");
    TestDatabase.execute(
        uri, "UPDATE outcomes SET reported_at = now() - interval '1 day' WHERE shipment_id = 'S1'");
    TestDatabase.execute(
        uri, "UPDATE predictions SET predicted_at = now() - interval '2 days', cp = 'CP1'");
    record("S1");
    TestDatabase.execute(uri, prediction("S1", "CP7", "now()"));

    assertThat(judge("S1", "CP1")).isEqualTo(new JsonArray().add(judged("S1", "CP1", "right")));
  }

  @Test
  void keepsAVerdictAfterItsPredictionExpired() throws Exception {
    deploy(30);
    record("S1", "S2");
    judge("S1", "CP1", "S2", "CP1");
    var before = rows("S1");
    TestDatabase.execute(uri, "DELETE FROM predictions");

    var results = judge("S1", "CP1", "S2", "CP2");

    assertThat(results)
        .isEqualTo(new JsonArray().add(judged("S1", "CP1", "right")).add(unknown("S2", "CP2")));
    assertThat(rows("S1")).isEqualTo(before);
    assertThat(TestDatabase.query(uri, COUNTED)).isEqualTo(TestDatabase.query(uri, COUNTED_ANEW));
  }

  @Test
  void judgesTwoOutcomesOfOneShipmentAndStoresTheLast() throws Exception {
    deploy(30);
    record("S1");

    var results = judge("S1", "CP1", "S1", "CP2");

    assertThat(results.getJsonObject(0).getString("result")).isEqualTo("right");
    assertThat(results.getJsonObject(1).getString("result")).isEqualTo("alternative");
    assertThat(TestDatabase.query(uri, "SELECT cp || result FROM outcomes"))
        .containsExactly("CP2alternative");
  }

  @Test
  void judgesAnOutcomeThatArrivedBeforeItsPrediction() throws Exception {
    deploy(30);
    assertThat(judge("S1", "CP2", "S2", "CP1"))
        .isEqualTo(new JsonArray().add(unknown("S1", "CP2")).add(unknown("S2", "CP1")));
    record("S1");

    TestDatabase.execute(uri, "UPDATE outcomes SET look_at = now()"); // a moment later
    judge("S3", "CP1");

    Await.until(() -> counted.toString().contains("\"top3\":1"));
    assertThat(TestDatabase.query(uri, "SELECT shipment_id || result FROM outcomes ORDER BY 1"))
        .containsExactly("S1alternative", "S2unknown", "S3unknown");
    assertThat(TestDatabase.query(uri, COUNTED))
        .isEqualTo(TestDatabase.query(uri, COUNTED_ANEW))
        .hasSize(2);
  }

  @Test
  void retriesAnOutcomeWithoutAPredictionEverMoreRarely() throws Exception {
    deploy(30);
    judge("S1", "CP1");
    assertThat(minutesToTheNextRetry()).isZero();
    TestDatabase.execute(
        uri, "UPDATE outcomes SET reported_at = now() - interval '2 hours', look_at = now()");

    judge("S2", "CP1");

    Await.until(() -> minutesToTheNextRetry() >= 119);
  }

  private int minutesToTheNextRetry() throws Exception {
    return Integer.parseInt(
        TestDatabase.query(
                uri,
                """
                SELECT (extract(epoch FROM look_at - now()) / 60)::int FROM outcomes
                WHERE shipment_id = 'S1'
                """)
            .get(0));
  }

  @Test
  void countsOutcomesInTheWindowByModel() throws Exception {
    deploy(2);
    record("S1", "S2", "S3", "S4", "S5");
    TestDatabase.execute(
        uri, "UPDATE predictions SET fingerprint = repeat('0', 64) WHERE shipment_id = 'S1'");
    judge("S1", "CP1", "S2", "CP1", "S3", "CP2", "S4", "CP9", "S5", "CP1", "S6", "CP1");
    var today = LocalDate.now(ZoneOffset.UTC);
    TestDatabase.execute(
        uri,
        "UPDATE outcomes SET reported_at = reported_at - interval '2 days' WHERE shipment_id = 'S5'");
    judge("S6", "CP1");

    Await.until(() -> counted.getLong("unknown", 0L) == 1);
    Await.until(() -> !counted.getJsonArray("models").encode().contains("\"right\":2"));
    assertThat(counted.getInteger("window_days")).isEqualTo(2);
    assertThat(LocalDate.parse(counted.getString("since"))).isBetween(today.minusDays(1), today);
    assertThat(counted.getJsonArray("models"))
        .isEqualTo(
            new JsonArray().add(model("0".repeat(64), 1, 1, 1)).add(model(FINGERPRINT, 3, 1, 2)));
  }

  @Test
  void appliesANewWindowWithoutARestart() throws Exception {
    deploy(2);
    Await.until(() -> counted.getInteger("window_days", 0) == 2);

    config = config(9);
    judge("S1", "CP1");

    Await.until(() -> counted.getInteger("window_days") == 9);
  }

  @Test
  void countsExactlyUnderConcurrentReports() throws Exception {
    deploy(30);
    var shipments = IntStream.range(0, 60).mapToObj(i -> "S" + i).toArray(String[]::new);
    record(shipments);
    var random = new Random(7);
    for (int round = 0; round < 20; round++) {
      var responses = new ArrayList<Future<Object>>();
      for (int i = 0; i < 20; i++) { // each changes two counts
        responses.add(judging(shipments[random.nextInt(60)], "CP" + (1 + random.nextInt(5))));
      }
      for (int i = 0; i < 3; i++) responses.add(judging(some(shipments, random)));
      for (var response : responses)
        assertThat((JsonArray) response.await(60, SECONDS)).isNotEmpty();
    }

    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM outcomes")).containsExactly("60");
    assertThat(TestDatabase.query(uri, COUNTED))
        .isEqualTo(TestDatabase.query(uri, COUNTED_ANEW))
        .isNotEmpty();
    for (var id : vertx.deploymentIDs()) vertx.undeploy(id).await(60, SECONDS);
    Await.until(
        () ->
            TestDatabase.query(uri, OTHERS)
                .isEmpty()); // statistics are complete once all sessions ended
    assertThat(TestDatabase.query(uri, DEADLOCKS)).as("no statement was retried").contains("0");
  }

  /** Half of {@code shipments} in random order, each followed by a random CP. */
  private static String[] some(String[] shipments, Random random) {
    var mixed = new ArrayList<>(List.of(shipments));
    Collections.shuffle(mixed, random);
    return mixed.subList(0, mixed.size() / 2).stream()
        .flatMap(shipment -> Stream.of(shipment, "CP" + (1 + random.nextInt(5))))
        .toArray(String[]::new);
  }

  @Test
  void keepsWhoReportedAndThatAPersonReviewed() throws Exception {
    deploy(30);
    judge("S1", "CP1");
    request(
            Bus.JUDGE,
            new JsonArray()
                .add(
                    new JsonObject()
                        .put("shipment_id", "S2")
                        .put("cp", "CP1")
                        .put("author", "hub-7")))
        .await(60, SECONDS);
    TestDatabase.execute(
        uri,
        """
        INSERT INTO outcomes (shipment_id, cp, reported_at, result, look_at, origin, author)
        SELECT id, 'CP1', now(), 'unknown', now(), 'review', 'asha' FROM unnest(ARRAY['S3', 'S4']) AS id
        """);

    judge("S3", "CP1", "S4", "CP2");

    assertThat(
            TestDatabase.query(
                uri,
                "SELECT concat_ws(' ', shipment_id, cp, origin, author) FROM outcomes ORDER BY 1"))
        .as("a report of another CP replaces a review, one of the same CP confirms it")
        .containsExactly(
            "S1 CP1 report ", "S2 CP1 report hub-7", "S3 CP1 review asha", "S4 CP2 report ");
  }

  @Test
  void storesAllOrNothing() throws Exception {
    deploy(30);
    TestDatabase.execute(uri, "ALTER TABLE outcomes ADD CHECK (shipment_id <> 'S13')");

    var response = judging("S12", "CP1", "S13", "CP1");

    assertThatThrownBy(() -> response.await(60, SECONDS))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.INTERNAL));
    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM outcomes")).containsExactly("0");
    assertThat(TestDatabase.query(uri, COUNTED)).isEmpty();
    assertThat(taken("unknown")).isZero();
  }

  @Test
  void rejectsOutcomesWhileTheDatabaseIsDown() throws Exception {
    uri = "postgresql://postgres@127.0.0.1:1/postgres";
    deploy(30);

    var response = judging("S1", "CP1");

    assertThatThrownBy(() -> response.await(60, SECONDS))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
  }

  @Test
  void resumesCountingAfterAnOutage() throws Exception {
    deploy(30);
    TestDatabase.execute(uri, "ALTER TABLE outcome_counts RENAME TO elsewhere");
    var failing = judging("S1", "CP1");
    assertThatThrownBy(() -> failing.await(60, SECONDS))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));

    TestDatabase.execute(uri, "ALTER TABLE elsewhere RENAME TO outcome_counts");

    judge("S1", "CP1");
    Await.until(() -> counted.getLong("unknown", 0L) == 1);
  }

  @Test
  void storesHostileTextUnchanged() throws Exception {
    deploy(30);
    var hostile = "'); DROP TABLE outcomes; -- {\"a,b\"} \\ NULL 😀";

    judge(hostile, hostile, "NULL", "{}");

    assertThat(TestDatabase.query(uri, "SELECT cp FROM outcomes ORDER BY shipment_id DESC"))
        .containsExactlyInAnyOrder(hostile, "{}");
  }

  private volatile PersistenceConfig config;

  private PersistenceVerticle deploy(int windowDays) throws Exception {
    config = config(windowDays);
    var verticle =
        new PersistenceVerticle(
            () -> config,
            new JournalConfig(1 << 20, Duration.ofMillis(10)),
            journal,
            () -> uri,
            PATIENT,
            new ServiceMetrics(registry, "test"),
            Duration.ofSeconds(1));
    vertx.deployVerticle(verticle).await(60, SECONDS);
    return verticle;
  }

  private static PersistenceConfig config(int windowDays) {
    return new PersistenceConfig(
        Ack.COMMIT,
        WhenFull.REFUSE,
        500,
        Duration.ofMillis(20),
        100_000,
        Duration.ofSeconds(5),
        0,
        windowDays,
        0);
  }

  private void record(String... shipments) throws Exception {
    var predictions = new ArrayList<Prediction>();
    for (var shipment : shipments) predictions.add(Predictions.of(shipment));
    request(Bus.RECORD, new RecordBatch(List.of(new RecordRequest(predictions))))
        .await(60, SECONDS);
  }

  /** Takes shipments and CPs alternately. */
  private JsonArray judge(String... reported) throws Exception {
    return (JsonArray) judging(reported).await(60, SECONDS);
  }

  private Future<Object> judging(String... reported) {
    var outcomes = new JsonArray();
    for (int i = 0; i < reported.length; i += 2) {
      outcomes.add(new JsonObject().put("shipment_id", reported[i]).put("cp", reported[i + 1]));
    }
    return request(Bus.JUDGE, outcomes);
  }

  private Future<Object> request(String address, Object body) {
    return Bus.ask(vertx, address, body, Deadline.in(Duration.ofSeconds(20)));
  }

  private List<String> rows(String shipment) throws Exception {
    return TestDatabase.query(
        uri, "SELECT outcomes::text FROM outcomes WHERE shipment_id = '" + shipment + "'");
  }

  private double taken(String result) {
    return registry.get("cp.outcomes").tag("result", result).counter().count();
  }

  private static String prediction(String shipment, String cp, String at) {
    return """
        INSERT INTO predictions
        VALUES (gen_random_uuid(), %s, '%s', 'MG Road', '560017', '560', '%s', 0.9, '[]', '%s', 'model')
        """
        .formatted(at, shipment, cp, FINGERPRINT);
  }

  private static JsonObject judged(String shipment, String cp, String result) {
    return new JsonObject()
        .put("shipment_id", shipment)
        .put("cp", cp)
        .put("predicted", "CP1")
        .put("result", result)
        .put("prefix", "560")
        .put("model", "560@3f9a1c2e");
  }

  private static JsonObject unknown(String shipment, String cp) {
    return new JsonObject().put("shipment_id", shipment).put("cp", cp).put("result", "unknown");
  }

  private static JsonObject model(String fingerprint, long outcomes, long right, long top3) {
    return new JsonObject()
        .put("prefix", "560")
        .put("fingerprint", fingerprint)
        .put("outcomes", outcomes)
        .put("right", right)
        .put("top3", top3);
  }
}
