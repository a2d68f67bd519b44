package com.cpprediction.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/**
 * The live server process of a data directory, found by the {@code postmaster.pid} in there.
 *
 * @param data the data directory, absolute
 * @param alone whether it runs in single-user mode, as at each start: the id is negative then
 */
public record Postmaster(ProcessHandle process, Path data, boolean alone) {
  private static final long POLL_MILLIS = 50;

  /** Of {@code postmaster.pid}, from 0; PostgreSQL's miscadmin.h, LOCK_FILE_LINE_PORT. */
  private static final int PORT_LINE = 3;

  /** LOCK_FILE_LINE_PM_STATUS of the same, and what stands there (PM_STATUS_READY). */
  private static final int STATUS_LINE = 7;

  private static final String READY = "ready";

  /**
   * @param data the data directory, absolute
   * @return empty when no server runs on it, even where its process id lives on in another process
   */
  public static Optional<Postmaster> of(Path data) throws IOException {
    try (var lines = Files.lines(pidFile(data))) {
      return lines
          .findFirst()
          .map(line -> Long.parseLong(line.strip()))
          .flatMap(id -> ProcessHandle.of(Math.abs(id)).map(p -> new Postmaster(p, data, id < 0)))
          .filter(Postmaster::serves);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (NumberFormatException e) { // cut off by a crash; PostgreSQL itself says so too
      return Optional.empty();
    }
  }

  static Path pidFile(Path data) {
    return data.resolve("postmaster.pid");
  }

  /** The port it listens on; empty while it is starting or ending. */
  Optional<Integer> port() throws IOException {
    try (var lines = Files.lines(pidFile(data))) {
      return lines.skip(PORT_LINE).findFirst().map(line -> Integer.valueOf(line.strip()));
    } catch (NoSuchFileException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Whether it is up; not while it starts or recovers. */
  boolean takesConnections() throws IOException {
    try (var lines = Files.lines(pidFile(data))) {
      return lines.skip(STATUS_LINE).findFirst().filter(s -> s.strip().equals(READY)).isPresent();
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** False for a zombie, too: it has no command left. */
  private boolean serves() {
    var info = process.info();
    return process.isAlive()
        && info.command().filter(Postmaster::isServer).isPresent()
        && info.arguments()
            .filter(arguments -> Arrays.asList(arguments).contains(data.toString()))
            .isPresent();
  }

  /** Linux says so of a program whose file has been replaced, as by another version's, too. */
  private static boolean isServer(String command) {
    return command.replaceFirst(" \\(deleted\\)$", "").endsWith("/postgres");
  }

  /**
   * Stops it: first the way that ends its sessions and writes a checkpoint, then the way that
   * leaves recovery to the next start.
   *
   * @param fast how long to wait for the first
   * @param immediate how long to wait for the second
   * @return whether it is gone
   */
  boolean stop(Duration fast, Duration immediate) throws IOException {
    return signalled(alone ? "TERM" : "INT", fast) || signalled("QUIT", immediate);
  }

  private boolean signalled(String signal, Duration patience) throws IOException {
    long start = System.nanoTime();
    // The JDK sends TERM and KILL only; to PostgreSQL they mean "when the last session ends" and
    // "leave shared memory behind".
    new ProcessBuilder("/bin/sh", "-c", "kill -%s %d".formatted(signal, process.pid()))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
    try {
      // Nobody may ever reap it, so its end is not enough to wait for.
      while (serves()) {
        if (System.nanoTime() - start > patience.toNanos()) return false;
        Thread.sleep(POLL_MILLIS);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while PostgreSQL stopped", e);
    }
  }
}
