package com.cpprediction.chaos;

import io.vertx.core.Context;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/** Sends at a constant rate, whatever comes back, and makes up for what a stall kept it from. */
final class OpenLoop {
  private final long interval;
  private final LongConsumer send;
  private final long begun = System.nanoTime();
  private volatile boolean ended;
  private long sent;

  private OpenLoop(double rate, LongConsumer send) {
    interval = (long) (TimeUnit.SECONDS.toNanos(1) / rate);
    this.send = send;
  }

  /**
   * @param rate per second
   * @param send is called on {@code context} with the nanosecond that was meant for it
   */
  static OpenLoop begin(Context context, double rate, LongConsumer send) {
    var loop = new OpenLoop(rate, send);
    context.runOnContext(go -> context.owner().setPeriodic(1, loop::sendDue));
    return loop;
  }

  private void sendDue(long timer) {
    long now = System.nanoTime();
    for (; !ended && begun + sent * interval <= now; sent++) send.accept(begun + sent * interval);
  }

  /** Nothing is sent any more once a task that is submitted to the context after this has run. */
  void end() {
    ended = true;
  }
}
