package com.cpprediction.http;

import com.cpprediction.logging.Logging;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code log.requests}: one line per HTTP request. Nothing in it is what a caller made up. */
final class AccessLog {
  private static final Logger log = LoggerFactory.getLogger(Logging.REQUESTS);
  private static final double NANOS_PER_MS = TimeUnit.MILLISECONDS.toNanos(1);

  private AccessLog() {}

  /** Whether there is a line for each request now. */
  static boolean on() {
    return log.isInfoEnabled();
  }

  /**
   * @param left whether the caller went before it was answered
   */
  static void ended(Exchange exchange, long nanos, boolean left) {
    if (!on()) return;
    var line =
        log.atInfo()
            .addKeyValue("method", exchange.method())
            .addKeyValue("route", exchange.route())
            .addKeyValue("status", exchange.status())
            .addKeyValue("ms", Math.round(nanos / NANOS_PER_MS * 1_000) / 1_000.0);
    if (exchange.source() != null) line = line.addKeyValue("source", exchange.source());
    line.log(left ? "Caller left" : "Answered");
  }
}
