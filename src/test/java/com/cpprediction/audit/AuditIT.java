package com.cpprediction.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.postgres.Database;
import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The audit log in a real PostgreSQL. */
@ExtendWith(VertxExtension.class)
class AuditIT {
  @TempDir private Path directory;
  private final AtomicBoolean up = new AtomicBoolean();
  private Vertx vertx;
  private String uri;
  private AuditTable table;

  @BeforeEach
  void prepare(Vertx vertx) throws Exception {
    this.vertx = vertx;
    uri = TestDatabase.migrated();
    table =
        new AuditTable(
            new Database(
                vertx,
                DatabaseUri.parse(uri).options(),
                ServiceConfig.defaults().database().pool(),
                () -> Duration.ofSeconds(5)));
  }

  @Test
  void keepsEntriesOnDiskWhileTheDatabaseIsAwayAndStoresEachOnceAfterAKill() throws Exception {
    var file = directory.resolve("data/audit.ndjson");
    var log = new AuditLog(vertx, "n1", Clock.systemUTC());
    var first = recorder(file);
    var consumer =
        vertx
            .eventBus()
            .<JsonObject>localConsumer(
                Bus.AUDIT, message -> first.record(message.body()).onSuccess(message::reply));
    for (var action : List.of("reload", "promote", "clear-cache")) {
      var before = new JsonObject().put("release", "a1");
      log.record(new AuditEntry("ops", action, "560", before, null)).await();
    }
    consumer.unregister().await();
    Files.writeString(file, "{\"id\":\"torn", StandardOpenOption.APPEND);
    // the first recorder is killed here: nothing stops it, and its file stays as it is

    var second = recorder(file);
    second.record(new JsonObject(Files.readAllLines(file).get(0)).put("action", "late")).await();
    second.start();
    up.set(true);

    Await.until(() -> size(file), size -> size == 0);
    assertThat(actions()).containsExactly("reload", "promote", "clear-cache"); // "late" repeats it
    assertThat(
            TestDatabase.query(
                uri, "SELECT concat_ws(' ', node, caller, target, request_id) FROM audit_log"))
        .containsOnly("n1 ops 560 ");
    second.stop();
  }

  @Test
  void pagesThroughTheEntriesNewestFirstAndPassesOverARefusedOne() throws Exception {
    up.set(true);
    var file = directory.resolve("audit.ndjson");
    var recorder = recorder(file);
    var log = new AuditLog(vertx, "", Clock.systemUTC());
    vertx
        .eventBus()
        .<JsonObject>localConsumer(
            Bus.AUDIT, message -> recorder.record(message.body()).onSuccess(message::reply));
    var refused = new JsonObject().put("nul", "\u0000"); // PostgreSQL has no such text
    IntStream.range(0, 5)
        .forEach(
            i ->
                log.record(new AuditEntry("", "a" + i, "", null, i == 2 ? refused : null)).await());
    Await.until(() -> size(file), size -> size == 0);

    var newest = recorder.page(new JsonObject().put("limit", 2)).await();
    var last = newest.getJsonObject(1).getString("id");
    var older = recorder.page(new JsonObject().put("limit", 9).put("before", last)).await();

    assertThat(actions(newest)).containsExactly("a4", "a3");
    assertThat(actions(older)).containsExactly("a1", "a0");
    recorder.stop();
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private AuditRecorder recorder(Path file) {
    return new AuditRecorder(vertx, table, file, up::get);
  }

  private List<String> actions() throws Exception {
    return TestDatabase.query(uri, "SELECT action FROM audit_log ORDER BY id");
  }

  private static List<String> actions(JsonArray entries) {
    return entries.stream().map(entry -> ((JsonObject) entry).getString("action")).toList();
  }
}
