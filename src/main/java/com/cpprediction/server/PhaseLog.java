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

/**
 * The parts of a start or a stop: one that takes longer than expected is named in the log while it
 * goes on, so that an operator hears what is waited for. To be used from any thread.
 */
public final class PhaseLog implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PhaseLog.class);

  /** What an operator waits for without wondering. */
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
   * @param expected how long a phase may take without a line in the log
   */
  PhaseLog(Duration expected) {
    this.expected = expected;
    timer.setRemoveOnCancelPolicy(true);
    // A start that is ended goes on with its phases after the stop has closed this.
    timer.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
  }

  /**
   * Does {@code work} on the calling thread.
   *
   * @param name in the log, such as {@code loading models}
   */
  <T> T run(String name, Supplier<T> work) {
    var line = announce(name);
    try {
      return work.get();
    } finally {
      line.cancel(false);
    }
  }

  /** As {@link #run}, until what {@code work} begins has completed. */
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

  /** Phases going on that the log may yet name. */
  int waiting() {
    return timer.getQueue().size();
  }

  /** Gives its thread up. */
  @Override
  public void close() {
    timer.shutdownNow();
  }
}
