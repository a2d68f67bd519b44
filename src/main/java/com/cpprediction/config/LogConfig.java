package com.cpprediction.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.slf4j.Logger;

/**
 * @param level {@code trace} to {@code error}, of the service's own classes; hot; JSON: {@code
 *     log.level}
 * @param levels {@code logger=level}, each logger once, beating {@code level} and what is packaged;
 *     none that writes what callers send; hot; JSON: {@code log.levels}
 * @param format of each line; hot; JSON: {@code log.format}
 * @param requests whether every HTTP request is a line; hot; JSON: {@code log.requests}
 */
public record LogConfig(String level, List<String> levels, Format format, boolean requests) {
  /** How an event looks. */
  public enum Format {
    /** For people; the stack trace of an exception follows, indented. */
    PLAIN,
    /** One object in one line. */
    JSON;

    /** As the configuration writes it. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }

    static Format of(String label) {
      for (var format : values()) if (format.label().equals(label)) return format;
      throw new IllegalArgumentException(
          "log.format is \"%s\", must be \"plain\" or \"json\"".formatted(label));
    }
  }

  private static final List<String> LEVELS = List.of("trace", "debug", "info", "warn", "error");
  private static final String INDISCREET = "io.vertx.ext.web";
  private static final Pattern PAIR =
      Pattern.compile("^[A-Za-z_$][A-Za-z0-9_$.-]*=(trace|debug|info|warn|error|off)$");

  static final LogConfig DEFAULT = new LogConfig("info", List.of(), Format.PLAIN, false);

  public LogConfig {
    Check.oneOf("log.level", level, LEVELS);
    levels = List.copyOf(levels);
    for (var pair : levels) Check.text("log.levels", pair, PAIR);
    if (levels.stream().map(LogConfig::logger).distinct().count() < levels.size()) {
      throw new IllegalArgumentException("log.levels names a logger twice; name each once");
    }
    if (levels.stream().map(LogConfig::logger).anyMatch(name -> name.startsWith(INDISCREET))) {
      throw new IllegalArgumentException(
          "log.levels can't name %s: it writes what callers send, addresses too"
              .formatted(INDISCREET));
    }
  }

  /** Level by logger. */
  public Map<String, String> byLogger() {
    var byLogger = new LinkedHashMap<String, String>();
    for (var pair : levels) byLogger.put(logger(pair), pair.substring(pair.indexOf('=') + 1));
    return byLogger;
  }

  /** However it is written, {@code root} is one logger. */
  private static String logger(String pair) {
    var name = pair.substring(0, pair.indexOf('='));
    return name.equalsIgnoreCase(Logger.ROOT_LOGGER_NAME) ? Logger.ROOT_LOGGER_NAME : name;
  }
}
