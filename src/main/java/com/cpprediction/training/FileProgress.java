package com.cpprediction.training;

import com.cpprediction.terminal.Progress;
import java.nio.file.Path;
import java.util.List;

/** Shows how many KiB of files are read, of how many, and rows per second. One thread. */
final class FileProgress {
  private static final int KIB = 10; // bits

  private final Progress progress;
  private final int steps;
  private long begun = System.nanoTime();
  private long bytes;
  private int shown;

  /**
   * @param files whose sizes are the total; it is unknown when one is a pipe or a device
   */
  FileProgress(Progress progress, List<Path> files) {
    this.progress = progress;
    var size = InputFiles.bytes(files);
    steps = size.isPresent() ? (int) (size.getAsLong() >> KIB) : Progress.UNKNOWN;
  }

  void begin(String what) {
    begun = System.nanoTime();
    progress.begin(what, steps);
  }

  /** Counts bytes read. */
  void add(long read) {
    bytes += read;
  }

  /**
   * Shows what is read.
   *
   * @param rows read so far
   */
  void show(long rows) {
    show((int) (bytes >> KIB), rows);
  }

  /** Shows that all is read. */
  void end(long rows) {
    show(steps, rows);
  }

  private void show(int done, long rows) {
    int within = steps == Progress.UNKNOWN ? done : Math.min(done, steps);
    if (within > shown) progress.step(within - shown);
    shown = Math.max(shown, within);
    double seconds = (System.nanoTime() - begun) / 1e9;
    progress.note("%,d rows/s".formatted(Math.round(rows / seconds)));
  }
}
