package com.cpprediction.ablation;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A service process on a free port. */
final class ServiceProcess implements AutoCloseable {
  /** Longest wait for a response. */
  static final Duration RESPONSE_TIMEOUT = Duration.ofSeconds(30);

  private static final Pattern LISTENING =
      Pattern.compile("(?:Ready|Listening): (http://\\S+:\\d+),.*");
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration STOP = Duration.ofSeconds(20);
  private static final long POLL_MILLIS = 20;
  private static final int LINES = 20;

  private final HttpClient http;
  private final CompletableFuture<URI> listening = new CompletableFuture<>();
  private final Deque<String> lastLines = new ArrayDeque<>();
  private final Process process;
  private @Nullable URI uri;

  private ServiceProcess(Process process, HttpClient http) {
    this.process = process;
    this.http = http;
    var reader = new Thread(this::read, "service-output");
    reader.setDaemon(true);
    reader.start();
  }

  /**
   * Starts a process without waiting for it.
   *
   * @param command start of the command line, such as {@code java -jar x.jar}
   * @param home directory for its configuration, created here
   * @param config content of {@code conf/config.json}; {@code CP_} variables are removed
   * @param http client for requests to it
   */
  static ServiceProcess start(List<String> command, Path home, JsonObject config, HttpClient http) {
    try {
      var file = Files.createDirectories(home.resolve("conf")).resolve("config.json");
      Files.writeString(file, config.encodePrettily());
      var arguments = new ArrayList<>(command);
      arguments.addAll(List.of("serve", "--conf", file.toString()));
      var builder =
          new ProcessBuilder(arguments).directory(home.toFile()).redirectErrorStream(true);
      builder.environment().keySet().removeIf(name -> name.startsWith("CP_"));
      return new ServiceProcess(builder.start(), http);
    } catch (IOException e) {
      throw new AblationException("Cannot start the service: " + e.getMessage(), e);
    }
  }

  private void read() {
    try (var lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (var line = lines.readLine(); line != null; line = lines.readLine()) keep(line);
      listening.completeExceptionally(new AblationException("The service ended" + output()));
    } catch (IOException e) {
      listening.completeExceptionally(new UncheckedIOException(e));
    }
  }

  private void keep(String line) {
    synchronized (lastLines) {
      lastLines.add(line);
      if (lastLines.size() > LINES) lastLines.remove();
    }
    var match = LISTENING.matcher(line);
    if (match.matches()) listening.complete(URI.create(match.group(1)));
  }

  /** Last lines of output, as the end of an error message. */
  private String output() {
    synchronized (lastLines) {
      return lastLines.isEmpty() ? "" : "; it said:\n  " + String.join("\n  ", lastLines);
    }
  }

  /**
   * Waits until the service is ready.
   *
   * @throws AblationException with its last output when it ends before, or after a minute
   */
  void awaitReady() throws InterruptedException {
    long end = System.nanoTime() + START.toNanos();
    try {
      uri = listening.get(START.toMillis(), TimeUnit.MILLISECONDS);
      while (get("/health/ready").statusCode() != 200) {
        if (System.nanoTime() > end) throw new TimeoutException();
        Thread.sleep(POLL_MILLIS);
      }
    } catch (TimeoutException e) {
      throw new AblationException(
          "The service is not ready after %d s%s".formatted(START.toSeconds(), output()), e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof AblationException known
          ? known
          : new AblationException("Cannot read the service's output: " + e.getCause(), e);
    }
  }

  /** Base URI, after {@link #awaitReady}. */
  URI uri() {
    return Objects.requireNonNull(uri, "The service is not ready");
  }

  ProcessHandle handle() {
    return process.toHandle();
  }

  /** State of persistence, from {@code GET /health}. */
  JsonObject persistence() throws InterruptedException {
    var health = json(get("/health"));
    return health.getJsonObject("checks").getJsonObject("persistence");
  }

  /**
   * Posts a JSON document.
   *
   * @throws AblationException when the response is not JSON with status 200
   */
  JsonObject post(String path, Buffer body) throws InterruptedException {
    var response =
        send(
            request(path)
                .header("content-type", "application/json")
                .POST(BodyPublishers.ofByteArray(body.getBytes())));
    if (response.statusCode() != 200) {
      throw new AblationException(
          "%s answered %d: %s".formatted(path, response.statusCode(), response.body()));
    }
    return json(response);
  }

  private static JsonObject json(HttpResponse<String> response) {
    try {
      return new JsonObject(response.body());
    } catch (DecodeException e) {
      throw new AblationException("%s gave no JSON".formatted(response.uri().getPath()), e);
    }
  }

  private HttpResponse<String> get(String path) throws InterruptedException {
    return send(request(path));
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(uri().resolve(path)).timeout(RESPONSE_TIMEOUT);
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws InterruptedException {
    try {
      return http.send(request.build(), BodyHandlers.ofString());
    } catch (IOException e) {
      throw new AblationException("The service does not answer (%s)%s".formatted(e, output()), e);
    }
  }

  /**
   * Stops the service with SIGTERM and waits for its end.
   *
   * @throws AblationException when it had ended before, or does not stop
   */
  void stop() throws InterruptedException {
    if (!process.isAlive()) {
      throw new AblationException(
          "The service ended with code %d%s".formatted(process.exitValue(), output()));
    }
    process.destroy();
    if (!process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)) {
      throw new AblationException("The service does not stop" + output());
    }
  }

  /** Kills the process if it still runs, and waits for its end. May be called on any thread. */
  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
