package com.cpprediction.persistence;

import com.cpprediction.postgres.Backoff;
import com.cpprediction.postgres.SqlFailure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows whether predictions can be stored, and works on it while they can't: migrates and probes,
 * with back-off, until both succeed, and then lets the writer go on. While all is well it probes
 * every second, so that an outage is known before the next prediction. To be used from one event
 * loop, {@link #status()} from any thread.
 */
final class DatabaseWatch implements BatchWriter.Listener {
  /**
   * @param up connected, migrated and writable
   * @param reason why it is down, in one of the words of {@link SqlFailure#reason}; null while up
   * @param detail the same in words for an operator, who may see hosts and users; null while up
   * @param since when that began
   */
  record Status(boolean up, String reason, String detail, Instant since) {
    /** The detail without what PostgreSQL or a driver said, which may name hosts and users. */
    String headline() {
      return DatabaseWatch.headline(detail);
    }
  }

  private static final Logger log = LoggerFactory.getLogger(DatabaseWatch.class);
  private static final long HEARTBEAT_MILLIS = 1_000;
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Vertx vertx;
  private final Clock clock;
  private final Callable<Void> migration;
  private final Supplier<Future<Void>> probe;
  private final Backoff backoff;
  private volatile Status status;
  private BatchWriter writer;
  private boolean recovering = true;
  private boolean probing;
  private long heartbeat;
  private boolean stopped;

  /**
   * @param migration may block; repeated whenever the database comes back
   * @param probe succeeds when rows can be inserted
   */
  DatabaseWatch(
      Vertx vertx,
      Clock clock,
      Callable<Void> migration,
      Supplier<Future<Void>> probe,
      Backoff backoff) {
    this.vertx = vertx;
    this.clock = clock;
    this.migration = migration;
    this.probe = probe;
    this.backoff = backoff;
    status = new Status(false, "unreachable", "Not connected to PostgreSQL yet", clock.instant());
  }

  /**
   * @param writer resumed whenever the database is fit for it
   * @return completes after the first try, whatever comes of it
   */
  Future<Void> start(BatchWriter writer) {
    this.writer = writer;
    heartbeat = vertx.setPeriodic(HEARTBEAT_MILLIS, timer -> beat());
    return tryNow().otherwiseEmpty();
  }

  Status status() {
    return status;
  }

  private void beat() {
    // Without waiting for the deadline, so that nobody is kept waiting for it either.
    if (status.up() && writer.waitsLongerThan(PATIENCE)) note(new TimeoutException());
    if (probing || recovering || writer.writing()) return; // each of them will tell
    probing = true;
    probe
        .get()
        .onComplete(done -> probing = false)
        .onFailure(
            cause -> {
              writer.hold();
              failed(cause);
            });
  }

  @Override
  public void worked() {
    backoff.reset();
    if (status.up()) return;
    status = new Status(true, null, null, clock.instant());
    log.info("Predictions can be stored");
  }

  @Override
  public void failed(Throwable cause) {
    note(cause);
    if (!recovering) tryLater(cause);
  }

  private Future<Void> tryNow() {
    return vertx
        .executeBlocking(migration, false)
        .compose(done -> probe.get())
        .onSuccess(
            done -> {
              recovering = false;
              writer.resume();
            })
        .onFailure(
            cause -> {
              note(cause);
              tryLater(cause);
            });
  }

  private void tryLater(Throwable cause) {
    recovering = true;
    vertx.setTimer(
        backoff.after(SqlFailure.of(cause)),
        timer -> {
          if (!stopped) tryNow();
        });
  }

  private void note(Throwable cause) {
    var before = status;
    var detail = SqlFailure.describe(cause);
    status =
        new Status(
            false,
            SqlFailure.reason(cause),
            detail,
            before.up() ? clock.instant() : before.since());
    if (before.up() || !status.headline().equals(before.headline())) {
      log.warn("Predictions can't be stored for now. {}", detail);
    }
  }

  /** What is the matter, without the wording that differs from driver to driver. */
  private static String headline(String detail) {
    int colon = detail.indexOf(':');
    return colon < 0 ? detail : detail.substring(0, colon);
  }

  void stop() {
    stopped = true;
    vertx.cancelTimer(heartbeat);
  }
}
