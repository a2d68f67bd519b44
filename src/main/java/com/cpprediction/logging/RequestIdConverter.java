package com.cpprediction.logging;

import ch.qos.logback.classic.pattern.ClassicConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;

/** {@code %requestId}: in brackets, after a space; nothing where there is none. */
public final class RequestIdConverter extends ClassicConverter {
  @Override
  public String convert(ILoggingEvent event) {
    var id = RequestId.current();
    return id == null ? "" : " [" + id + "]";
  }
}
