package com.cpprediction.tls;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.Reload;
import com.cpprediction.watch.FileWatch;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the identity in force and replaces it when its files change. Files that can't be used (cut
 * short, a key without its certificate, expired) are refused, and the identity in force stays.
 */
public final class IdentityWatcher {
  private final Vertx vertx;
  private final KeyFiles files;
  private final ServiceMetrics metrics;
  private final Clock clock;
  private final Logger log;
  private volatile Identity current;
  private volatile KeyFiles.Content handled; // accepted or refused
  private volatile String problem = ""; // why the files are refused, as last logged
  private volatile Function<Identity, Future<?>> server = // until the first is there
      fresh -> Future.failedFuture("there is no server yet");
  private final FileWatch<KeyFiles.Content> watch;

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
    metrics.lastReload(Reload.CERTIFICATE, () -> problem.isEmpty());
    watch =
        FileWatch.everySecond(vertx, files.toString(), files::read, () -> handled, this::change);
    handled = files.read();
    current = files.identity(vertx, handled);
    log.info("Certificate: {}", current.describe());
    if (current.expired(clock.instant())) log.warn("The certificate has expired");
  }

  /** The identity in force. */
  public Identity current() {
    return current;
  }

  /**
   * Watches the files until {@link #stop}.
   *
   * @param server serves another identity from now on; where that fails, the identity in force
   *     stays and the other one is tried again
   */
  public void start(Function<Identity, Future<?>> server) {
    this.server = server;
    watch.start();
  }

  public void stop() {
    watch.stop();
  }

  /** Polls once, as {@link FileWatch#poll}. */
  Future<Void> poll(Function<Identity, Future<?>> server) {
    this.server = server;
    return watch.poll();
  }

  private Future<Void> change(KeyFiles.Content found) {
    return vertx
        .executeBlocking(() -> usable(found), false)
        .onFailure(refusal -> handled = found)
        .compose(fresh -> serve(fresh).onSuccess(served -> handled = found))
        .onSuccess(served -> problem = "")
        .recover(this::refuse);
  }

  /** Blocks while keys and certificate are parsed. */
  private Identity usable(KeyFiles.Content found) {
    var fresh = files.identity(vertx, found);
    if (fresh.expired(clock.instant())) throw files.unusable("the certificate has expired");
    return fresh;
  }

  private Future<Void> serve(Identity fresh) {
    if (fresh.options().equals(current.options())) return Future.succeededFuture();
    return server
        .apply(fresh)
        .onSuccess(
            served -> {
              current = fresh;
              log.info("New connections get another certificate: {}", fresh.describe());
            })
        .mapEmpty();
  }

  /** Logs each problem once, however often the files change while it lasts. */
  private Future<Void> refuse(Throwable cause) {
    var message = String.valueOf(cause.getMessage());
    if (!message.equals(problem)) {
      problem = message;
      metrics.configReloadFailed();
      log.error("Refused another certificate, the last good one stays: {}", message);
    }
    return Future.succeededFuture();
  }
}
