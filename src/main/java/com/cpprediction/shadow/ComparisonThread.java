package com.cpprediction.shadow;

import com.cpprediction.prediction.Prediction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bounded queue of predictions to compare, and the thread that takes them from it. Queueing never
 * waits and wakes no thread. While the processors are busy the thread takes a twentieth of one of
 * them, so that a full queue sheds the rest. {@link #offer} is thread-safe.
 */
final class ComparisonThread {
  private static final Logger log = LoggerFactory.getLogger(ComparisonThread.class);

  static final int CAPACITY = 4_096; // predictions
  private static final int TOGETHER = 32; // predictions taken at once
  private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  /** Pause after each comparison while the processors are busy, as a multiple of its duration. */
  private static final int PAUSE_FACTOR = 19;

  /**
   * A prediction to compare.
   *
   * @param release that made it
   * @param canary whether that is the shadow release
   * @param run of the canary that sent it; null where there is none
   */
  record Sent(Prediction prediction, String release, boolean canary, Canary.@Nullable Run run) {}

  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final BlockingQueue<Sent> queue = new ArrayBlockingQueue<>(CAPACITY);
  private final Consumer<List<Sent>> compare;
  private final BooleanSupplier busy;
  private final Thread thread;
  private volatile boolean stopped;

  /**
   * @param compare compares and stores, on the thread
   * @param busy whether the processors are, asked on the thread
   */
  ComparisonThread(Consumer<List<Sent>> compare, BooleanSupplier busy) {
    this.compare = compare;
    this.busy = busy;
    thread = new Thread(this::run, "cp-shadow");
    thread.setDaemon(true);
    thread.setPriority(Thread.MIN_PRIORITY);
  }

  void start() {
    thread.start();
  }

  /** Queues {@code sent}; false where the queue is full. */
  boolean offer(Sent sent) {
    return queue.offer(sent);
  }

  /** Runs {@code task} on the thread, between two comparisons. Thread-safe. */
  void execute(Runnable task) {
    tasks.add(task);
  }

  /**
   * Removes predictions from the queue.
   *
   * @return number of them
   */
  int remove(Predicate<Sent> which) {
    var removed = new ArrayList<Sent>();
    queue.removeIf(sent -> which.test(sent) && removed.add(sent));
    return removed.size();
  }

  /** Predictions that wait. */
  int waiting() {
    return queue.size();
  }

  /**
   * Ends the thread after the predictions that it has taken. Blocks.
   *
   * @return number of predictions left in the queue
   */
  int stop(Duration within) {
    stopped = true;
    LockSupport.unpark(thread);
    try {
      thread.join(within.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return queue.size();
  }

  private void run() {
    var taken = new ArrayList<Sent>(TOGETHER);
    while (!stopped) {
      for (var task = tasks.poll(); task != null; task = tasks.poll()) run(task);
      queue.drainTo(taken, TOGETHER);
      if (taken.isEmpty()) {
        LockSupport.parkNanos(IDLE_NANOS);
        continue;
      }
      long start = System.nanoTime();
      try {
        compare.accept(List.copyOf(taken));
      } catch (RuntimeException | Error e) { // such as of a file cut short: the next are compared
        log.error("Cannot compare {} predictions", taken.size(), e);
      }
      taken.clear();
      if (!busy.getAsBoolean()) continue;
      long took = System.nanoTime() - start;
      LockSupport.parkNanos(Math.min(PAUSE_FACTOR * took, LONGEST_PAUSE_NANOS));
    }
  }

  private static void run(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) { // the thread goes on with the comparisons
      log.error("Cannot change the comparisons", e);
    }
  }
}
