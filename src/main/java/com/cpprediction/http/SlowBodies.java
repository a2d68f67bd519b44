package com.cpprediction.http;

import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Hangs up on callers whose body takes too long: the idle timeout never meets one that sends a byte
 * a second. Confined to one event loop.
 */
final class SlowBodies {
  private final Map<RoutingContext, Long> reading = new LinkedHashMap<>(); // oldest first
  private final long limitNanos;

  SlowBodies(Duration limit) {
    limitNanos = limit.toNanos();
  }

  /** The route handler before the body is read. */
  void begin(RoutingContext ctx) {
    reading.put(ctx, System.nanoTime());
    ctx.next();
  }

  /** The route handler after it. */
  void done(RoutingContext ctx) {
    forget(ctx);
    ctx.next();
  }

  void forget(RoutingContext ctx) {
    reading.remove(ctx);
  }

  /** Nothing was accepted yet from those that are still sending. */
  void hangUpAll() {
    var all = List.copyOf(reading.keySet());
    reading.clear();
    all.forEach(ctx -> ctx.request().connection().close());
  }

  void hangUp() {
    long now = System.nanoTime();
    for (var oldest = reading.entrySet().iterator(); oldest.hasNext(); ) {
      var entry = oldest.next();
      if (now - entry.getValue() < limitNanos) return;
      oldest.remove();
      entry.getKey().request().connection().close();
    }
  }
}
