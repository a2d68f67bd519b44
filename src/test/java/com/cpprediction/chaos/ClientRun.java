package com.cpprediction.chaos;

import com.cpprediction.testing.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** An example program that predicts addresses, as long as it runs. */
final class ClientRun implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Process process;
  private final Path errors;
  private final Thread reader;
  private final List<Line> lines = new ArrayList<>(); // guarded by itself

  /**
   * A line that the program printed.
   *
   * @param number of the address, from 1
   * @param cp {@code -} for a failure
   * @param predictionId null for a failure
   */
  record Line(String number, String cp, UUID predictionId) {
    private static Line parse(String line) {
      var columns = line.split("\t");
      var id = columns[3].equals("-") ? null : UUID.fromString(columns[3]);
      return new Line(columns[0], columns[1], id);
    }
  }

  ClientRun(List<String> command, Path directory) throws IOException {
    errors = directory.resolve("client.log");
    process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    reader = new Thread(this::read, "client output");
    reader.start();
  }

  private void read() {
    var in = new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8);
    new BufferedReader(in).lines().forEach(this::add);
  }

  private void add(String line) {
    synchronized (lines) {
      lines.add(Line.parse(line));
    }
  }

  /** As many as fit in a pipe. */
  void send(List<String> addresses) throws IOException {
    var text = String.join("\n", addresses) + "\n";
    process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().flush();
  }

  void awaitLines(int count) throws Exception {
    Await.until(
        count + " results",
        () -> {
          if (!process.isAlive()) throw new IllegalStateException(Files.readString(errors));
          return lines().size() >= count;
        });
  }

  List<Line> lines() {
    synchronized (lines) {
      return List.copyOf(lines);
    }
  }

  /** Ends its input and waits for its end. */
  List<Line> finish() throws Exception {
    process.getOutputStream().close();
    if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS) || process.exitValue() != 0) {
      throw new IllegalStateException("ended badly or not at all: " + Files.readString(errors));
    }
    reader.join();
    return lines();
  }

  @Override
  public void close() throws Exception {
    process.destroyForcibly().waitFor();
    reader.join();
  }
}
