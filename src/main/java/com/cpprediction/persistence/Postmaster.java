package com.cpprediction.persistence;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The live server process of a data directory, found by the {@code postmaster.pid} in there. */
record Postmaster(ProcessHandle process) {
  private static final Duration FAST = Duration.ofSeconds(10);
  private static final Duration IMMEDIATE = Duration.ofSeconds(10);

  /**
   * @param data the data directory, absolute
   * @return empty when no server runs on it, even where its process id lives on in another process
   */
  static Optional<Postmaster> of(Path data) throws IOException {
    var file = pidFile(data);
    if (!Files.exists(file)) return Optional.empty();
    try (var lines = Files.lines(file)) {
      return lines
          .findFirst()
          .flatMap(pid -> ProcessHandle.of(Long.parseLong(pid.strip())))
          .filter(process -> process.isAlive() && serves(process, data))
          .map(Postmaster::new);
    } catch (NumberFormatException e) { // cut off by a crash; PostgreSQL itself says so too
      return Optional.empty();
    }
  }

  static Path pidFile(Path data) {
    return data.resolve("postmaster.pid");
  }

  private static boolean serves(ProcessHandle process, Path data) {
    var info = process.info();
    return info.command().filter(command -> command.endsWith("/postgres")).isPresent()
        && info.arguments()
            .filter(arguments -> Arrays.asList(arguments).contains(data.toString()))
            .isPresent();
  }

  /**
   * Stops it: first the way that ends its sessions and writes a checkpoint, then the way that
   * leaves recovery to the next start.
   *
   * @throws DatabaseStartException when it is still there after both
   */
  void stop() throws IOException {
    if (signalled("INT", FAST) || signalled("QUIT", IMMEDIATE)) return;
    throw new DatabaseStartException(
        "The PostgreSQL of an earlier run (process %d) does not stop; end it by hand"
            .formatted(process.pid()));
  }

  private boolean signalled(String signal, Duration patience) throws IOException {
    // The JDK sends TERM and KILL only; to PostgreSQL they mean "when the last session ends" and
    // "leave shared memory behind".
    new ProcessBuilder("/bin/sh", "-c", "kill -%s %d".formatted(signal, process.pid()))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
    try {
      process.onExit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while PostgreSQL stopped", e);
    }
  }
}
