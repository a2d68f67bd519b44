package com.cpprediction.logging;

import ch.qos.logback.classic.pattern.ClassicConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;

/** {@code %oneLine}: the message and its key-value pairs, escaped into one line. */
public final class OneLineMessage extends ClassicConverter {
  @Override
  public String convert(ILoggingEvent event) {
    var message = OneLine.of(String.valueOf(event.getFormattedMessage()));
    var pairs = event.getKeyValuePairs();
    if (pairs == null || pairs.isEmpty()) return message;
    var line = new StringBuilder(message);
    for (var pair : pairs) {
      line.append(' ').append(pair.key).append('=').append(OneLine.of(String.valueOf(pair.value)));
    }
    return line.toString();
  }
}
