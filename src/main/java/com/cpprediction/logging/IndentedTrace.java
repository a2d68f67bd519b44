package com.cpprediction.logging;

import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;

/**
 * {@code %trace}: a stack trace, every line of it indented, so that what an exception quotes of a
 * caller never begins a line as an event does.
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
