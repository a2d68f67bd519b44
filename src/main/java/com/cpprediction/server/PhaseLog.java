package com.cpprediction.server;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs a phase of the start or the stop that takes longer than expected. Thread-safe. */
final class PhaseLog implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PhaseLog.class);

  /** Duration of a phase that is not logged. */
  static final Duration EXPECTED = Duration.ofSeconds(2);

  private final Duration expected;
  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(
          1,
          task -> {
            var thread = new Thread(task, "phases");
            thread.setDaemon(true);
            return thread;
          });

  /**
   * @param expected maximum duration of a phase that is not logged
   */
  PhaseLog(Duration expected) {
    this.expected = expected;
    timer.setRemoveOnCancelPolicy(true);
    // After a stop has closed the log, a start in progress may still begin a phase.
    timer.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
  }

  /**
   * Runs a phase on the calling thread.
   *
   * @param name of the phase in the log, such as {@code loading models}
   */
  <T> T run(String name, Supplier<T> work) {
    var line = announce(name);
    try {
      return work.get();
    } finally {
      line.cancel(false);
    }
  }

  /** Runs an asynchronous phase; it ends when the future completes. */
  <T> Future<T> await(String name, Supplier<Future<T>> work) {
    var line = announce(name);
    try {
      return work.get().onComplete(done -> line.cancel(false));
    } catch (RuntimeException e) {
      line.cancel(false);
      throw e;
    }
  }

  private ScheduledFuture<?> announce(String name) {
    return timer.schedule(
        () -> log.info("Still {}, after {} ms", name, expected.toMillis()),
        expected.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  /** Number of running phases that are not logged yet. */
  int waiting() {
    return timer.getQueue().size();
  }

  /** Stops the timer thread. */
  @Override
  public void close() {
    timer.shutdownNow();
  }
}
