package com.cpprediction.persistence;

import com.cpprediction.postgres.Backoff;
import com.cpprediction.postgres.EncodingException;
import com.cpprediction.postgres.SqlFailure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tracks whether predictions can be stored. While the database is down it migrates and probes with
 * backoff until both succeed, then resumes the writer. While it is up an idle connection is probed
 * every second, so that an outage is detected before the next prediction. For use from one event
 * loop; {@link #status()} is thread-safe.
 */
final class DatabaseWatch implements BatchWriter.Listener {
  /**
   * @param up whether the database is reachable, migrated and writable
   * @param reason a word of {@link SqlFailure#reason}; empty while up
   * @param detail a sentence for an operator, which may name hosts and users; empty while up
   * @param since start of this state
   */
  record Status(boolean up, String reason, String detail, Instant since) {
    /** The detail without the driver's message, which may name hosts and users. */
    String headline() {
      return DatabaseWatch.headline(detail);
    }
  }

  private static final Logger log = LoggerFactory.getLogger(DatabaseWatch.class);
  private static final long PROBE_INTERVAL_MILLIS = 1_000;
  private static final Duration FROZEN_AFTER = Duration.ofSeconds(2);

  private final Vertx vertx;
  private final Clock clock;
  private final Callable<Void> migration;
  private final Supplier<Future<Void>> probe;
  private final Backoff backoff;
  private volatile Status status;
  private @Nullable BatchWriter writer;
  private boolean recovering = true;
  private boolean probing;
  private long probeTimer;
  private boolean stopped;

  /**
   * @param migration may block; runs after each outage
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
   * @param writer resumed whenever the database becomes available
   * @return completes after the first attempt, successful or not; fails with an {@link
   *     EncodingException} when nothing can ever be stored
   */
  Future<Void> start(BatchWriter writer) {
    this.writer = writer;
    probeTimer = vertx.setPeriodic(PROBE_INTERVAL_MILLIS, timer -> probeWhenIdle());
    return connect()
        .recover(
            cause ->
                cause instanceof EncodingException
                    ? Future.failedFuture(cause)
                    : Future.succeededFuture());
  }

  private BatchWriter writer() {
    return Objects.requireNonNull(writer, "not started");
  }

  Status status() {
    return status;
  }

  private void probeWhenIdle() {
    // Detects a frozen server before the statement deadline, so that requests fail fast.
    if (status.up() && writer().inFlightLongerThan(FROZEN_AFTER)) markDown(new TimeoutException());
    if (probing || recovering || writer().hasBatchInFlight())
      return; // their results show the state
    probing = true;
    probe
        .get()
        .onComplete(done -> probing = false)
        .onFailure(
            cause -> {
              writer().pause();
              unavailable(cause);
            });
  }

  @Override
  public void available() {
    backoff.reset();
    if (status.up()) return;
    status = new Status(true, "", "", clock.instant());
    log.info("Predictions can be stored");
  }

  @Override
  public void unavailable(Throwable cause) {
    markDown(cause);
    if (!recovering) scheduleConnect(cause);
  }

  private Future<Void> connect() {
    return vertx
        .executeBlocking(migration, false)
        .compose(done -> probe.get())
        .onSuccess(
            done -> {
              recovering = false;
              writer().resume();
            })
        .onFailure(
            cause -> {
              markDown(cause);
              scheduleConnect(cause);
            });
  }

  private void scheduleConnect(Throwable cause) {
    recovering = true;
    vertx.setTimer(
        backoff.after(SqlFailure.of(cause)),
        timer -> {
          if (!stopped) connect();
        });
  }

  private void markDown(Throwable cause) {
    var previous = status;
    var detail = SqlFailure.describe(cause);
    status =
        new Status(
            false,
            SqlFailure.reason(cause),
            detail,
            previous.up() ? clock.instant() : previous.since());
    if (previous.up() || !status.headline().equals(previous.headline())) {
      log.warn("Predictions can't be stored for now. {}", detail);
    }
  }

  /** The part before the driver's own message. */
  private static String headline(String detail) {
    int colon = detail.indexOf(':');
    return colon < 0 ? detail : detail.substring(0, colon);
  }

  void stop() {
    stopped = true;
    vertx.cancelTimer(probeTimer);
  }
}
