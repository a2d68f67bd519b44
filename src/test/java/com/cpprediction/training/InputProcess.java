package com.cpprediction.training;

import com.cpprediction.terminal.Progress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** A process that holds the rows of a file in a temporary file until it is killed. */
final class InputProcess implements AutoCloseable {
  static final int THREADS = 2;

  private static final String READY = "ready";

  private final Process process;

  private InputProcess(Process process) {
    this.process = process;
  }

  /**
   * Starts one that has read {@code data}, with its temporary file in {@code work}.
   *
   * @param heap megabytes
   * @param inMemory bytes of rows that stay in the heap
   */
  static InputProcess start(Path data, Path work, long heap, long inMemory) throws IOException {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx" + heap + "m",
                "-cp",
                System.getProperty("java.class.path"),
                InputProcess.class.getName(),
                data.toString(),
                work.toString(),
                Long.toString(inMemory))
            .redirectErrorStream(true)
            .start();
    var out = new BufferedReader(new InputStreamReader(process.getInputStream()));
    var said = out.readLine();
    if (READY.equals(said)) return new InputProcess(process);
    process.destroyForcibly();
    throw new IllegalStateException(said + out.lines().toList());
  }

  /**
   * @param arguments file of labelled addresses, directory of the temporary file, bytes of rows
   *     that stay in the heap
   */
  public static void main(String[] arguments) throws IOException {
    var options =
        new TrainingInput.Options(
            List.of(Path.of(arguments[0])), null, null, Path.of(arguments[1]));
    var limits = new TrainingInput.Limits(Long.parseLong(arguments[2]), Repeats.ROWS_PER_PASS);
    try {
      var input = TrainingInput.read(options, THREADS, Progress.NONE, limits);
      for (var prefix : input.prefixes()) input.rows(prefix).forEach(Objects::requireNonNull);
      System.out.println(READY);
    } catch (Throwable e) { // an OutOfMemoryError too
      System.out.println(e);
      throw e;
    }
    System.in.read();
  }

  /** Ends it with SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Ends it with SIGTERM. */
  void terminate() throws InterruptedException {
    process.destroy();
    process.waitFor();
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }
}
