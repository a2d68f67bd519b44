package com.cpprediction.logging;

import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;

/**
 * {@code %trace}: a stack trace with every line indented, so that text quoted from a caller can't
 * forge a log line.
 */
public final class IndentedTrace extends ThrowableProxyConverter {
  @Override
  public String convert(ILoggingEvent event) {
    var trace = super.convert(event);
    if (trace.isEmpty()) return trace;
    var lines = OneLine.of(trace.stripTrailing(), "\n\t").replace("\n", "\n\t");
    return "\t" + lines + "\n";
  }
}
