package com.cpprediction.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;

/**
 * The log.
 *
 * @param levels {@code logger=level} each
 */
public record LogConfig(String level, List<String> levels, Format format, boolean requests) {
  /** The form of an event. */
  public enum Format {
    /** In words; the stack trace of an exception follows, indented. */
    PLAIN,
    /** One JSON object in one line. */
    JSON
  }

  public LogConfig {
    levels = List.copyOf(levels);
  }

  /** Level by logger. */
  public Map<String, String> byLogger() {
    var byLogger = new LinkedHashMap<String, String>();
    for (var pair : levels) byLogger.put(logger(pair), pair.substring(pair.indexOf('=') + 1));
    return byLogger;
  }

  /** The root logger has one name however it is spelt. */
  private static String logger(String pair) {
    var name = pair.substring(0, pair.indexOf('='));
    return name.equalsIgnoreCase(Logger.ROOT_LOGGER_NAME) ? Logger.ROOT_LOGGER_NAME : name;
  }
}
