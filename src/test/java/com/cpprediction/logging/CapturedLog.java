package com.cpprediction.logging;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.AppenderBase;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Captures log events in both formats instead of printing them, until closed. */
public final class CapturedLog implements AutoCloseable {
  private final List<String> plain = new CopyOnWriteArrayList<>();
  private final List<String> json = new CopyOnWriteArrayList<>();
  private final ch.qos.logback.classic.Logger root;
  private final Appender<ILoggingEvent> console;
  private final Appender<ILoggingEvent> appender;

  public CapturedLog() {
    var context = (LoggerContext) LoggerFactory.getILoggerFactory();
    root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    console = root.getAppender("CONSOLE");
    var words = ((ConsoleAppender<ILoggingEvent>) console).getEncoder();
    var objects = JsonLines.encoder(context);
    appender =
        new AppenderBase<>() {
          @Override
          protected void append(
              ILoggingEvent event) { // on the logging thread, like the console appender
            plain.add(encoded(words, event));
            json.add(encoded(objects, event));
          }
        };
    appender.setContext(context);
    appender.start();
    root.addAppender(appender);
    root.detachAppender(console);
  }

  /** One element for each event. */
  public List<String> plain() {
    return List.copyOf(plain);
  }

  /** One element for each event. */
  public List<String> json() {
    return List.copyOf(json);
  }

  /** The JSON events, parsed. */
  public List<JsonObject> events() {
    return json.stream().map(JsonObject::new).toList();
  }

  @Override
  public void close() {
    root.addAppender(console);
    root.detachAppender(appender);
  }

  private static String encoded(Encoder<ILoggingEvent> encoder, ILoggingEvent event) {
    return new String(encoder.encode(event), StandardCharsets.UTF_8);
  }
}
