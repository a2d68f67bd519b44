package com.cpprediction.ablation;

import com.cpprediction.persistence.EmbeddedDatabase;
import com.cpprediction.persistence.ScratchDatabase;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/**
 * What every trial needs: a PostgreSQL of their own, shared by all, and one service at a time.
 * Closing it, from any thread and in the middle of a trial, leaves neither process nor file.
 */
final class TestEnvironment implements AutoCloseable {
  private final List<String> command;
  private final Path models;
  private final HttpClient http = HttpClient.newHttpClient();
  private Path directory; // these two from start to close
  private EmbeddedDatabase postgres;
  private ServiceProcess service; // null between two
  private Thread user; // the same
  private int services;
  private boolean closed;

  /**
   * @param command what begins a command line of the service
   * @param models the release that is served
   */
  TestEnvironment(List<String> command, Path models) {
    this.command = List.copyOf(command);
    this.models = models;
  }

  /** Starts PostgreSQL, which blocks for seconds, and {@link #close} as long. */
  synchronized void start() {
    if (closed) throw tooLate();
    try {
      directory = Files.createTempDirectory("cp-ablation");
    } catch (IOException e) {
      throw new AblationException("Cannot use a temporary directory: " + e.getMessage(), e);
    }
    postgres = EmbeddedDatabase.startForTrials(directory.resolve("database"), 0);
  }

  private static AblationException tooLate() {
    return new AblationException("Ended before it was done");
  }

  /** What a trial uses and leaves. */
  @FunctionalInterface
  interface Use<T> {
    T of(ServiceProcess service, ScratchDatabase database, ProcessHandle postgres)
        throws InterruptedException;
  }

  /**
   * Starts a service in {@code state} on an empty database, and ends it whatever happens.
   *
   * @throws AblationException when that fails, or the environment is closed meanwhile
   */
  <T> T with(State state, Use<T> use) throws InterruptedException {
    var home = directory.resolve("service-" + ++services);
    try (var database = ScratchDatabase.create(postgres, "ablation" + services);
        var started = start(home, config(state, home, database))) {
      return use.of(started, database, process());
    } catch (InterruptedException e) {
      if (ended()) throw tooLate();
      throw e;
    } finally {
      forget(home);
    }
  }

  private ProcessHandle process() {
    return postgres
        .process()
        .orElseThrow(() -> new AblationException("The embedded PostgreSQL has ended"));
  }

  private JsonObject config(State state, Path home, ScratchDatabase database) {
    return new JsonObject()
        .put("data_dir", home.resolve("data").toString())
        .put("http", new JsonObject().put("host", "127.0.0.1").put("port", 0))
        .put("models", new JsonObject().put("dir", models.toString()))
        .put("database", new JsonObject().put("uri", database.uri()))
        .mergeIn(state.config(), true);
  }

  private synchronized ServiceProcess start(Path home, JsonObject config) {
    if (closed) throw tooLate();
    service = ServiceProcess.start(command, home, config, http);
    user = Thread.currentThread();
    return service;
  }

  private synchronized void forget(Path home) {
    service = null;
    user = null;
    if (closed) Thread.interrupted(); // which was meant for the trial, not for what follows
    else delete(home);
  }

  /** Whether it was closed, so that nothing more can be measured. */
  synchronized boolean ended() {
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
