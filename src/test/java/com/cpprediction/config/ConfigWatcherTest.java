package com.cpprediction.config;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.event.Level;
import org.slf4j.event.SubstituteLoggingEvent;
import org.slf4j.helpers.SubstituteLogger;

@ExtendWith(VertxExtension.class)
class ConfigWatcherTest {
  private static final Instant NOW = Instant.parse("2026-11-23T10:15:30Z");

  @TempDir Path dir;

  private final AtomicInteger refusals = new AtomicInteger();
  private final Queue<SubstituteLoggingEvent> log = new ConcurrentLinkedQueue<>();
  private final List<ServiceConfig> published = Collections.synchronizedList(new ArrayList<>());
  private Vertx vertx;
  private Path file;

  @BeforeEach
  void setUp(Vertx fresh) {
    vertx = fresh;
    file = dir.resolve("config.json");
  }

  @Test
  void anUnchangedFileChangesNothing() throws IOException {
    write(Samples.file(100));
    var watcher = watcher();

    poll(watcher);

    assertThat(published).isEmpty();
    assertThat(log).isEmpty();
  }

  @Test
  void aHotKeyIsAppliedAndPublished() throws IOException {
    write(Samples.file(100));
    var watcher = watcher();

    write(Samples.file(200));
    poll(watcher);
    poll(watcher);

    assertThat(Samples.hotValues(watcher.current())).containsOnly(200L);
    assertThat(published).containsExactly(watcher.current());
    assertThat(lastReload(watcher))
        .isEqualTo(new JsonObject().put("at", "" + NOW).put("outcome", "ok").put("error", null));
  }

  @Test
  void aRestartKeyKeepsItsRunningValue() throws IOException {
    write("{\"http\": {\"port\": 9000}}");
    var watcher = watcher();

    write("{\"http\": {\"port\": 9001}, \"cache\": {\"max_size\": 5}}");
    poll(watcher);

    assertThat(watcher.current().http().port()).isEqualTo(9000);
    assertThat(watcher.current().cache().maxSize()).isEqualTo(5);
    assertThat(watcher.toJson().getJsonArray("pending_restart"))
        .isEqualTo(JsonArray.of("http.port"));
    assertThat(value(watcher, "http.port"))
        .isEqualTo(
            new JsonObject()
                .put("value", 9000)
                .put("origin", "file")
                .put("variable", "CP_HTTP_PORT")
                .put("reload", "restart"));
  }

  @Test
  void aRestartKeySetBackIsNoLongerPending() throws IOException {
    var watcher = watcher();

    write("{\"http\": {\"port\": 9001}}");
    poll(watcher);
    write("{\"http\": {\"port\": 8000}}");
    poll(watcher);

    assertThat(watcher.toJson().getJsonArray("pending_restart")).isEmpty();
    assertThat(value(watcher, "http.port").getString("origin")).isEqualTo("file");
    assertThat(published).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{\"cache\": {\"max_si",
        "{\"cache\": {\"max_size\": -1}}",
        "{\"cahce\": {\"max_size\": 1}}",
        "{\"cache\": {\"max_size\": 1, \"max_size\": 2}}",
      })
  void anInvalidEditIsRefusedWholeAndOnce(String edit) throws IOException {
    write(Samples.file(100));
    var watcher = watcher();
    var before = watcher.current();

    write(edit);
    poll(watcher);
    poll(watcher);

    assertThat(watcher.current()).isSameAs(before);
    assertRefusals(1);
    assertThat(watcher.accepted()).isFalse();
    assertThat(lastReload(watcher).getString("outcome")).isEqualTo("refused");
    assertThat(lastReload(watcher).getString("error")).isNotBlank();
  }

  @Test
  void aDeletedFileIsARefusedEdit() throws IOException {
    write(Samples.file(100));
    var watcher = watcher();

    Files.delete(file);
    poll(watcher);
    poll(watcher);

    assertThat(Samples.hotValues(watcher.current())).containsOnly(100L);
    assertRefusals(1);
    assertThat(lastReload(watcher).getString("error")).isEqualTo("the file was deleted");
  }

  @Test
  void aValidEditClearsTheError() throws IOException {
    write(Samples.file(100));
    var watcher = watcher();

    write("{");
    poll(watcher);
    write("{]");
    poll(watcher);
    write(Samples.file(100));
    poll(watcher);

    assertRefusals(2);
    assertThat(watcher.accepted()).isTrue();
    assertThat(lastReload(watcher).getString("error")).isNull();
    assertThat(published).isEmpty();
  }

  @Test
  void aFileMayAppearLater() throws IOException {
    var watcher = watcher();
    poll(watcher);
    assertThat(log).isEmpty();

    write(Samples.file(300));
    poll(watcher);

    assertThat(Samples.hotValues(watcher.current())).containsOnly(300L);
  }

  @Test
  void theEnvironmentOverridesALaterEdit() throws IOException {
    var watcher = watcher(Map.of("CP_CACHE_MAX_SIZE", "7"));

    write(Samples.file(300));
    poll(watcher);

    assertThat(watcher.current().cache().maxSize()).isEqualTo(7);
    assertThat(watcher.current().persistence().batchSize()).isEqualTo(300);
    assertThat(value(watcher, "cache.max_size").getString("origin")).isEqualTo("environment");
  }

  @Test
  void oneFailingListenerDoesNotStopTheOthers() throws IOException {
    var watcher = watcher();
    watcher.onChange(
        Function.identity(),
        config -> {
          throw new IllegalStateException("boom");
        });
    watcher.onChange(Function.identity(), published::add);

    write(Samples.file(300));
    poll(watcher);

    assertThat(published).hasSize(2);
    assertThat(log).anyMatch(event -> event.getLevel() == Level.ERROR);
  }

  @Test
  void aListenerIsCalledForItsOwnValueOnly() throws IOException {
    write(Samples.file(100));
    var watcher = watcher();
    var sizes = new ArrayList<Integer>();
    watcher.onChange(config -> config.cache().maxSize(), sizes::add);

    write(Samples.file(100).replace("\"linger_ms\": 100", "\"linger_ms\": 50"));
    poll(watcher);
    assertThat(published).hasSize(1);
    assertThat(sizes).isEmpty();
    write(Samples.file(200));
    poll(watcher);

    assertThat(sizes).containsExactly(200);
  }

  @Test
  void aPasswordIsNeverShownOrLogged() throws IOException {
    write("{\"database\": {\"uri\": \"postgresql://cp:hunter2@db/cp\"}}");
    var watcher = watcher();

    write("{\"database\": {\"uri\": \"postgresql://cp:hunter3@db/cp\"}}");
    poll(watcher);
    var pending = watcher.toJson().encode();
    write("{\"database\": {\"uri\": \"postgresql://cp:hun@ter4@db/cp\"}}");
    poll(watcher);

    assertThat(pending + watcher.toJson().encode())
        .contains("postgresql://cp:***@db/cp", "\"pending_restart\":[\"database.uri\"]")
        .doesNotContain("hunter", "ter4");
    assertThat(log)
        .isNotEmpty()
        .allSatisfy(
            event ->
                assertThat(List.of(event.getArgumentArray()).toString())
                    .doesNotContain("hunter", "ter4"));
  }

  @Test
  void aChangedSecretIsAnEdit() throws IOException {
    var secret = Files.writeString(dir.resolve("secret"), "postgresql://cp:hunter2@db/cp");
    var watcher = watcher(Map.of("CP_DATABASE_URI_FILE", secret.toString()));

    Files.writeString(secret, "postgresql://cp:hunter3@db/cp\n");
    poll(watcher);
    poll(watcher);

    assertThat(watcher.toJson().getJsonArray("pending_restart"))
        .isEqualTo(JsonArray.of("database.uri"));
    assertThat(log).hasSize(1);
    assertThat(List.of(log.peek().getArgumentArray()).toString())
        .contains(secret.toString())
        .doesNotContain("hunter", file.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "postgres", "postgresql://cp:hunter3", "deleted"})
  void anInvalidSecretKeepsTheConfigurationAndIsLoggedOnce(String text) throws IOException {
    write(Samples.file(100));
    var secret = Files.writeString(dir.resolve("secret"), "postgresql://cp:hunter2@db/cp");
    var watcher = watcher(Map.of("CP_DATABASE_URI_FILE", secret.toString()));

    Files.writeString(secret, text);
    if (text.equals("deleted")) Files.delete(secret);
    write(Samples.file(200)); // valid by itself
    poll(watcher);
    poll(watcher);

    assertThat(Samples.hotValues(watcher.current())).containsOnly(100L);
    assertRefusals(1);
    assertThat(lastReload(watcher).getString("error"))
        .contains("CP_DATABASE_URI_FILE")
        .doesNotContain("hunter");

    Files.writeString(secret, "postgresql://cp:hunter2@db/cp");
    poll(watcher);

    assertThat(Samples.hotValues(watcher.current())).containsOnly(200L);
    assertThat(lastReload(watcher).getString("error")).isNull();
  }

  @Test
  void anEditIsAppliedOnceTwoPollsReadTheSame() throws IOException {
    write(Samples.file(100));
    var watcher = watcher();

    write(Samples.file(200));
    pollOnce(watcher);
    assertThat(Samples.hotValues(watcher.current())).containsOnly(100L);
    write(Samples.file(300));
    pollOnce(watcher);
    assertThat(Samples.hotValues(watcher.current())).containsOnly(100L);
    pollOnce(watcher);

    assertThat(Samples.hotValues(watcher.current())).containsOnly(300L);
    assertThat(published).hasSize(1);
  }

  @Test
  void aFileThatIsBeingWrittenInPlaceIsNotApplied() throws IOException {
    write(Samples.file(100));
    var watcher = watcher();
    var next = Samples.file(200);

    try (var writer = new RandomAccessFile(file.toFile(), "rw")) {
      int half = next.indexOf("200, \"ttl_seconds\"");
      writer.writeBytes(next.substring(0, half));
      pollOnce(watcher); // reads the first half of one file and the second of another: valid JSON
      writer.writeBytes(next.substring(half));
    }
    pollOnce(watcher);
    assertThat(Samples.hotValues(watcher.current())).containsOnly(100L);
    pollOnce(watcher);

    assertThat(Samples.hotValues(watcher.current())).containsOnly(200L);
    assertRefusals(0);
  }

  @Test
  void theFirstHalfOfASecretIsNotApplied() throws IOException {
    var secret = Files.writeString(dir.resolve("secret"), "postgresql://db/cp");
    var watcher = watcher(Map.of("CP_DATABASE_URI_FILE", secret.toString()));

    Files.writeString(secret, "postgresql://db/other");
    pollOnce(watcher);
    Files.writeString(secret, "postgresql://db/other?sslmode=verify-full");
    pollOnce(watcher);
    assertThat(watcher.toJson().getJsonArray("pending_restart")).isEmpty();
    pollOnce(watcher);

    assertThat(watcher.toJson().getJsonArray("pending_restart"))
        .isEqualTo(JsonArray.of("database.uri"));
    assertThat(log).hasSize(1);
  }

  @Test
  void anEditRevertedBeforeTheSecondPollIsNone() throws IOException {
    write(Samples.file(100));
    var watcher = watcher();

    write("{");
    pollOnce(watcher);
    write(Samples.file(100));
    poll(watcher);
    write("{");
    pollOnce(watcher);

    assertThat(log).isEmpty();
    pollOnce(watcher);
    assertRefusals(1);
  }

  @Test
  void anAbsentFileDoesNotCountAsDeletedWhenASecretChanges() throws IOException {
    var secret = Files.writeString(dir.resolve("secret"), "postgresql://db/cp");
    var watcher = watcher(Map.of("CP_DATABASE_URI_FILE", secret.toString()));

    Files.writeString(secret, "postgresql://db/other");
    poll(watcher);

    assertThat(lastReload(watcher).getString("outcome")).isEqualTo("ok");
  }

  @Test
  void theTimerFindsAnEdit() throws Exception {
    var watcher = watcher(Map.of("CP_HTTP_PROT", "1"));
    var arrived = Promise.<ServiceConfig>promise();
    watcher.onChange(Function.identity(), arrived::tryComplete);

    watcher.start();
    write(Samples.file(400));

    assertThat(Samples.hotValues(arrived.future().await(60, SECONDS))).containsOnly(400L);
    assertThat(log.peek().getMessage())
        .isEqualTo("CP_HTTP_PROT sets no key; did you mean CP_HTTP_PORT?");
    watcher.stop();
  }

  private void write(String text) throws IOException {
    var written = Files.writeString(dir.resolve("config.json.new"), text);
    Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private ConfigWatcher watcher() {
    return watcher(Map.of());
  }

  private ConfigWatcher watcher(Map<String, String> environment) {
    var loader = new ConfigLoader(file, false, environment);
    var watcher =
        new ConfigWatcher(
            vertx,
            loader,
            loader.load(),
            refusals::incrementAndGet,
            Clock.fixed(NOW, ZoneOffset.UTC),
            new SubstituteLogger("test", log, false));
    watcher.onChange(Function.identity(), published::add);
    return watcher;
  }

  private static void pollOnce(ConfigWatcher watcher) {
    watcher.poll().await();
  }

  /** Polls twice, as often as an edit needs. */
  private static void poll(ConfigWatcher watcher) {
    pollOnce(watcher);
    pollOnce(watcher);
  }

  private void assertRefusals(int count) {
    assertThat(log.stream().filter(event -> event.getLevel() == Level.ERROR)).hasSize(count);
    assertThat(refusals.get()).isEqualTo(count);
  }

  private static JsonObject lastReload(ConfigWatcher watcher) {
    return watcher.toJson().getJsonObject("last_reload");
  }

  private static JsonObject value(ConfigWatcher watcher, String key) {
    return watcher.toJson().getJsonObject("values").getJsonObject(key);
  }
}
