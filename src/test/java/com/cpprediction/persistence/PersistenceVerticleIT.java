package com.cpprediction.persistence;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ComparisonBatch;
import com.cpprediction.bus.DirectRecorder;
import com.cpprediction.bus.RecordBatch;
import com.cpprediction.bus.RecordReply;
import com.cpprediction.bus.RecordRequest;
import com.cpprediction.bus.Recorded;
import com.cpprediction.config.DatabaseConfig;
import com.cpprediction.config.JournalConfig;
import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.config.PersistenceConfig.Ack;
import com.cpprediction.config.PersistenceConfig.WhenFull;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.postgres.Database;
import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.EmbeddedDatabase;
import com.cpprediction.postgres.EmbeddedDirectory;
import com.cpprediction.postgres.Postmaster;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.Refusal;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.ShadowComparison;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Directories;
import com.cpprediction.testing.Jdbc;
import com.cpprediction.testing.Ports;
import com.cpprediction.testing.Processes;
import com.cpprediction.testing.SmallDisk;
import com.github.f4b6a3.uuid.UuidCreator;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import io.vertx.sqlclient.Tuple;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(VertxExtension.class)
class PersistenceVerticleIT {
  private static final String SESSIONS =
      "SELECT sessions FROM pg_stat_database WHERE datname = current_database()";
  private static final String REJECTS =
      """
      SELECT prediction_id || ' ' || (prediction->>'shipment_id') || ' ' || sqlstate
      FROM prediction_rejects
      """;
  private static final String OTHERS =
      """
      SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
      """;

  private static final String COMPARED =
      """
      SELECT shipment_id FROM prediction_disagreements JOIN canary_predictions USING (shipment_id) ORDER BY 1
      """;

  @TempDir private Path journal;
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private int maxBytes = 1 << 20;
  private Duration sync = Duration.ofMillis(10);
  private Duration grace = Duration.ofSeconds(1);
  private WhenFull whenFull = WhenFull.REFUSE;
  private volatile PersistenceConfig config;
  private DatabaseConfig.Pool pool = ServiceConfig.defaults().database().pool();
  private final List<String> deployed = new ArrayList<>();
  private final DirectRecorder direct = new DirectRecorder();
  private Vertx vertx;

  @BeforeEach
  void prepare(Vertx vertx) {
    this.vertx = vertx;
    Bus.registerCodecs(vertx.eventBus());
  }

  @Test
  void storesPredictionsAsInTheResponse() throws Exception {
    var verticle = deploy(Ack.COMMIT, TestDatabase.create());
    var older = Predictions.of("S1");
    var newer = Predictions.of("S1");

    var refused = record(older, newer, Predictions.of("S2"));

    assertThat(refused).isEmpty();
    assertThat(stored("S1")).isEqualTo(new JsonArray().add(json(newer)).add(json(older)));
    assertThat(stored("nobody")).isEmpty();
    assertThat(verticle.ready()).isTrue();
    assertThat(verticle.database().getString("status")).isEqualTo("up");
    assertThat(verticle.health().getInteger("queued")).isZero();
  }

  @Test
  void opensAConnectionPerStatementWithoutAPool() throws Exception {
    pool =
        new DatabaseConfig.Pool(
            false,
            2,
            1_000,
            pool.idleTimeout(),
            pool.maxLifetime(),
            Duration.ofSeconds(10),
            pool.pipeliningLimit());
    var uri = TestDatabase.create();
    deploy(Ack.COMMIT, uri);

    for (int i = 0; i < 10; i++) record(Predictions.of("S1"));
    var atOnce = new ArrayList<Future<Object>>();
    for (int i = 0; i < 10; i++) atOnce.add(request(Bus.STORED, "S1"));

    for (var rows : atOnce) assertThat((JsonArray) rows.await(60, SECONDS)).hasSize(10);
    undeploy();
    // Ten inserts and ten queries; the server counts a session at its end.
    Await.until(() -> sessions(uri) >= 20);
    Await.until(() -> TestDatabase.query(uri, OTHERS).isEmpty());
  }

  private static long sessions(String uri) throws SQLException {
    return Long.parseLong(TestDatabase.query(uri, SESSIONS).get(0));
  }

  @Test
  void storesARepeatedPredictionOnce() throws Exception {
    deploy(Ack.COMMIT, TestDatabase.create());
    var prediction = Predictions.of("S1");

    record(prediction, prediction);
    record(prediction);

    assertThat(stored("S1")).hasSize(1);
  }

  @ParameterizedTest
  @EnumSource
  void refusesAnIdOfAnotherShipment(Ack ack) throws Exception {
    var uri = TestDatabase.create();
    var verticle = deploy(ack, uri);
    var first = Predictions.of("S1");
    var id = first.request().id();
    var typed = first.request().typed();
    var other = Predictions.of(id, "S2", typed);
    var otherAddress = Predictions.of(id, "S1", "1 Church Street, Bengaluru 560001");
    var respelled = Predictions.of(id, "S1", typed.toUpperCase(Locale.ROOT));
    var fresh = Predictions.of("S3");

    assertThat(taken(first)).isEmpty();
    assertThat(taken(other, fresh)).isEqualTo(ids(other));
    assertThat(taken(otherAddress)).isEqualTo(ids(otherAddress));
    assertThat(taken(first, respelled)).isEmpty();

    Await.until(() -> verticle.health().getInteger("waiting") == 0);
    assertThat(TestDatabase.query(uri, "SELECT shipment_id FROM predictions"))
        .containsExactlyInAnyOrder("S1", "S3");
    assertThat(stored("S1")).isEqualTo(new JsonArray().add(json(first)));
    assertThat(TestDatabase.query(uri, REJECTS)).isEmpty();
  }

  /** For ids stored by another node, or by this one long ago. */
  @ParameterizedTest
  @EnumSource
  void setsAsideARowWhoseIdIsStoredForAnotherShipment(Ack ack) throws Exception {
    var uri = TestDatabase.create();
    deploy(Ack.COMMIT, uri);
    var first = Predictions.of("S1");
    var id = first.request().id();
    record(first);
    undeploy();
    var verticle = deploy(ack, uri);
    var second = Predictions.of(id, "S2", "1 Church Street, Bengaluru 560001");
    var fresh = Predictions.of("S3");

    var conflicting = taken(second, fresh);
    Await.until(() -> verticle.health().getInteger("waiting") == 0);
    undeploy();
    var again = deploy(ack, uri);
    var third = Predictions.of(id, "S4", "1 Church Street, Bengaluru 560001");
    taken(third);
    Await.until(() -> again.health().getInteger("waiting") == 0);
    undeploy();
    deploy(Ack.COMMIT, uri);
    assertThat(taken(second)).as("sent again").isEqualTo(ids(second));

    assertThat(conflicting).isEqualTo(ack == Ack.COMMIT ? ids(second) : List.of());
    assertThat(TestDatabase.query(uri, "SELECT shipment_id FROM predictions"))
        .containsExactlyInAnyOrder("S1", "S3");
    assertThat(TestDatabase.query(uri, REJECTS))
        .containsExactlyInAnyOrder(id + " S2 23505", id + " S4 23505");
    assertThat(verticle.health().getInteger("stored")).isEqualTo(1);
    assertThat(verticle.health().getInteger("rejected")).isEqualTo(1);
    assertThat(verticle.health().getBoolean("balanced")).isTrue();
  }

  @Test
  void knowsTheIdsInTheJournalAfterARestart() throws Exception {
    var away = "postgresql://postgres@127.0.0.1:" + Ports.free() + "/postgres";
    deploy(Ack.JOURNAL, away);
    var first = Predictions.of("S1");
    record(Predictions.of("S0"), first);
    undeploy();

    deploy(Ack.JOURNAL, away);

    var typed = first.request().typed();
    var other = Predictions.of(first.request().id(), "S2", typed);
    assertThat(taken(other)).isEqualTo(ids(other));
    assertThat(taken(first)).isEmpty();
  }

  @Test
  void storesHostileTextUnchanged() throws Exception {
    deploy(Ack.COMMIT, TestDatabase.create());
    var typed = "'); DROP TABLE predictions; -- {\"a,b\"} \\ \n ಬೆಂಗಳೂರು 😀 560017";

    record(Predictions.of(PredictionIds.next(), "NULL", typed));

    assertThat(stored("NULL")).hasSize(1);
    assertThat(popular(1).getJsonObject(0).getString("address")).isEqualTo(typed);
  }

  @Test
  void storesTheTimeOfEachIdToTheMillisecond() throws Exception {
    var uri = TestDatabase.create();
    deploy(Ack.COMMIT, uri);
    var random = new Random(1);
    var times = new ArrayList<String>();
    for (int i = 0; i < 1_000; i++) {
      long millis = random.nextLong(Instant.parse("2200-01-01T00:00:00Z").toEpochMilli());
      times.add(Long.toString(millis));
      var id = new UUID(millis << 16 | 0x7000, random.nextLong() >>> 2 | 1L << 63);
      record(Predictions.of(id, "S", "14 MG Road, Bengaluru 560017"));
    }

    assertThat(
            TestDatabase.query(
                uri,
                "SELECT (extract(epoch FROM predicted_at)::numeric * 1000)::bigint FROM predictions"
                    + " WHERE date_trunc('milliseconds', predicted_at) = predicted_at"))
        .containsExactlyInAnyOrderElementsOf(times);
  }

  @Test
  void returnsTheMostFrequentAddresses() throws Exception {
    deploy(Ack.COMMIT, TestDatabase.create());
    for (int i = 0; i < 3; i++) {
      record(Predictions.of(PredictionIds.next(), "S" + i, "1 Often Street 560001"));
    }
    record(Predictions.of(PredictionIds.next(), "S9", "2 Rare Street 560002"));

    assertThat(popular(10))
        .isEqualTo(
            new JsonArray()
                .add(address("1 Often Street 560001", null))
                .add(address("2 Rare Street 560002", null)));
    assertThat(popular(1)).hasSize(1);
  }

  @Test
  void respondsBeforeStoringWithoutAcknowledgement() throws Exception {
    deploy(Ack.NONE, TestDatabase.create());

    var refused = record(Predictions.many(200).toArray(Prediction[]::new));

    assertThat(refused).isEmpty();
    Await.until(() -> stored("S199").size() == 1);
  }

  @Test
  void startsWithoutTheDatabaseAndStoresQueuedRowsOnceItIsUp(@TempDir Path dataDir)
      throws Exception {
    int port = Ports.free();
    var verticle = deploy(Ack.NONE, EmbeddedDirectory.uri(dataDir, port));
    record(Predictions.of("S1"));
    assertThat(verticle.database().getString("status")).isEqualTo("down");
    assertThat(verticle.database().getString("error")).contains("can't be reached");
    assertThat(verticle.health().getInteger("queued")).isEqualTo(1);
    assertNotReady(request(Bus.STORED, "S1"));

    try (var database =
        EmbeddedDatabase.startForScratchDatabases(dataDir, TestDatabase.BINARIES, port)) {
      Await.until(() -> verticle.database().getString("status").equals("up"));

      assertThat(TestDatabase.query(database.uri(), "SELECT shipment_id FROM predictions"))
          .containsExactly("S1");
      undeploy();
    }
  }

  @Test
  void refusesRowsToBeCommittedWhileTheDatabaseIsDown() throws Exception {
    var verticle =
        deploy(Ack.COMMIT, "postgresql://postgres@127.0.0.1:" + Ports.free() + "/postgres");

    assertNotReady(request(new RecordRequest(Predictions.many(1))));

    assertThat(verticle.ready()).isFalse();
    assertThat(verticle.health().getInteger("queued")).isZero();
  }

  @Test
  void resendsRowsAfterAFreezeOfTheServerAndStoresThemOnce(@TempDir Path dataDir) throws Exception {
    try (var database =
        EmbeddedDatabase.startForScratchDatabases(dataDir, TestDatabase.BINARIES, 0)) {
      var verticle = deploy(Ack.COMMIT, database.uri(), Duration.ofSeconds(2));
      record(Predictions.of("S1"));
      var server = Postmaster.of(dataDir.toRealPath().resolve("postgres")).orElseThrow().process();
      var kept = Predictions.of("S2");

      Processes.signal(server, "STOP"); // first, so that it starts no more sessions
      var sessions = server.descendants().toList();
      sessions.forEach(session -> Processes.signalAny(session, "STOP"));
      var response = request(new RecordRequest(List.of(kept)));
      try {
        Await.until(() -> verticle.database().getString("status").equals("down"));
        assertThat(verticle.database().getString("error")).contains("does not answer");
        assertNotReady(request(new RecordRequest(Predictions.many(1))));
      } finally {
        sessions.forEach(session -> Processes.signalAny(session, "CONT"));
        Processes.signal(server, "CONT");
      }

      response.await(60, SECONDS);
      assertThat(stored("S2")).isEqualTo(new JsonArray().add(json(kept)));
      undeploy();
    }
  }

  @Test
  void setsARejectedRowAsideAndStoresTheOthers() throws Exception {
    var uri = TestDatabase.migrated();
    TestDatabase.execute(
        uri, "ALTER TABLE predictions ADD CONSTRAINT no_poison CHECK (shipment_id <> 'S13')");
    deploy(Ack.COMMIT, uri);

    var predictions = Predictions.many(50);

    var refused = record(predictions.toArray(Prediction[]::new));

    assertThat(refused).isEqualTo(ids(predictions.get(13)));
    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions")).containsExactly("49");
    assertThat(
            TestDatabase.query(
                uri,
                "SELECT prediction->>'shipment_id' || ' ' || sqlstate FROM prediction_rejects"))
        .containsExactly("S13 23514");
  }

  @Test
  void setsAsideIdAndErrorOfARowThatCannotBeSetAsideInFull() throws Exception {
    var uri = TestDatabase.migrated();
    TestDatabase.execute(uri, "ALTER TABLE predictions ADD CHECK (shipment_id <> 'S13')");
    TestDatabase.execute(uri, "ALTER TABLE prediction_rejects ADD CHECK (prediction = '{}')");
    deploy(Ack.COMMIT, uri);
    var poison = Predictions.of("S13");

    var refused = record(poison, Predictions.of("S14"));

    assertThat(refused).isEqualTo(ids(poison));
    assertThat(
            TestDatabase.query(
                uri, "SELECT prediction_id || ' ' || sqlstate FROM prediction_rejects"))
        .containsExactly(poison.request().id() + " 23514");
    assertThat(stored("S14")).hasSize(1);
  }

  @Test
  void reportsAMissingTableAndRecovers() throws Exception {
    var uri = TestDatabase.migrated();
    var verticle = deploy(Ack.NONE, uri);
    TestDatabase.execute(uri, "ALTER TABLE predictions RENAME TO elsewhere");

    record(Predictions.of("S1"));

    Await.until(() -> verticle.database().getString("status").equals("down"));
    assertThat(verticle.database().getString("error")).contains("table is missing", "predictions");
    TestDatabase.execute(uri, "ALTER TABLE elsewhere RENAME TO predictions");
    Await.until(() -> verticle.database().getString("status").equals("up"));
    assertThat(stored("S1")).hasSize(1);
  }

  @Test
  void reportsAReadOnlyDatabaseAndRecovers() throws Exception {
    var uri = TestDatabase.migrated();
    var settings = "ALTER DATABASE " + uri.substring(uri.lastIndexOf('/') + 1);
    TestDatabase.execute(uri, settings + " SET default_transaction_read_only = on");

    var verticle = deploy(Ack.COMMIT, uri);

    assertThat(verticle.ready()).isFalse();
    assertThat(verticle.database().getString("error")).contains("read-only", "25006");
    TestDatabase.execute(TestDatabase.server().uri(), settings + " RESET ALL");
    Await.until(verticle::ready);
    record(Predictions.of("S1"));
    assertThat(stored("S1")).hasSize(1);
  }

  @Test
  void detectsADeadServerWhileIdle(@TempDir Path dataDir) throws Exception {
    var database = EmbeddedDatabase.startForScratchDatabases(dataDir, TestDatabase.BINARIES, 0);
    var verticle = deploy(Ack.COMMIT, database.uri());
    assertThat(verticle.ready()).isTrue();

    database.close();

    Await.until(() -> !verticle.ready());
    undeploy();
  }

  @Test
  void storesQueuedRowsBeforeStopping() throws Exception {
    var uri = TestDatabase.migrated();
    grace = Duration.ofSeconds(20);
    deploy(Ack.NONE, uri);
    var recorded = request(new RecordRequest(Predictions.many(5_000)));
    recorded.await(60, SECONDS);

    undeploy();

    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions")).containsExactly("5000");
  }

  @Test
  void stopsAfterTheGracePeriodAndRefusesNewRows() throws Exception {
    var verticle =
        deploy(Ack.NONE, "postgresql://postgres@127.0.0.1:" + Ports.free() + "/postgres");
    record(Predictions.of("S1"));

    var stopped = vertx.undeploy(verticle.deploymentID());

    Await.until(() -> !verticle.ready());
    assertNotReady(request(new RecordRequest(Predictions.many(1))));
    stopped.await(60, SECONDS);
    assertThat(verticle.health().getInteger("queued")).isEqualTo(1);
    assertThat(verticle.keptAll()).isFalse();
  }

  @Test
  void appliesNewLimitsAtOnce() throws Exception {
    var verticle = deploy(Ack.COMMIT, TestDatabase.create());

    config = config(Ack.NONE, 10, Duration.ofSeconds(5));

    var tooMany = request(new RecordRequest(Predictions.many(11)));
    assertThatThrownBy(() -> tooMany.await(60, SECONDS))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.OVERLOADED));
    record(Predictions.of("S1"));
    assertThat(stored("S1")).as("still acknowledged after the commit").hasSize(1);
  }

  @ParameterizedTest(name = "sync_ms {0}")
  @ValueSource(ints = {0, 10})
  void respondsOnceJournaledAndStoresTheRowsOfAnEarlierProcess(int syncMillis) throws Exception {
    sync = Duration.ofMillis(syncMillis);
    var away = "postgresql://postgres@127.0.0.1:" + Ports.free() + "/postgres";
    var first = deploy(Ack.JOURNAL, away);
    assertThat(first.ready()).isTrue();

    var predictions = Predictions.many(1_000);
    assertThat(record(predictions.toArray(Prediction[]::new))).isEmpty();
    assertThat(first.health().getInteger("waiting")).isEqualTo(1_000);
    undeploy();
    var uri = TestDatabase.migrated();
    var second = deploy(Ack.JOURNAL, uri);
    Await.until(() -> second.health().getInteger("waiting") == 0);

    assertThat(second.health().getInteger("recovered")).isEqualTo(1_000);
    assertThat(second.health().getInteger("stored")).isEqualTo(1_000);
    assertThat(second.health().getBoolean("balanced")).isTrue();
    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions")).containsExactly("1000");
    assertThat(stored("S7")).isEqualTo(new JsonArray().add(json(predictions.get(7))));
    undeploy();
    var third = deploy(Ack.JOURNAL, uri);
    assertThat(third.health().getInteger("recovered")).isZero();
  }

  @Test
  void storesWhatCallersJournalThemselves() throws Exception {
    var uri = TestDatabase.migrated();
    var verticle = deploy(Ack.JOURNAL, uri);
    var predictions = Predictions.many(20);

    var reply = direct.record(new RecordBatch(List.of(new RecordRequest(predictions))));

    assertThat(Objects.requireNonNull(reply).result().results()).containsExactly(Recorded.ALL);
    Await.until(() -> verticle.health().getInteger("stored") == 20);
    assertThat(verticle.health().getBoolean("balanced")).isTrue();
    undeploy();
    assertThat(TestDatabase.query(uri, "SELECT prediction_id FROM predictions"))
        .containsExactlyInAnyOrderElementsOf(
            predictions.stream().map(prediction -> prediction.request().id().toString()).toList());
    assertThat(direct.record(new RecordBatch(List.of(new RecordRequest(predictions))))).isNull();
  }

  @ParameterizedTest
  @EnumSource(names = {"COMMIT", "NONE"})
  void takesMessagesAloneWithoutAJournal(Ack ack) throws Exception {
    deploy(ack, TestDatabase.migrated());

    assertThat(direct.record(new RecordBatch(List.of(new RecordRequest(Predictions.many(1))))))
        .isNull();
  }

  @Test
  void storesRefusalsOfAnEarlierProcessOnceAmongPredictions() throws Exception {
    var away = "postgresql://postgres@127.0.0.1:" + Ports.free() + "/postgres";
    deploy(Ack.JOURNAL, away);
    var id = PredictionIds.next();
    var guesses = List.of(new Refusal.Guess("CP1", 0.0625, "560"));
    var guessed =
        new Refusal(id, "S1", "MG Road", "560017", "which one", guesses, 0.75f, "f".repeat(64));
    var blank =
        new Refusal(PredictionIds.next(), "S2", "Pune", null, "no pin", List.of(), null, null);
    request(new RecordRequest(List.of(Predictions.of("S3")), List.of(guessed, blank)))
        .await(60, SECONDS);
    request(new RecordRequest(List.of(), List.of(guessed))).await(60, SECONDS);
    undeploy();
    var uri = TestDatabase.migrated();

    var second = deploy(Ack.JOURNAL, uri);
    Await.until(() -> second.health().getInteger("waiting") == 0);
    assertThat(taken(Predictions.of(id, "S1", "14 MG Road, Bengaluru 560017")))
        .as("it comes again, and with its pincode")
        .isEmpty();
    Await.until(() -> second.health().getInteger("waiting") == 0);

    assertThat(second.health().getInteger("recovered")).isEqualTo(4);
    assertThat(second.health().getBoolean("balanced")).isTrue();
    assertThat(
            TestDatabase.query(
                uri,
                """
                SELECT concat_ws('|', r.shipment_id, r.address, r.pincode_field, detail, r.prefix, r.confidence, guesses,
                                 r.pincode_doubt, left(r.fingerprint, 2), refused_at = predicted_at)
                FROM refusals AS r LEFT JOIN predictions USING (shipment_id) ORDER BY r.shipment_id
                """))
        .containsExactly(
            "S1|MG Road|560017|which one|560|0.0625|"
                + "[{\"cp\": \"CP1\", \"prefix\": \"560\", \"confidence\": 0.0625}]|0.75|ff|t",
            "S2|Pune|no pin|0|[]");
    assertThat(TestDatabase.query(uri, "SELECT shipment_id FROM predictions ORDER BY 1"))
        .containsExactly("S1", "S3");
  }

  /** Requests of one message fail alone. */
  @ParameterizedTest
  @EnumSource
  void keepsTheResultsOfRequestsInOneMessageApart(Ack ack) throws Exception {
    var uri = TestDatabase.migrated();
    TestDatabase.execute(
        uri, "ALTER TABLE predictions ADD CONSTRAINT no_poison CHECK (shipment_id <> 'S13')");
    var verticle = deploy(ack, uri);
    var first = Predictions.of("S1");
    var id = first.request().id();
    var poison = Predictions.of("S13");
    var others = Collections.nCopies(1_500, "O").stream().map(Predictions::of).toList();

    var reply =
        record(
                new RecordRequest(List.of(first)),
                new RecordRequest(List.of(Predictions.of(id, "S2", first.request().typed()))),
                new RecordRequest(List.of(poison, Predictions.of("S3"))),
                new RecordRequest(others))
            .await(60, SECONDS);

    assertThat(reply.results())
        .containsExactly(
            Recorded.ALL,
            Recorded.ALL.and(List.of(id)),
            ack == Ack.COMMIT ? new Recorded(null, ids(poison), List.of()) : Recorded.ALL,
            Recorded.ALL);
    Await.until(() -> verticle.health().getInteger("waiting") == 0);
    assertThat(verticle.health().getInteger("stored")).isEqualTo(1_502);
    assertThat(verticle.health().getInteger("rejected")).isEqualTo(1);
    assertThat(verticle.health().getBoolean("balanced")).isTrue();
  }

  @Test
  void storesJournaledRowsWithAnyAcknowledgement() throws Exception {
    deploy(Ack.JOURNAL, "postgresql://postgres@127.0.0.1:" + Ports.free() + "/postgres");
    record(Predictions.many(20).toArray(Prediction[]::new));
    undeploy();

    var uri = TestDatabase.migrated();
    var verticle = deploy(Ack.COMMIT, uri);
    Await.until(() -> verticle.health().getInteger("waiting") == 0);

    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions")).containsExactly("20");
  }

  @ParameterizedTest
  @EnumSource
  void refusesOrDropsRowsWhenTheJournalIsFull(WhenFull policy) throws Exception {
    whenFull = policy;
    var verticle =
        deploy(Ack.JOURNAL, "postgresql://postgres@127.0.0.1:" + Ports.free() + "/postgres");
    while (verticle.ready()) record(Predictions.many(200).toArray(Prediction[]::new));
    int waiting = verticle.health().getInteger("waiting");

    var response = request(new RecordRequest(Predictions.many(3)));

    if (policy == WhenFull.REFUSE) {
      assertThatThrownBy(() -> response.await(60, SECONDS))
          .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.OVERLOADED))
          .hasMessageContaining("journal is full");
      assertThat(verticle.health().getInteger("dropped")).isZero();
    } else {
      assertThat(response.await(60, SECONDS)).isEqualTo(Recorded.ALL);
      assertThat(verticle.health().getInteger("dropped")).isEqualTo(3);
    }
    assertThat(verticle.health().getInteger("waiting")).isEqualTo(waiting);
    assertThat(verticle.health().getBoolean("balanced")).isTrue();
  }

  @Test
  void setsARejectedRowOfTheJournalAsideAndStoresTheOthers() throws Exception {
    var uri = TestDatabase.migrated();
    TestDatabase.execute(
        uri, "ALTER TABLE predictions ADD CONSTRAINT no_poison CHECK (shipment_id <> 'S13')");
    var verticle = deploy(Ack.JOURNAL, uri);

    record(Predictions.many(50).toArray(Prediction[]::new));
    Await.until(() -> verticle.health().getInteger("waiting") == 0);

    assertThat(TestDatabase.query(uri, "SELECT count(*) FROM predictions")).containsExactly("49");
    assertThat(verticle.health().getInteger("rejected")).isEqualTo(1);
    assertThat(verticle.health().getBoolean("balanced")).isTrue();
  }

  @Test
  void recoversNoRowThatWasRefusedBecauseTheDiskWasFull(@TempDir Path root) throws Exception {
    try (var disk = SmallDisk.mount(root, 24)) {
      journal = disk.root().resolve("journal");
      maxBytes = 64 << 20; // more than the disk holds
      deploy(Ack.JOURNAL, "postgresql://postgres@127.0.0.1:" + Ports.free() + "/postgres");
      disk.fill();
      var kept = new HashSet<String>();
      var refused = new HashSet<String>();
      while (refused.isEmpty()) {
        var batches = new ArrayList<RecordRequest>();
        for (int count : List.of(30, 300, 300, 300)) { // the first by the caller itself
          batches.add(new RecordRequest(Predictions.many(count)));
        }
        var responses = batches.stream().map(batch -> requestDirectly(batch)).toList();
        for (int i = 0; i < batches.size(); i++) {
          var ids =
              batches.get(i).predictions().stream().map(p -> p.request().id().toString()).toList();
          if (isKept(responses.get(i))) kept.addAll(ids);
          else refused.addAll(ids);
        }
      }
      undeploy();
      disk.free();

      var uri = TestDatabase.migrated();
      var verticle = deploy(Ack.JOURNAL, uri);
      Await.until(() -> verticle.health().getInteger("waiting") == 0);

      assertThat(TestDatabase.query(uri, "SELECT prediction_id FROM predictions"))
          .doesNotContainAnyElementsOf(refused)
          .containsExactlyInAnyOrderElementsOf(kept);
      assertThat(journal.toFile().list()).noneMatch(name -> name.startsWith("damaged"));
      undeploy();
    }
  }

  /** Whether the rows were kept; fails unless the failure says that none was. */
  private static boolean isKept(Future<Recorded> response) throws Exception {
    try {
      return response.await(60, SECONDS).equals(Recorded.ALL);
    } catch (ServiceException e) {
      assertThat(e.failure()).isEqualTo(Failure.OVERLOADED);
      return false;
    }
  }

  /** The archive holds 20 requests of one row and one of 40, journaled without a database. */
  @Test
  void recoversTheJournalOfVersion1() throws Exception {
    var archive = Path.of("src", "test", "resources", "journal", "service-version-1.zip");
    try (var zip = new ZipInputStream(Files.newInputStream(archive))) {
      for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        var file = journal.resolve(entry.getName());
        if (entry.isDirectory()) Files.createDirectories(file);
        else Files.write(file, zip.readAllBytes());
      }
    }
    var away = deploy(Ack.JOURNAL, "postgresql://postgres@127.0.0.1:" + Ports.free() + "/postgres");
    assertThat(away.health().getInteger("recovered")).isEqualTo(60);
    record(Predictions.of("S1"), Predictions.of("S2"));
    undeploy();

    var uri = TestDatabase.migrated();
    var verticle = deploy(Ack.JOURNAL, uri);
    Await.until(() -> verticle.health().getInteger("waiting") == 0);

    assertThat(verticle.health().getInteger("recovered")).isEqualTo(62);
    assertThat(TestDatabase.query(uri, "SELECT shipment_id FROM predictions"))
        .hasSize(62)
        .doesNotHaveDuplicates()
        .contains("one-0", "one-19", "many-0", "many-39", "S1", "S2");
    assertThat(stored("one-7").getJsonObject(0).getString("pincode")).isEqualTo("560038");
    assertThat(
            TestDatabase.query(uri, "SELECT address FROM predictions WHERE shipment_id = 'one-7'"))
        .containsExactly("7 MG Road, Indiranagar, Bengaluru 560038 ಬೆಂಗಳೂರು");
    assertThat(journal.toFile().list()).noneMatch(name -> name.startsWith("damaged"));
    undeploy();
    assertThat(deploy(Ack.JOURNAL, uri).health().getInteger("recovered")).isZero();
  }

  @Test
  void doesNotStartOnADatabaseThatCanNotHoldAllLetters() throws Exception {
    var uri = SchemaIT.latin();

    assertThatThrownBy(() -> deploy(Ack.JOURNAL, uri))
        .hasMessageContaining("The encoding of the database is LATIN1");
  }

  @Test
  void boundsDamagedFilesThatWereSetAside() throws Exception {
    for (int day = 1; day <= 9; day++) {
      var damaged = journal.resolve("damaged-2026010%d-120000-000-1".formatted(day));
      Files.writeString(Files.createDirectories(damaged).resolve("cp-1.journal"), "x");
    }

    deploy(Ack.JOURNAL, TestDatabase.migrated());

    Await.until(() -> damaged().size() <= 5);
    assertThat(damaged()).contains("damaged-20260109-120000-000-1");
  }

  /** They hold rows that may not be stored, so a smaller heap must not delete them. */
  @Test
  void keepsDamagedFilesThatAreLargerThanTheRoomForWaitingRows() throws Exception {
    maxBytes = Integer.MAX_VALUE;
    int room = new JournalConfig(maxBytes, sync).room(Runtime.getRuntime().maxMemory());
    assertThat(room).isLessThan(maxBytes - 10);
    for (int day = 1; day <= 6; day++) {
      var damaged = journal.resolve("damaged-2026010%d-120000-000-1".formatted(day));
      var file = Files.createDirectories(damaged).resolve("cp-1.journal");
      try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
        sparse.setLength(day == 6 ? room + 1 : 1);
      }
    }

    deploy(Ack.JOURNAL, TestDatabase.migrated());

    Await.until(() -> !damaged().contains("damaged-20260101-120000-000-1")); // deleted last
    assertThat(damaged()).hasSize(5).contains("damaged-20260106-120000-000-1");
  }

  private List<String> damaged() {
    return Stream.of(journal.toFile().list()).filter(name -> name.startsWith("damaged")).toList();
  }

  /** The journal is cut where a process is killed: what it appended is with the system. */
  @Test
  void storesComparisonsOfAProcessThatWasKilledOnce(@TempDir Path killed) throws Exception {
    maxBytes = 64 << 20;
    deploy(Ack.JOURNAL, away());
    var compared = new ArrayList<ShadowComparison>();
    for (int i = 0; i < 3_000; i++) compared.add(comparison("S" + i, i % 2 == 0, i % 4 < 2));
    for (int i = 0; i < compared.size(); i += 50) compared(compared.subList(i, i + 50));
    record(Predictions.of("S0"));
    try (var files = Files.walk(journal)) {
      for (var file : files.toList()) {
        Files.copy(
            file,
            killed.resolve(journal.relativize(file).toString()),
            StandardCopyOption.REPLACE_EXISTING);
      }
    }
    undeploy();
    var uri = TestDatabase.migrated();

    for (var left : List.of(killed, journal)) {
      journal = left;
      var next = deploy(Ack.JOURNAL, uri);
      Await.until(() -> next.waiting() == 0);
      assertThat(next.health().getInteger("recovered")).isEqualTo(1);
      assertThat(next.health().getBoolean("balanced")).isTrue();
      undeploy();
    }

    var disagreements =
        compared.stream().filter(one -> !one.agrees()).map(one -> one.id().toString()).toList();
    var ofCanary =
        compared.stream()
            .filter(ShadowComparison::canary)
            .map(one -> one.id().toString() + one.run())
            .toList();
    assertThat(TestDatabase.query(uri, "SELECT prediction_id FROM prediction_disagreements"))
        .containsExactlyInAnyOrderElementsOf(disagreements);
    assertThat(TestDatabase.query(uri, "SELECT prediction_id::text || run FROM canary_predictions"))
        .containsExactlyInAnyOrderElementsOf(ofCanary);
    assertThat(rows("dropped")).isZero();
    var last = deploy(Ack.JOURNAL, uri);
    assertThat(last.health().getInteger("recovered")).isZero();
    assertThat(last.waiting()).isZero();
    assertThat(last.keptAll()).isTrue();
  }

  @Test
  void leavesHalfOfTheJournalToPredictions() throws Exception {
    var verticle = deploy(Ack.JOURNAL, away());
    while (rows("dropped") == 0) {
      var some = new ArrayList<ShadowComparison>();
      for (int i = 0; i < 500; i++) some.add(comparison("S" + i, false, false));
      compared(some);
    }

    var journaled = verticle.health().getJsonObject("journal");
    assertThat(journaled.getInteger("bytes")).isBetween(maxBytes / 2, maxBytes * 3 / 4);
    assertThat(verticle.health().getInteger("comparisons"))
        .isGreaterThan(ComparisonWriter.CAPACITY);
    assertThat(verticle.keptAll()).as("those in memory").isFalse();
    assertThat(verticle.ready()).isTrue();
    assertThat(record(Predictions.many(100).toArray(Prediction[]::new))).isEmpty();
  }

  @Test
  void storesNoComparisonOfAnErasedShipment() throws Exception {
    deploy(Ack.JOURNAL, away());
    compared(List.of(comparison("gone-7", true, false), comparison("kept-7", true, false)));
    undeploy();
    var uri = TestDatabase.migrated();
    TestDatabase.execute(uri, "SELECT erase_shipment('gone-7', now())");
    assertThat(Directories.filesWith(journal, "gone-7")).isNotEmpty();

    var verticle = deploy(Ack.JOURNAL, uri);
    Await.until(() -> verticle.waiting() == 0);
    request(Bus.ERASE, "gone-7").await(60, SECONDS);
    assertThat(Directories.filesWith(journal, "gone-7")).as("the erasure").isEmpty();
    compared(List.of(comparison("gone-7", true, false), comparison("kept-8", true, false)));

    Await.until(() -> TestDatabase.query(uri, COMPARED).contains("kept-8"));
    assertThat(TestDatabase.query(uri, COMPARED)).containsExactly("kept-7", "kept-8");
    Await.until(() -> Directories.filesWith(journal, "gone-7").isEmpty());
  }

  /** Of a prediction a minute ago. */
  private static ShadowComparison comparison(String shipmentId, boolean canary, boolean agrees) {
    var at = Instant.now().minus(Duration.ofMinutes(1));
    var served = new ShadowComparison.Side("now", "CP1", 0.9, "3f9a1c2e");
    var shadow = new ShadowComparison.Side("next", agrees ? "CP1" : "CP2", 0.8, "1c2e3f9a");
    return new ShadowComparison(
        UuidCreator.getTimeOrderedEpoch(at),
        shipmentId,
        "560",
        canary,
        canary ? UUID.randomUUID() : null,
        served,
        shadow);
  }

  private void compared(List<ShadowComparison> all) throws Exception {
    request(Bus.COMPARED, new ComparisonBatch(all)).await(60, SECONDS);
  }

  private double rows(String outcome) {
    return registry.get("cp.shadow.rows").tag("outcome", outcome).counter().count();
  }

  private static String away() {
    return "postgresql://postgres@127.0.0.1:" + Ports.free() + "/postgres";
  }

  @Test
  void refusesAJournalThatIsInUse() throws Exception {
    var uri = TestDatabase.migrated();
    deploy(Ack.JOURNAL, uri);

    assertThatThrownBy(() -> deploy(Ack.JOURNAL, uri)).hasMessageContaining("in use by process");
  }

  @Test
  void dropsExpiredMonthsWhenTheRetentionChanges() throws Exception {
    var uri = TestDatabase.migrated();
    TestDatabase.execute(uri, "SELECT predictions_partition('2020-02-01')");
    var verticle = deploy(Ack.JOURNAL, uri);
    var months = "SELECT count(*) FROM pg_class WHERE relname = 'predictions_2020_02'";
    assertThat(TestDatabase.query(uri, months)).containsExactly("1");

    config =
        new PersistenceConfig(
            Ack.JOURNAL, whenFull, 500, Duration.ZERO, 100, Duration.ofSeconds(5), 30, 30, 0);
    verticle.applyRetention();

    Await.until(() -> TestDatabase.query(uri, months).equals(List.of("0")));
  }

  @Test
  void refusesToStartWithAMalformedUri() {
    assertThatThrownBy(() -> deploy(Ack.COMMIT, "mysql://db")).hasMessageContaining("database.uri");
  }

  private PersistenceVerticle deploy(Ack ack, String uri) throws Exception {
    return deploy(ack, uri, Duration.ofSeconds(5));
  }

  private PersistenceVerticle deploy(Ack ack, String uri, Duration statementTimeout)
      throws Exception {
    config = config(ack, 100_000, statementTimeout);
    var verticle =
        new PersistenceVerticle(
                () -> config,
                new JournalConfig(maxBytes, sync),
                journal,
                () -> uri,
                pool,
                new ServiceMetrics(registry, "test"),
                grace)
            .recordingDirectly(direct);
    deployed.add(vertx.deployVerticle(verticle).await(60, SECONDS));
    return verticle;
  }

  private PersistenceConfig config(Ack ack, int capacity, Duration statementTimeout) {
    return new PersistenceConfig(
        ack, whenFull, 500, Duration.ofMillis(20), capacity, statementTimeout, 0, 30, 0);
  }

  private void undeploy() throws Exception {
    for (var id : deployed) vertx.undeploy(id).await(30, SECONDS);
    deployed.clear();
  }

  /** Records predictions and returns the ids that were refused. */
  private List<UUID> record(Prediction... predictions) throws Exception {
    return kept(predictions).refused();
  }

  /** Records predictions and returns the ids that belong to another shipment. */
  private List<UUID> taken(Prediction... predictions) throws Exception {
    return kept(predictions).taken();
  }

  private Recorded kept(Prediction... predictions) throws Exception {
    return request(new RecordRequest(List.of(predictions))).await(60, SECONDS);
  }

  private static List<UUID> ids(Prediction... predictions) {
    return Stream.of(predictions).map(prediction -> prediction.request().id()).toList();
  }

  @Test
  void readsWithoutCompilingStatements(Vertx vertx) throws Exception {
    var options = DatabaseUri.parse(TestDatabase.create()).options();
    var database = new Database(vertx, options, pool, () -> Duration.ofSeconds(60));

    var rows = database.read("SHOW jit", Tuple.tuple()).await(60, SECONDS);

    assertThat(rows.iterator().next().getString(0)).isEqualTo("off");
    database.close().await(60, SECONDS);
  }

  @Test
  void leavesConnectionsToReadsOfPredictionsWhileReportsWait() throws Exception {
    var uri = TestDatabase.create();
    deploy(Ack.COMMIT, uri, Duration.ofMinutes(1));
    record(Predictions.of("S1"));
    var history =
        new JsonObject()
            .put("from", "2026-11-29T00:00:00Z")
            .put("to", "2026-11-30T00:00:00Z")
            .put("step_seconds", 60)
            .put("node", "");
    var weeks = new JsonObject().put("weeks", 12).put("prefix", "");
    var reports = new ArrayList<Future<Object>>();
    try (var connection = Jdbc.connect(uri)) {
      connection.setAutoCommit(false);
      try (var statement = connection.createStatement()) {
        statement.execute("LOCK TABLE service_minutes, outcome_counts IN ACCESS EXCLUSIVE MODE");
      }
      for (int i = 0; i < 9; i++) {
        reports.add(request(Bus.HISTORY, history));
        reports.add(request(Bus.OUTCOME_WEEKS, weeks)); // two run, 16 wait
      }
      reports.add(request(Bus.HISTORY, history));
      Await.until("a refusal", () -> reports.stream().anyMatch(this::refused));

      assertThat(reports).filteredOn(this::refused).hasSize(1);
      assertThat(stored("S1")).hasSize(1);
      assertThat(reports).noneMatch(Future::succeeded);
    }
    Await.until("the end of all", () -> reports.stream().allMatch(Future::isComplete));
    assertThat(request(Bus.HISTORY, history).await(60, SECONDS)).isNotNull();
  }

  private boolean refused(Future<Object> report) {
    return report.failed()
        && Failure.of(report.cause()) == Failure.OVERLOADED
        && report.cause().getMessage().contains("16 wait");
  }

  private JsonArray stored(String shipmentId) throws Exception {
    return (JsonArray) request(Bus.STORED, shipmentId).await(60, SECONDS);
  }

  private JsonArray popular(int count) throws Exception {
    return (JsonArray) request(Bus.POPULAR, count).await(60, SECONDS);
  }

  private Future<Recorded> request(RecordRequest request) {
    return record(request)
        .map(reply -> reply.results().get(0))
        .compose(
            recorded ->
                recorded.failure() == null
                    ? Future.succeededFuture(recorded)
                    : Future.failedFuture(recorded.failure()));
  }

  /** As the service does. */
  private Future<Recorded> requestDirectly(RecordRequest request) {
    var reply = direct.record(new RecordBatch(List.of(request)));
    return reply == null ? request(request) : reply.map(all -> all.results().get(0));
  }

  private Future<RecordReply> record(RecordRequest... requests) {
    var batch = new RecordBatch(List.of(requests));
    return Bus.ask(vertx, Bus.RECORD, batch, Deadline.in(Duration.ofSeconds(20)));
  }

  private Future<Object> request(String address, Object body) {
    return Bus.ask(vertx, address, body, Deadline.in(Duration.ofSeconds(20)));
  }

  private static void assertNotReady(Future<?> response) {
    assertThatThrownBy(() -> response.await(60, SECONDS))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
  }

  private static JsonObject json(Prediction prediction) {
    var alternatives = new JsonArray();
    prediction
        .alternatives()
        .forEach(
            a ->
                alternatives.add(
                    new JsonObject().put("cp", a.cp()).put("confidence", a.confidence())));
    return new JsonObject()
        .put("prediction_id", prediction.request().id().toString())
        .put("shipment_id", prediction.request().shipmentId())
        .put("cp", prediction.best().cp())
        .put("confidence", prediction.best().confidence())
        .put("alternatives", alternatives)
        .put("pincode", prediction.request().address().pincode())
        .put("pincode_doubt", 0.000123f)
        .put("pincode_believed", prediction.request().address().pincode())
        .put("prefix", prediction.belief().prefix())
        .put("prefix_source", "pincode")
        .put("model", prediction.model())
        .put("source", "model")
        .put("predicted_at", prediction.predictedAt().toString());
  }

  private static JsonObject address(String typed, String pincode) {
    return new JsonObject().put("address", typed).put("pincode", pincode);
  }
}
