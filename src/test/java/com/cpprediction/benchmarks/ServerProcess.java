package com.cpprediction.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** A server under measurement in a JVM of its own, which prints where it listens. */
final class ServerProcess implements AutoCloseable {
  private static final Pattern READY = Pattern.compile("Ready: http://\\S+:(\\d+),.*");
  private static final Duration START = Duration.ofSeconds(90);
  private static final Duration STOP = Duration.ofSeconds(20);
  private static final long POLL_MILLIS = 20;

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Process process;
  private final Path output;
  private int port;

  /**
   * Starts one.
   *
   * @param options of the JVM
   * @param program class or {@code -jar} and file, and its arguments
   * @param directory where it works, and where its output goes
   */
  ServerProcess(List<String> options, List<String> program, Path directory) throws IOException {
    var command = new ArrayList<String>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(options);
    command.addAll(List.of("-Dai.djl.offline=true", "-DOPT_OUT_TRACKING=true"));
    command.addAll(program);
    output = directory.resolve("output.log");
    var builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().put("OPT_OUT_TRACKING", "true");
    builder.environment().keySet().removeIf(name -> name.startsWith("CP_"));
    process = builder.start();
  }

  /** Waits until it prints that it is ready. */
  void awaitReady() throws IOException, InterruptedException {
    long end = System.nanoTime() + START.toNanos();
    while (port == 0) {
      for (var line : Files.readAllLines(output)) {
        var ready = READY.matcher(line);
        if (ready.matches()) port = Integer.parseInt(ready.group(1));
      }
      if (port == 0 && (!process.isAlive() || System.nanoTime() > end)) {
        throw new IllegalStateException("not ready: " + Files.readString(output));
      }
      if (port == 0) Thread.sleep(POLL_MILLIS);
    }
  }

  int port() {
    return port;
  }

  long pid() {
    return process.pid();
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:%d%s".formatted(port, path));
  }

  /** Body of a response with status 200. */
  String send(String method, String path, String body) throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(uri(path))
            .header("Content-Type", "application/json")
            .method(
                method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
            .build();
    var response = http.send(request, BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      throw new IllegalStateException(path + ": " + response.statusCode() + response.body());
    }
    return response.body();
  }

  /** SIGTERM, then waits for its end. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)) process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Processor time and context switches of processes since their start, from {@code /proc}
   * (proc_pid_stat(5), proc_pid_status(5)).
   *
   * @param cpuMicros user and kernel mode, all threads; resolution 10 ms
   * @param switches voluntary and not, of the threads that live
   */
  record Usage(long cpuMicros, long switches) {
    private static final int FIRST_TIME = 11; // utime, after the command's parenthesis
    private static final int TIMES = 4; // stime, and both of ended children
    private static final long TICK_MICROS = 10_000;
    private static final String SWITCHES = "voluntary_ctxt_switches:"; // ends both lines' names

    static Usage of(long pid) {
      return new Usage(cpu(pid), switches(pid));
    }

    /** Of a process and its children; nothing where it is gone. */
    static Usage ofFamily(long pid) {
      var all = new Usage(cpu(pid), switches(pid));
      var children = ProcessHandle.of(pid).stream().flatMap(ProcessHandle::children).toList();
      for (var child : children) {
        var one = of(child.pid());
        all = new Usage(all.cpuMicros + one.cpuMicros, all.switches + one.switches);
      }
      return all;
    }

    Usage minus(Usage before) {
      return new Usage(cpuMicros - before.cpuMicros, switches - before.switches);
    }

    private static long cpu(long pid) {
      var stat = text(Path.of("/proc", Long.toString(pid), "stat"));
      if (stat.isEmpty()) return 0;
      var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      long ticks = 0;
      for (int i = 0; i < TIMES; i++) ticks += Long.parseLong(fields[FIRST_TIME + i]);
      return ticks * TICK_MICROS;
    }

    private static long switches(long pid) {
      long sum = 0;
      try (var tasks = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
        for (var task : (Iterable<Path>) tasks::iterator) {
          for (var line : text(task.resolve("status")).split("\n")) {
            int at = line.indexOf(SWITCHES);
            if (at >= 0) sum += Long.parseLong(line.substring(at + SWITCHES.length()).strip());
          }
        }
      } catch (NoSuchFileException e) { // the process has ended
        return 0;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return sum;
    }

    private static String text(Path file) {
      try {
        return Files.readString(file);
      } catch (IOException e) { // a thread or process that has ended meanwhile
        return "";
      }
    }
  }
}
