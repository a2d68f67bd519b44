package com.cpprediction.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import com.cpprediction.config.LogConfig;
import com.cpprediction.config.LogConfig.Format;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Applies the {@code log.*} configuration to Logback. Thread-safe. */
public final class Logging {
  /** Logger of one line per HTTP request, with a level independent of the others. */
  public static final String REQUESTS = "com.cpprediction.http.access";

  private static final String SERVICE = "com.cpprediction";

  private static final Map<Logger, Level> overridden = new HashMap<>(); // by log.levels
  private static @Nullable Encoder<ILoggingEvent> originalEncoder; // set once replaced

  private Logging() {}

  public static synchronized void apply(LogConfig config) {
    bridge();
    var context = (LoggerContext) LoggerFactory.getILoggerFactory();
    overridden.forEach(Logger::setLevel);
    overridden.clear();
    context.getLogger(SERVICE).setLevel(Level.valueOf(config.level()));
    context.getLogger(REQUESTS).setLevel(config.requests() ? Level.INFO : Level.OFF);
    config
        .byLogger()
        .forEach(
            (name, level) -> {
              var logger = context.getLogger(name);
              overridden.putIfAbsent(logger, logger.getLevel());
              logger.setLevel(Level.valueOf(level));
            });
    format(context, config.format());
  }

  /** Runs {@code work} without the log of requests, before any caller's is served. */
  public static void withoutRequests(Runnable work) {
    var requests = ((LoggerContext) LoggerFactory.getILoggerFactory()).getLogger(REQUESTS);
    var level = requests.getLevel();
    requests.setLevel(Level.OFF);
    try {
      work.run();
    } finally {
      requests.setLevel(level);
    }
  }

  /** Routes java.util.logging, which libraries use, to SLF4J. */
  private static void bridge() {
    if (SLF4JBridgeHandler.isInstalled()) return;
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
  }

  private static void format(LoggerContext context, Format format) {
    var root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    if (!(root.getAppender(LogSetup.CONSOLE) instanceof ConsoleAppender<ILoggingEvent> console)) {
      return; // the operator's own configuration of Logback
    }
    boolean json = originalEncoder != null && console.getEncoder() != originalEncoder;
    if (json == (format == Format.JSON)) return;
    if (originalEncoder == null) originalEncoder = console.getEncoder();
    console.setEncoder(format == Format.JSON ? JsonLines.encoder(context) : originalEncoder);
  }
}
