package com.cpprediction.testing;

import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;

/**
 * The packaged service in a process of its own, on a port that stays, with the small release unless
 * its configuration names another.
 */
public final class PackagedService extends TestResource {
  /** What an operator is told, wherever the process listens. */
  public static final String ADMIN_TOKEN = "token-of-the-chaos-tests";

  /** So that a frozen process keeps no test waiting. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build();
  private String scheme = "http";
  private final Callable<String> databaseUri;
  private final Launch launch;
  private final JsonObject config;
  private Process process;
  private int starts;
  private boolean frozen;

  /**
   * How its process is begun.
   *
   * @param within command that runs another one, such as in a network namespace; empty for none
   * @param heap such as {@code 400m}
   * @param host where it listens
   * @param port where it listens
   * @param arguments of {@code serve}
   */
  public record Launch(
      List<String> within, String heap, String host, int port, List<String> arguments) {
    static Launch alone() {
      return withHeap("1g");
    }

    public static Launch withHeap(String heap) {
      return new Launch(List.of(), heap, "127.0.0.1", Ports.free(), List.of());
    }

    private List<String> command() {
      var command = new ArrayList<>(within);
      command.addAll(
          PackagedJar.command("-Xmx" + heap, "-Dai.djl.offline=true", "-DOPT_OUT_TRACKING=true"));
      command.add("serve");
      command.addAll(arguments);
      return command;
    }
  }

  /**
   * @param databaseUri read at the first start, since a server before it may not run yet
   * @param changes of the configuration, over those that tests need
   */
  public PackagedService(Callable<String> databaseUri, JsonObject changes, Launch launch) {
    this.databaseUri = databaseUri;
    this.launch = launch;
    config =
        new JsonObject()
            .put(
                "http",
                new JsonObject()
                    .put("host", launch.host())
                    .put("port", launch.port())
                    .put("admin_token", ADMIN_TOKEN))
            .put("models", new JsonObject().put("dir", SmallRelease.directory().toString()))
            .mergeIn(changes, true);
  }

  public PackagedService(Callable<String> databaseUri, JsonObject changes) {
    this(databaseUri, changes, Launch.alone());
  }

  /**
   * Asks it over HTTPS from now on, which its configuration enables.
   *
   * @param tls trusts its certificate
   */
  public void secured(SSLContext tls) {
    http = HttpClient.newBuilder().connectTimeout(PATIENCE).sslContext(tls).build();
    scheme = "https";
  }

  /** Changes what it reads when it is started next, or at once what is hot. */
  public void configure(JsonObject changes) throws IOException {
    config.mergeIn(changes, true);
    if (starts > 0) writeConfig();
  }

  private void writeConfig() throws IOException {
    var directory = Files.createDirectories(directory().resolve("conf"));
    Files.writeString(directory.resolve("config.json"), config.encode());
  }

  /** Names another release, for its next start. */
  public void serve(Path release) throws IOException {
    var directory = release.toAbsolutePath().toString();
    configure(new JsonObject().put("models", new JsonObject().put("dir", directory)));
  }

  /** Starts it and waits until it listens, ready or not. */
  @Override
  public void start() throws Exception {
    begin();
    awaitListening();
  }

  /** Starts it and does not wait. */
  public void begin() throws Exception {
    if (starts++ == 0) {
      config.put("database", new JsonObject().put("uri", databaseUri.call()));
    }
    writeConfig();
    process =
        new ProcessBuilder(launch.command())
            .directory(directory().toFile())
            .redirectErrorStream(true)
            .redirectOutput(logFile().toFile())
            .start();
  }

  public void awaitListening() throws Exception {
    Await.until("the service listens, see " + logFile(), this::listens);
  }

  /** One file for each start. */
  private Path logFile() {
    return directory().resolve("service-%d.log".formatted(starts));
  }

  private boolean listens() throws IOException {
    if (!process.isAlive()) throw new IllegalStateException("the service ended: " + log());
    return log().lines().anyMatch(line -> line.matches("(Ready|Listening): .*"));
  }

  /** What it wrote since its last start. */
  public String log() throws IOException {
    return Files.readString(logFile());
  }

  public String host() {
    return launch.host();
  }

  public int port() {
    return launch.port();
  }

  /** Of its process, started and not waited for. */
  public long pid() {
    return process.pid();
  }

  public boolean alive() {
    return process != null && process.isAlive();
  }

  /** Alive and not frozen. */
  public boolean runs() {
    return alive() && !frozen;
  }

  public boolean ready() throws Exception {
    return get("/health/ready").statusCode() == 200;
  }

  /** What {@code GET /health} says of storing. */
  public JsonObject persistence() throws Exception {
    var checks = new JsonObject(get("/health").body()).getJsonObject("checks");
    return checks.getJsonObject("persistence", checks.getJsonObject("database"));
  }

  /** Rows accepted and not in PostgreSQL yet. */
  public long waiting() throws Exception {
    var health = persistence();
    return health.getLong("waiting", health.getLong("queued"));
  }

  /** Leases on models: requests that have not ended. */
  public int leases() throws Exception {
    return (int) Scrape.of(get("/metrics").body()).sum("cp_model_leases", labels -> true);
  }

  public HttpResponse<String> get(String path) throws Exception {
    return http.send(to(path).build(), BodyHandlers.ofString());
  }

  /**
   * @param headers names and values in turn
   */
  public HttpResponse<String> post(String path, JsonObject body, String... headers)
      throws Exception {
    var request = to(path);
    if (headers.length > 0) request.headers(headers);
    request.header("content-type", "application/json").POST(BodyPublishers.ofString(body.encode()));
    return http.send(request.build(), BodyHandlers.ofString());
  }

  public HttpResponse<String> delete(String path) throws Exception {
    return http.send(to(path).DELETE().build(), BodyHandlers.ofString());
  }

  private HttpRequest.Builder to(String path) {
    var uri = URI.create("%s://%s:%d%s".formatted(scheme, host(), port(), path));
    return HttpRequest.newBuilder(uri)
        .timeout(PATIENCE)
        .header("Authorization", "Bearer " + ADMIN_TOKEN);
  }

  /** {@code kill -9}. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
    frozen = false;
  }

  /** SIGSTOP. */
  public void freeze() {
    Processes.signal(process.toHandle(), "STOP");
    frozen = true;
  }

  /** SIGCONT. */
  public void thaw() {
    Processes.signal(process.toHandle(), "CONT");
    frozen = false;
  }

  /** SIGTERM, without waiting for what comes of it. */
  public void terminate() {
    process.destroy();
  }

  /**
   * Waits for its end.
   *
   * @return whether it came in time
   */
  public boolean ends(Duration within) throws InterruptedException {
    return process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  protected void end() throws InterruptedException {
    if (process != null) kill();
  }
}
