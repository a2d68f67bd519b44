package com.cpprediction.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/**
 * The running server process of a data directory, found by its {@code postmaster.pid}.
 *
 * @param data the data directory, absolute
 * @param singleUser whether it runs in single-user mode; its id in the file is negative then
 */
public record Postmaster(ProcessHandle process, Path data, boolean singleUser) {
  private static final long POLL_MILLIS = 50;

  /** Line of {@code postmaster.pid}, from 0: LOCK_FILE_LINE_PORT of PostgreSQL's miscadmin.h. */
  private static final int PORT_LINE = 3;

  /** LOCK_FILE_LINE_PM_STATUS of the same. */
  private static final int STATUS_LINE = 7;

  private static final String READY = "ready"; // PM_STATUS_READY // PM_STATUS_READY

  /**
   * @param data the data directory, absolute * @return empty when no server runs on it, even when
   *     another process has its old id
   */
  public static Optional<Postmaster> of(Path data) throws IOException {
    try (var lines = Files.lines(pidFile(data))) {
      return lines
          .findFirst()
          .map(line -> Long.parseLong(line.strip()))
          .flatMap(id -> ProcessHandle.of(Math.abs(id)).map(p -> new Postmaster(p, data, id < 0)))
          .filter(Postmaster::isRunning);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (NumberFormatException e) { // truncated by a crash
      return Optional.empty();
    }
  }

  static Path pidFile(Path data) {
    return data.resolve("postmaster.pid");
  }

  /** The port; empty while the server starts or stops. */
  Optional<Integer> port() throws IOException {
    try (var lines = Files.lines(pidFile(data))) {
      return lines.skip(PORT_LINE).findFirst().map(line -> Integer.valueOf(line.strip()));
    } catch (NoSuchFileException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Whether the server accepts connections; false while it starts or recovers. */
  boolean isReady() throws IOException {
    try (var lines = Files.lines(pidFile(data))) {
      return lines.skip(STATUS_LINE).findFirst().filter(s -> s.strip().equals(READY)).isPresent();
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Whether the process is a server on {@code data}; false for a zombie, which has no command. */
  private boolean isRunning() {
    var info = process.info();
    return process.isAlive()
        && info.command().filter(Postmaster::isServer).isPresent()
        && info.arguments()
            .filter(arguments -> Arrays.asList(arguments).contains(data.toString()))
            .isPresent();
  }

  /** Linux appends {@code (deleted)} to the path of a program whose file was replaced. */
  private static boolean isServer(String command) {
    return command.replaceFirst(" \\(deleted\\)$", "").endsWith("/postgres");
  }

  /**
   * Stops the server: first by a fast shutdown, which ends its sessions and writes a checkpoint,
   * then by an immediate one, which leaves recovery to the next start.
   *
   * @param fast longest wait for the first
   * @param immediate longest wait for the second
   * @return whether the server has ended
   */
  boolean stop(Duration fast, Duration immediate) throws IOException {
    return signalAndWait(singleUser ? "TERM" : "INT", fast) || signalAndWait("QUIT", immediate);
  }

  private boolean signalAndWait(String signal, Duration timeout) throws IOException {
    long start = System.nanoTime();
    // The JDK sends TERM and KILL only: a smart shutdown, which waits for all sessions, and one
    // that leaks shared memory.
    new ProcessBuilder("/bin/sh", "-c", "kill -%s %d".formatted(signal, process.pid()))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
    try {
      // The process may stay a zombie, so waiting for its end is not enough.
      while (isRunning()) {
        if (System.nanoTime() - start > timeout.toNanos()) return false;
        Thread.sleep(POLL_MILLIS);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while PostgreSQL stopped", e);
    }
  }
}
