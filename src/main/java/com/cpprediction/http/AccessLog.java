package com.cpprediction.http;

import com.cpprediction.logging.Logging;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code log.requests}: one line per HTTP request, free of text that a caller chose. */
final class AccessLog {
  private static final Logger log = LoggerFactory.getLogger(Logging.REQUESTS);
  private static final double NANOS_PER_MS = TimeUnit.MILLISECONDS.toNanos(1);

  private AccessLog() {}

  static boolean enabled() {
    return log.isInfoEnabled();
  }

  /**
   * @param abandoned whether the caller disconnected before the response was complete
   */
  static void write(Exchange exchange, long nanos, boolean abandoned) {
    if (!enabled()) return;
    var line =
        log.atInfo()
            .addKeyValue("method", exchange.method())
            .addKeyValue("route", exchange.route())
            .addKeyValue("status", exchange.status())
            .addKeyValue("ms", Math.round(nanos / NANOS_PER_MS * 1_000) / 1_000.0);
    if (exchange.source() != null) line = line.addKeyValue("source", exchange.source().label());
    line.log(abandoned ? "Caller left" : "Answered");
  }
}
