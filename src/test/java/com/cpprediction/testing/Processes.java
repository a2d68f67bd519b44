package com.cpprediction.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Signals and commands. */
public final class Processes {
  private Processes() {}

  /**
   * @param signal by name, without {@code SIG}; the JDK itself sends TERM and KILL only
   */
  public static void signal(ProcessHandle process, String signal) {
    run("/bin/sh", "-c", kill(process, signal));
  }

  /** As {@link #signal}, to one that may be gone. */
  public static void signalAny(ProcessHandle process, String signal) {
    output("/bin/sh", "-c", kill(process, signal));
  }

  private static String kill(ProcessHandle process, String signal) {
    return "kill -%s %d".formatted(signal, process.pid());
  }

  /** Runs a command to its end and fails with what it printed where it fails. */
  public static void run(String... command) {
    var ended = end(command);
    if (ended.code() != 0) {
      throw new IllegalStateException(String.join(" ", command) + ": " + ended.text());
    }
  }

  /** What a command printed; empty where it failed or is not there. */
  public static String output(String... command) {
    try {
      var ended = end(command);
      return ended.code() == 0 ? ended.text() : "";
    } catch (UncheckedIOException e) {
      return "";
    }
  }

  private record Ended(int code, String text) {}

  private static Ended end(String... command) {
    try {
      var process = new ProcessBuilder(command).redirectErrorStream(true).start();
      var text = new String(process.getInputStream().readAllBytes());
      return new Ended(process.waitFor(), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Gives the calling thread the smallest share of a busy processor. Linux only. */
  public static void yieldThread() {
    try {
      var thread = Files.readSymbolicLink(Path.of("/proc/thread-self")).getFileName();
      run("renice", "-n", "19", "-p", thread.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static boolean isRoot() throws IOException {
    return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
  }
}
