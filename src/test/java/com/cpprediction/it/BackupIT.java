package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.cli.CommandRun;
import com.cpprediction.cli.Main;
import com.cpprediction.persistence.Schema;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Jdbc;
import com.cpprediction.testing.SmallDisk;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code db backup} and {@code db restore}: from one database into another. */
class BackupIT {
  private static final String TABLES =
      """
      SELECT relname FROM pg_class
      WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
        AND NOT relispartition AND relname <> 'flyway_schema_history'
      ORDER BY 1
      """;

  /** Rows of every table with shipments: of A, and of B. Addresses have what COPY escapes. */
  private static final String ROWS =
      """
      SELECT predictions_partition('2025-04-01');
      INSERT INTO predictions (prediction_id, predicted_at, shipment_id, address, prefix, cp, confidence, alternatives,
                               fingerprint, source, pincode_doubt)
      SELECT gen_random_uuid(), at::timestamptz, id, E'MG Road\\t\\n\\\\.\\n\\\\N "à" मार्ग 🏠 ' || id, '560', 'CP1', 0.1 + 0.2,
             '[{"cp": "CP2", "confidence": 0.25}]', repeat('a', 64), 'model', 1e-7
      FROM unnest(ARRAY['2026-01-02', '2025-04-10', '1999-01-01']) AS at, unnest(ARRAY['A', 'B']) AS id;
      INSERT INTO refusals (refusal_id, refused_at, shipment_id, address, detail, confidence, guesses)
      SELECT gen_random_uuid(), '2026-01-02', id, 'MG Road', 'no pincode', 0, '[]' FROM unnest(ARRAY['A', 'B']) AS id;
      INSERT INTO prediction_rejects (prediction_id, prediction, error, sqlstate)
      SELECT gen_random_uuid(), jsonb_build_object('shipment_id', id, 'predicted_at', '2026-01-02T00:00:00Z'), 'long', '22001'
      FROM unnest(ARRAY['A', 'B']) AS id;
      INSERT INTO outcomes (shipment_id, cp, reported_at, result, look_at)
      SELECT id, 'CP1', '2026-01-03', 'unknown', '2026-01-04' FROM unnest(ARRAY['A', 'B']) AS id;
      INSERT INTO prediction_disagreements
      SELECT gen_random_uuid(), '2026-01-02', id, '560', false, 'CP1', 1, 'a', 'a', 'CP2', 'NaN', 'b', 'b'
      FROM unnest(ARRAY['A', 'B']) AS id;
      INSERT INTO canary_predictions
      SELECT gen_random_uuid(), '2026-01-02', id, 'a', 'b' FROM unnest(ARRAY['A', 'B']) AS id;
      INSERT INTO review_claims
      SELECT id, 'x', 'y', '2026-01-02', '2026-01-03', ARRAY['a b', NULL, '"'] FROM unnest(ARRAY['A', 'B']) AS id;
      INSERT INTO audit_log VALUES (gen_random_uuid(), now(), '', '', 'reload', '', '{"a": 1}', NULL, 'r')
      """;

  @RegisterExtension private static final TestService service = new TestService();

  @TempDir private Path directory;

  private final AtomicInteger files = new AtomicInteger();

  /** A configuration file that names a database. */
  private Path conf(String uri) throws IOException {
    var json = new JsonObject().put("database", new JsonObject().put("uri", uri));
    return conf(json);
  }

  private Path conf(JsonObject json) throws IOException {
    var file = directory.resolve("config-%d.json".formatted(files.incrementAndGet()));
    return Files.writeString(file, json.encode());
  }

  private Path file() {
    return directory.resolve("backup.zip");
  }

  private CommandRun backup(String uri) throws IOException {
    return db(uri, "backup", file().toString());
  }

  private CommandRun restore(String uri, String... more) throws IOException {
    var arguments = new ArrayList<>(List.of("restore", file().toString()));
    arguments.addAll(List.of(more));
    return db(uri, arguments.toArray(String[]::new));
  }

  private CommandRun db(String uri, String... arguments) throws IOException {
    var all = new ArrayList<>(List.of("db"));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--conf", conf(uri).toString()));
    return CommandRun.of(all.toArray(String[]::new));
  }

  private static void succeeds(CommandRun run) {
    assertThat(run.exit()).as(run.err()).isZero();
  }

  private static List<String> rows(String uri, String table) throws Exception {
    return TestDatabase.query(uri, "SELECT t::text FROM %s AS t ORDER BY 1".formatted(table));
  }

  private static void sameRows(String one, String other) throws Exception {
    for (var table : TestDatabase.query(one, TABLES)) {
      assertThat(rows(other, table)).as(table).isEqualTo(rows(one, table));
    }
  }

  private static void noRows(String uri) throws Exception {
    for (var table : TestDatabase.query(uri, TABLES)) {
      assertThat(rows(uri, table)).as(table).isEmpty();
    }
  }

  @Test
  void copiesAMomentOfARunningServiceWhichGoesOnElsewhere() throws Exception {
    var uri = service.databaseUri();
    TestDatabase.execute(uri, ROWS);
    TestDatabase.execute(uri, "SELECT erase_shipment('C', now())");
    var restored = TestDatabase.create();
    var loading = new AtomicBoolean(true);
    var sent = new AtomicInteger();
    var load = CompletableFuture.runAsync(() -> load(loading, sent));
    try {
      Await.until(() -> sent.get() > 20);
      succeeds(backup(uri));
      int during = sent.get();
      Await.until(() -> sent.get() > during + 20);
    } finally {
      loading.set(false);
    }
    load.join();
    succeeds(restore(restored));

    assertThat(rows(restored, "predictions")).hasSizeGreaterThan(20);
    for (var table : List.of("predictions", "outcomes", "erased_shipments")) {
      assertThat(new HashSet<>(rows(uri, table))).as(table).containsAll(rows(restored, table));
    }
    assertThat(rows(uri, "predictions").size())
        .isGreaterThan(rows(restored, "predictions").size() + 10);
    assertThat(
            TestDatabase.query(
                restored,
                "SELECT (SELECT sum(outcomes) FROM outcome_counts) = (SELECT count(*) FROM outcomes)"))
        .as("one moment of all tables")
        .containsExactly("t");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");

    service.stop(); // which writes a last row of its history
    succeeds(backup(uri));
    assertThat(restore(restored).err())
        .contains("The database has rows, in predictions, ", "or replace them with --force");
    succeeds(restore(restored, "--force"));
    sameRows(uri, restored);

    service.configure(new JsonObject().put("database", new JsonObject().put("uri", restored)));
    service.restart();
    assertThat(service.http().get("/predictions/L1").json().getJsonArray("predictions")).hasSize(1);
    assertThat(service.http().get("/predictions/A").json().getJsonArray("predictions")).hasSize(3);
    var late = service.http().post("/predict", shipment("after-restore"));
    assertThat(late.status()).isEqualTo(200);
    assertThat(service.http().get("/predictions/after-restore").status()).isEqualTo(200);
  }

  private static JsonObject shipment(String id) {
    var row = SmallRelease.rows().get(3);
    return Http.shipment(id, row.typed()).put("pincode", row.pincode());
  }

  private static void load(AtomicBoolean loading, AtomicInteger sent) {
    var http = service.http();
    while (loading.get()) {
      var id = "L" + (sent.get() + 1);
      assertThat(http.post("/predict", shipment(id)).status()).isEqualTo(200);
      var outcome = new JsonObject().put("shipment_id", id).put("cp", "CP1");
      var outcomes = new JsonObject().put("outcomes", JsonArray.of(outcome));
      assertThat(http.post("/outcomes", outcomes).status()).isEqualTo(200);
      sent.incrementAndGet();
    }
  }

  @Test
  void restoresEachRowWhateverTriggersWouldMakeOfIt() throws Exception {
    var uri = TestDatabase.migrated();
    TestDatabase.execute(uri, "SELECT erase_shipment('A', now())");
    TestDatabase.execute(uri, "ALTER TABLE predictions DISABLE TRIGGER USER");
    TestDatabase.execute(uri, "ALTER TABLE outcomes DISABLE TRIGGER USER");
    TestDatabase.execute(uri, ROWS); // older than the erasure: predictions_not_erased would delete
    TestDatabase.execute(
        uri, "INSERT INTO outcome_counts VALUES ('2026-01-03', '', '', 'unknown', 7)");
    var restored = TestDatabase.create();

    succeeds(backup(uri));
    succeeds(restore(restored));

    assertThat(rows(restored, "predictions")).hasSize(6);
    sameRows(uri, restored);
    TestDatabase.execute(
        restored,
        "INSERT INTO canary_predictions VALUES (gen_random_uuid(), '2026-01-02', 'A', 'a', 'b')");
    assertThat(rows(restored, "canary_predictions")).as("triggers are back").hasSize(1);
  }

  @Test
  void keepsErasedWhatWasErasedAfterTheBackup() throws Exception {
    var uri = TestDatabase.migrated();
    TestDatabase.execute(uri, ROWS);
    succeeds(backup(uri));
    TestDatabase.execute(uri, "SELECT erase_shipment('A', now())");
    var without = new TreeMap<String, List<String>>();
    for (var table : TestDatabase.query(uri, TABLES)) without.put(table, rows(uri, table));
    TestDatabase.execute(
        uri, "DELETE FROM predictions; DELETE FROM outcomes; DELETE FROM refusals");

    succeeds(restore(uri, "--force"));

    assertThat(without.get("predictions")).hasSize(3);
    assertThat(without.get("erased_shipments")).hasSize(1);
    without.remove("outcome_counts"); // A's day had two, and has one
    for (var table : without.keySet()) {
      assertThat(rows(uri, table)).as(table).isEqualTo(without.get(table));
    }
    assertThat(TestDatabase.query(uri, "SELECT sum(outcomes) FROM outcome_counts"))
        .containsExactly("1");
  }

  @Test
  void restoresAnEarlierSchemaAndMigratesIt() throws Exception {
    var uri = TestDatabase.create();
    Schema.migrateTo(uri, "3");
    TestDatabase.execute(
        uri,
        """
        SELECT predictions_partition('2031-04-01');
        INSERT INTO predictions
        VALUES (gen_random_uuid(), '2031-04-10', 'S1', 'MG Road', '560017', '560', 'CP1', 0.9, '[]', 'f', 'model')
        """);
    var restored = TestDatabase.create();
    var today = TestDatabase.migrated();

    succeeds(backup(uri));
    succeeds(restore(restored));
    var refused = restore(today);

    Schema.migrate(uri, 0);
    sameRows(uri, restored);
    assertThat(TestDatabase.query(restored, "SELECT count(*) FROM predictions_2031_04"))
        .containsExactly("1");
    assertThat(refused.exit()).isEqualTo(1);
    assertThat(refused.err())
        .contains("and the backup that of 3; restore into a database without tables");
    noRows(today);
  }

  @Test
  void movesTheEmbeddedDatabaseToAnotherDirectory() throws Exception {
    var uri = TestDatabase.migrated();
    TestDatabase.execute(uri, ROWS);
    succeeds(backup(uri));
    var embedded =
        conf(new JsonObject().put("data_dir", directory.resolve("data").toString())).toString();
    var again = directory.resolve("again.zip");

    var nothing = CommandRun.of("db", "backup", again.toString(), "--conf", embedded);
    succeeds(CommandRun.of("db", "restore", file().toString(), "--conf", embedded));
    var run = CommandRun.of("db", "backup", again.toString(), "--conf", embedded);

    assertThat(nothing.err()).contains("There is no database in data_dir");
    succeeds(run);
    assertThat(run.out()).matches("(?s)\\d+ rows of \\d+ tables written to .*again.zip\\s");
    assertThat(manifest(again).getJsonArray("tables"))
        .isEqualTo(manifest(file()).getJsonArray("tables"));
  }

  private static JsonObject manifest(Path file) throws IOException {
    try (var zip = new ZipFile(file.toFile());
        var in = zip.getInputStream(zip.getEntry("manifest.json"))) {
      return new JsonObject(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cut", "bit", "text", "rows", "later", "empty"})
  void refusesADamagedFileAndTouchesNothing(String damage) throws Exception {
    var uri = TestDatabase.migrated();
    TestDatabase.execute(uri, ROWS);
    succeeds(backup(uri));
    var target = TestDatabase.create();
    damage(damage);

    var run = restore(target);

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err())
        .hasLineCount(1)
        .containsAnyOf("damaged", "with the version that wrote it, or a later one");
    assertThat(TestDatabase.query(target, TABLES)).isEmpty();
  }

  private void damage(String how) throws IOException {
    var bytes = Files.readAllBytes(file());
    switch (how) {
      case "cut" -> Files.write(file(), Arrays.copyOf(bytes, bytes.length - 100));
      case "bit" -> {
        bytes[100] ^= 4; // of the rows of predictions, the first entry
        Files.write(file(), bytes);
      }
      case "text" -> Files.writeString(file(), "INSERT INTO predictions");
      case "empty" -> Files.write(file(), new byte[0]);
      case "rows" -> rewrite("predictions.copy", text -> text.replace("MG Road", "MG road"));
      default ->
          rewrite(
              "manifest.json",
              text -> text.replace("\"migrations\" : [", "\"migrations\" : [ \"999\","));
    }
  }

  /** Replaces an entry; the checksums of the ZIP file are those of the new one. */
  private void rewrite(String name, UnaryOperator<String> change) throws IOException {
    var copy = directory.resolve("rewritten.zip");
    try (var from = new ZipFile(file().toFile());
        var to = new ZipOutputStream(Files.newOutputStream(copy))) {
      for (var entry : Collections.list(from.entries())) {
        to.putNextEntry(new ZipEntry(entry.getName()));
        var content = from.getInputStream(entry).readAllBytes();
        if (entry.getName().equals(name)) {
          var text = new String(content, StandardCharsets.UTF_8);
          content = change.apply(text).getBytes(StandardCharsets.UTF_8);
        }
        to.write(content);
      }
    }
    Files.move(copy, file(), StandardCopyOption.REPLACE_EXISTING);
  }

  @Test
  void keepsTheBackupBeforeWhereTheDiskIsFull() throws Exception {
    var uri = TestDatabase.migrated();
    TestDatabase.execute(uri, ROWS);
    try (var disk = SmallDisk.mount(directory.resolve("disk"), 1)) {
      var file = disk.root().resolve("backup.zip");
      succeeds(db(uri, "backup", file.toString()));
      var before = Files.readAllBytes(file);
      TestDatabase.execute( // 3 MB that can't be compressed to 1
          uri,
          """
          INSERT INTO refusals (refusal_id, refused_at, shipment_id, address, detail, confidence, guesses)
          SELECT gen_random_uuid(), now(), 'S' || i, (SELECT string_agg(md5(random()::text || n || i), '')
                                                 FROM generate_series(1, 50) AS n),
                 '', 0, '[]'
          FROM generate_series(1, 2000) AS i
          """);

      var run = db(uri, "backup", file.toString());

      assertThat(run.exit()).isEqualTo(1);
      assertThat(run.err()).contains("Cannot write " + file, "No space left on device");
      assertThat(Files.readAllBytes(file)).isEqualTo(before);
      try (var left = Files.list(disk.root())) {
        assertThat(left).containsExactly(file);
      }
    }
  }

  @Test
  void leavesNothingHalfWhereItIsKilled() throws Exception {
    var uri = TestDatabase.migrated();
    TestDatabase.execute(uri, ROWS);
    try (var erasing = Jdbc.connect(uri);
        var statement = erasing.createStatement()) {
      erasing.setAutoCommit(false);
      statement.execute("LOCK TABLE erased_shipments"); // the last table of a backup

      killWaiting(uri, "backup", file().toString());
    }
    assertThat(file()).doesNotExist();
    assertThat(directory.resolve(".backup.zip.part")).isNotEmptyFile();

    succeeds(backup(uri));
    assertThat(directory.resolve(".backup.zip.part")).doesNotExist();

    var target = TestDatabase.migrated();
    TestDatabase.execute(
        target,
        """
        CREATE FUNCTION waits() RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM pg_advisory_xact_lock(4711);
          RETURN true;
        END
        $$;
        ALTER TABLE review_claims ADD CONSTRAINT waits CHECK (waits())
        """);
    try (var holder = Jdbc.connect(target);
        var statement = holder.createStatement()) {
      statement.execute("SELECT pg_advisory_lock(4711)");

      killWaiting(target, "restore", file().toString());
    }
    Await.until(() -> sessions(target).isEmpty());
    noRows(target);

    TestDatabase.execute(target, "ALTER TABLE review_claims DROP CONSTRAINT waits");
    succeeds(restore(target));
    sameRows(uri, target);
  }

  /** Kills the process of a command once it waits for a lock in the database. */
  private void killWaiting(String uri, String command, String file) throws Exception {
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var process =
        new ProcessBuilder(
                java,
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "db",
                command,
                file,
                "--conf",
                conf(uri).toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve(command + ".log").toFile())
            .start();
    try {
      Await.until(
          command + " waits",
          () -> {
            assertThat(process.isAlive()).isTrue();
            return sessions(uri).contains("Lock");
          });
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  /** What the other sessions of a database wait for. */
  private static List<String> sessions(String uri) throws Exception {
    return TestDatabase.query(
        uri,
        """
        SELECT coalesce(wait_event_type, '') FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
        """);
  }
}
