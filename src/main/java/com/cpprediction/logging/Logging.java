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

/** Applies {@code log.*} to the log of this process, now and whenever it changes. */
public final class Logging {
  /** One line per HTTP request; a level of its own, so that it doesn't depend on the others'. */
  public static final String REQUESTS = "com.cpprediction.http.access";

  private static final String SERVICE = "com.cpprediction";
  private static final String CONSOLE = "CONSOLE";

  private static final Map<Logger, Level> replaced = new HashMap<>(); // by log.levels
  private static @Nullable Encoder<ILoggingEvent> plain; // null until there was another

  private Logging() {}

  /** From any thread. */
  public static synchronized void apply(LogConfig config) {
    bridge();
    var context = (LoggerContext) LoggerFactory.getILoggerFactory();
    replaced.forEach(Logger::setLevel);
    replaced.clear();
    context.getLogger(SERVICE).setLevel(Level.valueOf(config.level()));
    context.getLogger(REQUESTS).setLevel(config.requests() ? Level.INFO : Level.OFF);
    config
        .byLogger()
        .forEach(
            (name, level) -> {
              var logger = context.getLogger(name);
              replaced.putIfAbsent(logger, logger.getLevel());
              logger.setLevel(Level.valueOf(level));
            });
    format(context, config.format());
  }

  /** What libraries tell the JDK's own log goes the same way as everything else. */
  private static void bridge() {
    if (SLF4JBridgeHandler.isInstalled()) return;
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
  }

  private static void format(LoggerContext context, Format format) {
    var root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    if (!(root.getAppender(CONSOLE) instanceof ConsoleAppender<ILoggingEvent> console)) {
      return; // a logback.xml of the operator's own decides
    }
    boolean json = plain != null && console.getEncoder() != plain;
    if (json == (format == Format.JSON)) return;
    if (plain == null) plain = console.getEncoder();
    console.setEncoder(format == Format.JSON ? JsonLines.encoder(context) : plain);
  }
}
