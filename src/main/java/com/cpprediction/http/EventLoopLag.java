package com.cpprediction.http;

import com.cpprediction.metrics.ServiceMetrics;
import io.vertx.core.Vertx;
import java.util.concurrent.TimeUnit;

/** Measures the delay of timers on an event loop: a busy loop slows every request. */
final class EventLoopLag {
  private static final long INTERVAL_MS = 100;

  private final ServiceMetrics metrics;
  private long due;

  EventLoopLag(ServiceMetrics metrics) {
    this.metrics = metrics;
  }

  /** Runs until the calling verticle is undeployed. */
  void start(Vertx vertx) {
    schedule(vertx);
  }

  private void schedule(Vertx vertx) {
    due = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(INTERVAL_MS);
    vertx.setTimer(
        INTERVAL_MS,
        timer -> {
          metrics.loopDelayed(Math.max(0, System.nanoTime() - due));
          schedule(vertx);
        });
  }
}
