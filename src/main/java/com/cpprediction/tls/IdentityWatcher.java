package com.cpprediction.tls;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.Reload;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the identity in force and replaces it when its files change to another that can be used.
 * What can't (cut short, a key without its certificate, expired) is refused: the old one stays.
 */
public final class IdentityWatcher {
  private static final long INTERVAL_MS = 1_000;

  private final Vertx vertx;
  private final KeyFiles files;
  private final ServiceMetrics metrics;
  private final Clock clock;
  private final Logger log;
  private volatile Identity current;
  private KeyFiles.Content found; // last, good or bad; null when there was none, or none was taken
  private volatile String problem; // why that was refused
  private volatile boolean watching;

  /**
   * Blocks while it reads.
   *
   * @throws TlsException when the files can't be used
   */
  public IdentityWatcher(Vertx vertx, KeyFiles files, ServiceMetrics metrics, Clock clock) {
    this(vertx, files, metrics, clock, LoggerFactory.getLogger(IdentityWatcher.class));
  }

  IdentityWatcher(Vertx vertx, KeyFiles files, ServiceMetrics metrics, Clock clock, Logger log) {
    this.vertx = vertx;
    this.files = files;
    this.metrics = metrics;
    this.clock = clock;
    this.log = log;
    metrics.lastReload(Reload.CERTIFICATE, () -> problem == null);
    found = files.read();
    current = files.identity(vertx, found);
    log.info("Certificate: {}", current.describe());
    if (current.expired(clock.instant())) log.warn("The certificate has expired");
  }

  /** In force. */
  public Identity current() {
    return current;
  }

  /**
   * Looks at the files once a second until {@link #stop}.
   *
   * @param server takes another identity over; the old one stays where that fails
   */
  public void start(Function<Identity, Future<?>> server) {
    watching = true;
    schedule(server);
  }

  public void stop() {
    watching = false;
  }

  /** Completes once a change of the files is in force, or refused. */
  Future<Void> poll(Function<Identity, Future<?>> server) {
    return vertx
        .executeBlocking(this::changed, false)
        .compose(fresh -> fresh.isEmpty() ? Future.succeededFuture() : take(fresh.get(), server))
        .recover(this::refuse);
  }

  private void schedule(Function<Identity, Future<?>> server) {
    if (!watching) return;
    vertx.setTimer(INTERVAL_MS, timer -> poll(server).onComplete(done -> schedule(server)));
  }

  /** Blocks while it reads; returns another identity. */
  private synchronized Optional<Identity> changed() {
    var before = found;
    found = null;
    found = files.read();
    if (found.equals(before)) return Optional.empty();
    var fresh = files.identity(vertx, found);
    if (fresh.expired(clock.instant())) throw files.unusable("the certificate has expired");
    if (!fresh.options().equals(current.options())) return Optional.of(fresh);
    problem = null; // what was refused is gone
    return Optional.empty();
  }

  private Future<Void> take(Identity fresh, Function<Identity, Future<?>> server) {
    return server
        .apply(fresh)
        .map(
            taken -> {
              current = fresh;
              problem = null;
              log.info("New connections get another certificate: {}", fresh.describe());
              return null;
            })
        .onFailure(cause -> forget())
        .mapEmpty();
  }

  /** So that it is tried again. */
  private synchronized void forget() {
    found = null;
  }

  /** A file that is being written differs from look to look, its problem doesn't. */
  private Future<Void> refuse(Throwable cause) {
    var said = String.valueOf(cause.getMessage());
    if (!said.equals(problem)) {
      problem = said;
      metrics.configReloadFailed();
      log.error("Refused another certificate, the last good one stays: {}", said);
    }
    return Future.succeededFuture();
  }
}
