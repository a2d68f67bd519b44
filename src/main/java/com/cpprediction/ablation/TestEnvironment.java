package com.cpprediction.ablation;

import com.cpprediction.postgres.EmbeddedDatabase;
import com.cpprediction.postgres.ScratchDatabase;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Embedded PostgreSQL, shared by all measurements, and one service process at a time. Closing it
 * ends both and deletes their files; {@link #close} may be called on any thread, at any time.
 */
final class TestEnvironment implements AutoCloseable {
  /** Of a request: a batch without any optimisation takes longer than usual on a slow machine. */
  private static final long TIMEOUT_MILLIS = ServiceProcess.RESPONSE_TIMEOUT.toMillis();

  private static final String WRONG_PINCODES = "wrong_pincodes";

  /** Fixed, since an estimate moves with the traffic and with it the answers that are compared. */
  private static final double ASSUMED_WRONG = 0.01;

  private final List<String> command;
  private final Path models;
  private final HttpClient http = HttpClient.newHttpClient();
  private @Nullable Path directory; // null before start, as postgres
  private @Nullable EmbeddedDatabase postgres;
  private @Nullable ServiceProcess service; // null between measurements
  private @Nullable Thread user; // of the service
  private int services;
  private boolean closed;

  /**
   * @param command start of the service's command line
   * @param models release to serve, unless a variant names another
   */
  TestEnvironment(List<String> command, Path models) {
    this.command = List.copyOf(command);
    this.models = models;
  }

  /** Starts PostgreSQL. Blocks for seconds, and {@link #close} meanwhile. */
  synchronized void start() {
    if (closed) throw interrupted();
    try {
      directory = Files.createTempDirectory("cp-ablation");
    } catch (IOException e) {
      throw new AblationException("Cannot use a temporary directory: " + e.getMessage(), e);
    }
    postgres = EmbeddedDatabase.startForScratchDatabases(directory.resolve("database"), 0);
  }

  private static AblationException interrupted() {
    return new AblationException("Ended before it was done");
  }

  /** Use of a running service. */
  @FunctionalInterface
  interface Use<T> {
    T of(ServiceProcess service, ScratchDatabase database, ProcessHandle postgres)
        throws InterruptedException;
  }

  /**
   * Starts a service with the variant's configuration on an empty database, and ends it after use.
   *
   * @throws AblationException when starting fails, or the environment is closed meanwhile
   */
  <T> T with(Variant variant, Use<T> use) throws InterruptedException {
    var server = Objects.requireNonNull(postgres, "The environment is not started");
    var home = Objects.requireNonNull(directory).resolve("service-" + ++services);
    try (var database = ScratchDatabase.create(server, "ablation" + services);
        var started = start(home, config(variant, home, database))) {
      return use.of(started, database, process(server));
    } catch (InterruptedException e) {
      if (isClosed()) throw interrupted();
      throw e;
    } finally {
      forget(home);
    }
  }

  private static ProcessHandle process(EmbeddedDatabase server) {
    return server
        .process()
        .orElseThrow(() -> new AblationException("The embedded PostgreSQL has ended"));
  }

  private JsonObject config(Variant variant, Path home, ScratchDatabase database) {
    var config =
        new JsonObject()
            .put("data_dir", home.resolve("data").toString())
            .put("http", new JsonObject().put("host", "127.0.0.1").put("port", 0))
            .put("models", new JsonObject().put("dir", models.toString()))
            .put("cache", new JsonObject().put("warm_popular", 0)) // rows of earlier runs
            .put("database", new JsonObject().put("uri", database.uri()))
            .put("prediction", new JsonObject().put("timeout_ms", TIMEOUT_MILLIS))
            .mergeIn(variant.config().copy(), true);
    var prediction = config.getJsonObject("prediction");
    boolean fixed = prediction.getValue(WRONG_PINCODES) instanceof Number;
    if (!fixed) prediction.put(WRONG_PINCODES, ASSUMED_WRONG);
    return config;
  }

  private synchronized ServiceProcess start(Path home, JsonObject config) {
    if (closed) throw interrupted();
    service = ServiceProcess.start(command, home, config, http);
    user = Thread.currentThread();
    return service;
  }

  private synchronized void forget(Path home) {
    service = null;
    user = null;
    if (closed) Thread.interrupted(); // close interrupted the measurement, not its caller
    else delete(home);
  }

  /** Whether it was closed. */
  synchronized boolean isClosed() {
    return closed;
  }

  @Override
  public synchronized void close() {
    if (closed) return;
    closed = true;
    if (user != null) user.interrupt();
    if (service != null) service.close();
    if (postgres != null) postgres.close();
    if (directory != null) delete(directory);
  }

  private static void delete(Path tree) {
    if (!Files.exists(tree)) return;
    try (var files = Files.walk(tree)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot delete " + tree + ": " + e.getMessage(), e);
    }
  }
}
