package com.cpprediction.watch;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Polls files and acts on a change once two polls in a row have read the same: a file may be read
 * while it is written, and several files are replaced one after the other. Files are read on worker
 * threads; polls follow each other and never overlap.
 *
 * @param <T> the state of the files; equal where they hold the same
 */
public final class FileWatch<T> {
  private static final Logger log = LoggerFactory.getLogger(FileWatch.class);

  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static final Duration CONFIRMATION = Duration.ofMillis(250);

  /** Delay until the interval is asked for again while it is zero. */
  private static final Duration OFF = Duration.ofSeconds(1);

  private final String name;
  private final Supplier<T> read;
  private final Supplier<T> handled;
  private final Function<T, Future<?>> onChange;
  private final Supplier<Duration> interval;
  private final Supplier<Duration> confirmation;
  private final Scheduler<T> scheduler;
  private @Nullable T previous;
  private volatile boolean confirming;
  private volatile boolean watching;

  /** The threads and the clock of a watch. */
  interface Scheduler<T> {
    Future<T> executeBlocking(Supplier<T> read);

    void after(Duration delay, Runnable poll);
  }

  /**
   * A watch of a few small files: polls once a second, and again after 250 ms when they differ.
   *
   * @param name of the files, for the log
   * @param read reads the files; blocks
   * @param handled the state that was acted on last, accepted or refused; another one is a change
   * @param onChange acts on a change, which is polled again when it is not {@code handled}
   *     afterwards
   */
  public static <T> FileWatch<T> everySecond(
      Vertx vertx,
      String name,
      Supplier<T> read,
      Supplier<T> handled,
      Function<T, Future<?>> onChange) {
    return new FileWatch<>(
        name, read, handled, onChange, () -> INTERVAL, () -> CONFIRMATION, scheduler(vertx));
  }

  /**
   * As {@link #everySecond}, with one interval between all polls.
   *
   * @param interval asked for before each poll; zero while the files are not to be polled
   */
  public static <T> FileWatch<T> every(
      Supplier<Duration> interval,
      Vertx vertx,
      String name,
      Supplier<T> read,
      Supplier<T> handled,
      Function<T, Future<?>> onChange) {
    return new FileWatch<>(name, read, handled, onChange, interval, interval, scheduler(vertx));
  }

  FileWatch(
      String name,
      Supplier<T> read,
      Supplier<T> handled,
      Function<T, Future<?>> onChange,
      Supplier<Duration> interval,
      Supplier<Duration> confirmation,
      Scheduler<T> scheduler) {
    this.name = name;
    this.read = read;
    this.handled = handled;
    this.onChange = onChange;
    this.interval = interval;
    this.confirmation = confirmation;
    this.scheduler = scheduler;
  }

  /** Polls until {@link #stop}, on the Vert.x context of the caller. */
  public void start() {
    watching = true;
    schedule();
  }

  public void stop() {
    watching = false;
  }

  /** Polls once. Completes when the change that this poll confirmed, if any, has been acted on. */
  public Future<Void> poll() {
    return scheduler
        .executeBlocking(read)
        .compose(
            found ->
                confirmed(found) ? onChange.apply(found).mapEmpty() : Future.succeededFuture());
  }

  private void schedule() {
    if (!watching) return;
    var delay = confirming ? confirmation.get() : interval.get();
    if (delay.isZero()) scheduler.after(OFF, this::schedule);
    else scheduler.after(delay, this::pollAndSchedule);
  }

  private void pollAndSchedule() {
    if (!watching) return;
    poll()
        .onFailure(cause -> log.error("Cannot look at {}", name, cause))
        .onComplete(done -> schedule());
  }

  /** Whether {@code found} is a change, and the previous poll read it too. */
  private synchronized boolean confirmed(T found) {
    boolean same = found.equals(previous);
    previous = found;
    boolean changed = !found.equals(handled.get());
    confirming = changed && !same;
    return changed && same;
  }

  private static <T> Scheduler<T> scheduler(Vertx vertx) {
    return new Scheduler<>() {
      @Override
      public Future<T> executeBlocking(Supplier<T> read) {
        return vertx.executeBlocking(read::get, false);
      }

      @Override
      public void after(Duration delay, Runnable poll) {
        vertx.setTimer(delay.toMillis(), timer -> poll.run());
      }
    };
  }
}
