package com.cpprediction.backup;

import com.cpprediction.terminal.Progress;

/** Shows how many bytes of rows were copied, and how fast. */
final class CopyProgress {
  private static final int MIB = 20; // bits

  private final Progress progress;
  private long begun;
  private long bytes;
  private int shown;

  CopyProgress(Progress progress) {
    this.progress = progress;
  }

  /** Begins a part whose end is not known. */
  void begin(String what) {
    begin(what, Progress.UNKNOWN);
  }

  /**
   * Begins a part.
   *
   * @param size of its rows in bytes
   */
  void begin(String what, long size) {
    begin(what, (int) Math.min(size >> MIB, Integer.MAX_VALUE));
  }

  private void begin(String what, int steps) {
    begun = System.nanoTime();
    bytes = 0;
    shown = 0;
    progress.begin(what + " (MiB)", steps);
  }

  /** Counts bytes copied. */
  void add(int copied) {
    bytes += copied;
    int done = (int) (bytes >> MIB);
    if (done == shown) return;
    progress.step(done - shown);
    shown = done;
    double seconds = (System.nanoTime() - begun) / 1e9;
    progress.note("%.1f MiB/s".formatted(done / seconds));
  }
}
