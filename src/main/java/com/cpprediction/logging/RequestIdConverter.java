package com.cpprediction.logging;

import ch.qos.logback.classic.pattern.ClassicConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;

/** {@code %requestId}: a space and the id in brackets, or nothing outside a request. */
public final class RequestIdConverter extends ClassicConverter {
  @Override
  public String convert(ILoggingEvent event) {
    var id = RequestId.current();
    return id == null ? "" : " [" + id + "]";
  }
}
