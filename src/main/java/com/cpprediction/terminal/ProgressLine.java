package com.cpprediction.terminal;

import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * A progress bar on standard error, with the time that remains; nothing where that is no terminal.
 * Thread-safe.
 */
public final class ProgressLine implements Progress, AutoCloseable {
  private static final Pattern TERMINAL = Pattern.compile("/dev/(pts/\\d+|tty\\w*|console)");
  private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");

  private final boolean shown;
  private @Nullable ProgressBar bar;

  public ProgressLine() {
    this(isOnTerminal());
  }

  ProgressLine(boolean shown) {
    this.shown = shown;
  }

  /** {@link System#console} tells it of standard input and output only. */
  private static boolean isOnTerminal() {
    try {
      return isTerminal(Files.readSymbolicLink(STANDARD_ERROR).toString());
    } catch (IOException e) { // closed, or a system without /proc
      return isConsole();
    }
  }

  /** From JDK 22 on there is a console without a terminal, too; then it says so itself. */
  private static boolean isConsole() {
    var console = System.console();
    if (console == null) return false;
    try {
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (NoSuchMethodException e) { // an older JDK
      return true;
    } catch (ReflectiveOperationException e) {
      return false;
    }
  }

  /** Whether progress is shown at all. */
  public boolean isShown() {
    return shown;
  }

  /** Whether {@code device} is the path of a terminal. */
  static boolean isTerminal(String device) {
    return TERMINAL.matcher(device).matches();
  }

  @Override
  public synchronized void begin(String what, int steps) {
    close();
    if (!shown) return;
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

  @Override
  public synchronized void note(String text) {
    if (bar != null) bar.setExtraMessage(text);
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
