package com.cpprediction.cli;

import com.cpprediction.training.Progress;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on standard error. Thread-safe. */
final class ProgressLine implements Progress, AutoCloseable {
  private ProgressBar bar;

  @Override
  public synchronized void begin(String what, int steps) {
    close();
    bar =
        new ProgressBarBuilder()
            .setTaskName(what)
            .setInitialMax(steps)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(500)
            .build();
  }

  @Override
  public synchronized void step(int count) {
    bar.stepBy(count);
  }

  @Override
  public synchronized void close() {
    if (bar != null) bar.close();
    bar = null;
  }
}
