package com.cpprediction.terminal;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** A progress bar on standard error. Thread-safe. */
public final class ProgressLine implements Progress, AutoCloseable {
  private @Nullable ProgressBar bar;

  @Override
  public synchronized void begin(String what, int steps) {
    close();
    bar =
        new ProgressBarBuilder()
            .setTaskName(what)
            .setInitialMax(steps)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(250)
            .build();
  }

  @Override
  public synchronized void step(int count) {
    if (bar != null) bar.stepBy(count);
  }

  /**
   * Shows {@code steps} completed steps of the part and a text behind them; nothing once closed.
   */
  public synchronized void show(long steps, String text) {
    if (bar == null) return;
    bar.stepTo(steps);
    bar.setExtraMessage(text);
  }

  @Override
  public synchronized void close() {
    if (bar != null) bar.close();
    bar = null;
  }
}
