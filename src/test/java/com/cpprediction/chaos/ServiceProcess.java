package com.cpprediction.chaos;

import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The packaged service in a process of its own, on a port that stays, with the small release. */
final class ServiceProcess implements AutoCloseable {
  private static final String JAVA =
      System.getProperty("cp.java", ProcessHandle.current().info().command().orElseThrow());
  private static final Path JAR = Path.of(System.getProperty("cp.jar")).toAbsolutePath();

  /** So that a frozen process keeps no test waiting. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build();
  private final Path home;
  private final int port;
  private Process process;
  private int starts;

  private ServiceProcess(Path home, int port) {
    this.home = home;
    this.port = port;
  }

  /**
   * One that is configured, not started yet.
   *
   * @param home made here: configuration, data, logs
   * @param changes of the configuration, over what tests need
   */
  static ServiceProcess in(Path home, String databaseUri, JsonObject changes) throws IOException {
    var service = new ServiceProcess(home, Processes.freePort());
    var config =
        new JsonObject()
            .put("http", new JsonObject().put("port", service.port))
            .put("database", new JsonObject().put("uri", databaseUri))
            .put("models", new JsonObject().put("dir", SmallRelease.directory().toString()))
            .mergeIn(changes, true);
    Files.createDirectories(home.resolve("conf"));
    Files.writeString(home.resolve("conf/config.json"), config.encode());
    return service;
  }

  /** Starts it and waits until it listens, ready or not. */
  ServiceProcess start() throws Exception {
    var builder =
        new ProcessBuilder(
            List.of(
                JAVA,
                "-Xmx1g",
                "-Dai.djl.offline=true",
                "-DOPT_OUT_TRACKING=true",
                "-jar",
                JAR.toString(),
                "serve"));
    starts++;
    process =
        builder
            .directory(home.toFile())
            .redirectErrorStream(true)
            .redirectOutput(logFile().toFile())
            .start();
    Waiting.until("the service listens, see " + logFile(), this::listens);
    return this;
  }

  /** One file for each start. */
  private Path logFile() {
    return home.resolve("service-%d.log".formatted(starts));
  }

  private boolean listens() throws IOException {
    if (!process.isAlive()) throw new IllegalStateException("the service ended: " + log());
    return log().lines().anyMatch(line -> line.matches("(Ready|Listening): .*"));
  }

  /** What it wrote since its last start. */
  String log() throws IOException {
    return Files.readString(logFile());
  }

  int port() {
    return port;
  }

  boolean alive() {
    return process.isAlive();
  }

  boolean ready() throws Exception {
    return get("/health/ready").statusCode() == 200;
  }

  /** What {@code GET /health} says of storing. */
  JsonObject persistence() throws Exception {
    var checks = new JsonObject(get("/health").body()).getJsonObject("checks");
    return checks.getJsonObject("persistence", checks.getJsonObject("database"));
  }

  /** Rows accepted and not in PostgreSQL yet. */
  long waiting() throws Exception {
    var health = persistence();
    return health.getLong("waiting", health.getLong("queued"));
  }

  private java.net.http.HttpResponse<String> get(String path) throws Exception {
    var uri = URI.create("http://127.0.0.1:" + port + path);
    var request = HttpRequest.newBuilder(uri).timeout(PATIENCE).build();
    return http.send(request, BodyHandlers.ofString());
  }

  /** {@code kill -9}. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** SIGTERM, without waiting for what comes of it. */
  void terminate() {
    process.destroy();
  }

  /**
   * Waits for its end.
   *
   * @return whether it came in time
   */
  boolean ends(Duration within) throws InterruptedException {
    return process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() throws InterruptedException {
    if (process != null) kill();
  }
}
