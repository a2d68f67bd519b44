package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.event.Level;
import org.slf4j.event.SubstituteLoggingEvent;
import org.slf4j.helpers.SubstituteLogger;

/**
 * The configuration in force is always that of one valid state of the files, whole. All hot values
 * of a valid file are the same number, so that a mix of two files shows.
 */
@ExtendWith(VertxExtension.class)
class ConfigEditsTest {
  private static final String SECRET = "postgresql://cp:secret@db/cp";

  @TempDir Path dir;

  private final AtomicInteger refusals = new AtomicInteger();
  private final Queue<SubstituteLoggingEvent> log = new ConcurrentLinkedQueue<>();
  private Vertx vertx;
  private Path file;
  private Path secret;

  /** A change of a valid file. */
  private enum Edit {
    GOOD,
    GOOD_AND_LONG,
    HALF_WRITTEN,
    EMPTIED,
    BLANK,
    DELETED,
    DUPLICATE_KEY,
    WRONG_TYPE,
    NULL_VALUE,
    OUT_OF_RANGE,
    UNKNOWN_KEY,
    DOTTED_KEY,
    BYTE_ORDER_MARK,
    TRAILING_GARBAGE,
    TWICE,
    NO_OBJECT,
    NO_UTF8,
    TOO_LARGE;

    boolean good() {
      return this == GOOD || this == GOOD_AND_LONG || this == BYTE_ORDER_MARK;
    }

    /** Whether a prefix of the bytes is a valid file, so that it must not be written in place. */
    boolean beginsWell() {
      return this == TRAILING_GARBAGE || this == TWICE || this == TOO_LARGE;
    }

    /** The bytes to write; null to delete the file. */
    byte[] of(int n, Random random) {
      var whole = Samples.file(n).strip();
      return switch (this) {
        case GOOD -> utf8(whole);
        case GOOD_AND_LONG -> utf8(whole.replace("\"cache\"", " ".repeat(40_000) + "\"cache\""));
        case HALF_WRITTEN -> utf8(whole.substring(0, 1 + random.nextInt(whole.length() - 1)));
        case EMPTIED -> new byte[0];
        case BLANK -> utf8(" \n");
        case DELETED -> null;
        case DUPLICATE_KEY -> utf8(whole.replace("\"linger_ms\"", "\"batch_size\""));
        case WRONG_TYPE -> utf8(whole.replaceFirst("_ms\": (\\d+)", "_ms\": \"$1\""));
        case NULL_VALUE -> utf8(whole.replaceFirst("_seconds\": \\d+", "_seconds\": null"));
        case OUT_OF_RANGE -> utf8(whole.replaceFirst("linger_ms\": \\d+", "linger_ms\": -1"));
        case UNKNOWN_KEY -> utf8(whole.replace("queue_capacity", "queue_capcity"));
        case DOTTED_KEY -> utf8(whole.replaceFirst("\\{", "{\"cache.max_size\": 1, "));
        case BYTE_ORDER_MARK -> utf8("\uFEFF" + whole);
        case TRAILING_GARBAGE -> utf8(whole + "}");
        case TWICE -> utf8(whole + "\n" + whole);
        case NO_OBJECT -> utf8("[" + whole + "]");
        case NO_UTF8 -> whole.getBytes(StandardCharsets.UTF_16);
        case TOO_LARGE -> utf8(whole + " ".repeat(1 << 20));
      };
    }

    private static byte[] utf8(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
  }

  @BeforeEach
  void setUp(Vertx fresh) throws IOException {
    vertx = fresh;
    file = dir.resolve("config.json");
    secret = Files.writeString(dir.resolve("secret"), SECRET);
    replace(file, Edit.GOOD.of(100, new Random()));
  }

  @Test
  void noPrefixOfAValidFileIsValid() throws IOException {
    var whole = Samples.file(100).strip();
    var loader = new ConfigLoader(file, true, Map.of());

    for (int length = 0; length < whole.length(); length++) {
      Files.writeString(file, whole.substring(0, length));
      assertThat(loader.check().errors()).as(whole.substring(0, length)).isNotEmpty();
    }

    Files.writeString(file, whole);
    assertThat(loader.check().errors()).isEmpty();
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42, 1234, 99_991})
  void isAlwaysTheLastValidStateAndEachInvalidOneIsLoggedOnce(long seed) throws IOException {
    var random = new Random(seed);
    var watcher = watcher();
    int written = 100;
    boolean goodFile = true;
    boolean goodSecret = true;
    int expected = 100;
    int refused = 0;
    var before = state();

    for (int edit = 0; edit < 150; edit++) {
      if (random.nextInt(5) > 0) {
        var kind = one(random);
        int n = number(random);
        put(file, kind.of(n, random), random);
        goodFile = kind.good();
        if (goodFile) written = n;
      } else {
        var text = List.of(SECRET, SECRET + "\n", "", "\n", "post", SECRET + "\u0007");
        int which = random.nextInt(text.size() + 1);
        boolean deleted = which == text.size();
        put(secret, deleted ? null : Edit.utf8(text.get(which)), random);
        goodSecret = which < 2;
      }
      for (int look = 2 + random.nextInt(3); look > 0; look--) watcher.poll().await();
      var now = state();
      boolean changed = !now.equals(before);
      boolean good = goodFile && goodSecret;
      if (changed && good) expected = written;
      if (changed && !good) refused++;
      before = now;

      assertThat(watcher.current()).isEqualTo(config(expected));
      assertThat(watcher.toJson().getJsonObject("last_reload").getString("outcome"))
          .isEqualTo(good ? "ok" : "refused");
      assertThat(refusalsLogged()).isEqualTo(refused);
      assertThat(refusalsCounted()).isEqualTo(refused);
    }
    assertThat(refused).isGreaterThan(50);
    assertThat(messages()).noneMatch(message -> message.contains("cp:secret"));
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void aReaderSeesOneWholeFileWhileFilesAreWrittenAndPolled(long seed) throws Exception {
    var watcher = watcher();
    Set<Long> valid = ConcurrentHashMap.newKeySet();
    valid.add(100L);
    Set<Long> seen = ConcurrentHashMap.newKeySet();
    var written = new AtomicBoolean();
    var looks = new Semaphore(0);
    var threads = Executors.newFixedThreadPool(2);

    var writing =
        threads.submit(
            (Callable<Void>)
                () -> {
                  try {
                    write(new Random(seed), valid, looks);
                    return null;
                  } finally {
                    written.set(true);
                  }
                });
    var reading =
        threads.submit(
            () -> {
              while (!written.get()) {
                var values = Set.copyOf(Samples.hotValues(watcher.current()));
                assertThat(values).as("a mix").hasSize(1);
                assertThat(valid.containsAll(values)).as("written: %s", values).isTrue();
                seen.addAll(values);
                Thread.yield();
              }
            });
    while (!written.get()) {
      watcher.poll().await();
      looks.release();
    }
    writing.get();
    reading.get();
    threads.shutdown();

    replace(file, Edit.GOOD.of(9_999, new Random()));
    watcher.poll().await();
    watcher.poll().await();
    assertThat(watcher.current()).isEqualTo(config(9_999));
    assertThat(seen).hasSizeGreaterThan(5); // many more where the reader has a core of its own
    assertThat(refusalsLogged()).isEqualTo(refusalsCounted()).isPositive();
  }

  /** 400 edits, some between two polls, some during one. */
  private void write(Random random, Set<Long> valid, Semaphore looks) throws Exception {
    for (int edit = 0; edit < 400; edit++) {
      var kind = one(random);
      int n = number(random);
      if (kind.good()) valid.add((long) n);
      if (kind.beginsWell()) replace(file, kind.of(n, random));
      else put(file, kind.of(n, random), random);
      looks.drainPermits();
      looks.acquire(random.nextInt(5));
    }
  }

  /** A valid one half of the time. */
  private static Edit one(Random random) {
    return random.nextBoolean()
        ? Edit.values()[random.nextInt(2)]
        : Edit.values()[random.nextInt(Edit.values().length)];
  }

  private static int number(Random random) {
    return 101 + random.nextInt(9_000);
  }

  /** By a rename, in place, or in place in two parts. */
  private void put(Path path, byte[] bytes, Random random) throws IOException {
    if (bytes == null) {
      Files.deleteIfExists(path);
      return;
    }
    switch (random.nextInt(3)) {
      case 0 -> replace(path, bytes);
      case 1 -> Files.write(path, bytes);
      default -> {
        int half = random.nextInt(bytes.length + 1);
        try (var out = Files.newOutputStream(path)) {
          out.write(bytes, 0, half);
          Thread.yield();
          out.write(bytes, half, bytes.length - half);
        }
      }
    }
  }

  private void replace(Path path, byte[] bytes) throws IOException {
    Files.move(
        Files.write(dir.resolve("new"), bytes),
        path,
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  /** Digests of the files, for comparison. */
  private List<Integer> state() throws IOException {
    return List.of(digest(file), digest(secret));
  }

  private static int digest(Path path) throws IOException {
    return Files.exists(path) ? Arrays.hashCode(Files.readAllBytes(path)) : 0;
  }

  private static ServiceConfig config(int n) {
    var document = new JsonObject(Samples.file(n));
    document.put("database", new JsonObject().put("uri", SECRET));
    return Configs.of(document);
  }

  private ConfigWatcher watcher() {
    var environment = Map.of("CP_DATABASE_URI_FILE", secret.toString());
    var loader = new ConfigLoader(file, true, environment);
    return new ConfigWatcher(
        vertx,
        loader,
        loader.load(),
        refusals::incrementAndGet,
        Clock.systemUTC(),
        new SubstituteLogger("test", log, false));
  }

  private long refusalsLogged() {
    return log.stream().filter(event -> event.getLevel() == Level.ERROR).count();
  }

  private long refusalsCounted() {
    return refusals.get();
  }

  private List<String> messages() {
    return log.stream().map(event -> Arrays.toString(event.getArgumentArray())).toList();
  }
}
