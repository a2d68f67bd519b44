package com.cpprediction.logging;

import static ch.qos.logback.classic.spi.ConfiguratorRank.CUSTOM_NORMAL_PRIORITY;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.util.ContextInitializer;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.util.Map;
import org.slf4j.Logger;

/**
 * Configures Logback without its XML reader, which takes a tenth of a second of a start. The system
 * property {@code logback.configurationFile} names a file to use instead. Found by the service
 * loader.
 */
@ConfiguratorRank(CUSTOM_NORMAL_PRIORITY)
public final class LogSetup extends ContextAwareBase implements Configurator {
  static final String CONSOLE = "CONSOLE";

  private static final String PATTERN =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0}%requestId - %oneLine%n%trace";

  private static final Map<String, Level> LEVELS =
      Map.of(
          Logger.ROOT_LOGGER_NAME,
          Level.WARN,
          "com.cpprediction",
          Level.INFO,
          // Vert.x registers some gauges twice, and Micrometer warns of each.
          "io.micrometer.core.instrument.MeterRegistry",
          Level.ERROR,
          // The service logs which nodes joined and left; failed attempts to reach one are too
          // many.
          "com.hazelcast",
          Level.ERROR,
          "io.vertx.core.eventbus.impl.clustered",
          Level.ERROR,
          "io.vertx.core.net.impl.ConnectionBase",
          Level.OFF,
          // The journal reports its failures itself, once and in words.
          "org.apache.activemq",
          Level.OFF,
          // The service logs once that a receiver of traces is away.
          "io.opentelemetry",
          Level.OFF,
          // It advises to install a library that may be there; the service reports the cause.
          "ml.dmlc.xgboost4j.java.NativeLibLoader",
          Level.OFF,
          // Below WARN it logs requests, and an address may be anywhere in them.
          "io.vertx.ext.web",
          Level.WARN);

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    if (System.getProperty(ContextInitializer.CONFIG_FILE_PROPERTY) != null) {
      return ExecutionStatus.INVOKE_NEXT_IF_ANY;
    }
    context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(console(context));
    LEVELS.forEach((name, level) -> context.getLogger(name).setLevel(level));
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  private static ConsoleAppender<ILoggingEvent> console(LoggerContext context) {
    var layout = new PatternLayout();
    layout.setContext(context);
    layout.getInstanceConverterMap().put("requestId", RequestIdConverter::new);
    layout.getInstanceConverterMap().put("oneLine", OneLineMessage::new);
    layout.getInstanceConverterMap().put("trace", IndentedTrace::new);
    layout.setPattern(PATTERN);
    layout.start();
    var encoder = new LayoutWrappingEncoder<ILoggingEvent>();
    encoder.setContext(context);
    encoder.setLayout(layout);
    encoder.start();
    var console = new ConsoleAppender<ILoggingEvent>();
    console.setContext(context);
    console.setName(CONSOLE);
    console.setTarget("System.err");
    console.setEncoder(encoder);
    console.start();
    return console;
  }
}
