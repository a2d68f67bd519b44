package com.cpprediction.logging;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Context;
import ch.qos.logback.core.encoder.Encoder;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import net.logstash.logback.composite.AbstractFieldJsonProvider;
import net.logstash.logback.composite.loggingevent.KeyValuePairsJsonProvider;
import net.logstash.logback.composite.loggingevent.LogLevelJsonProvider;
import net.logstash.logback.composite.loggingevent.LoggerNameJsonProvider;
import net.logstash.logback.composite.loggingevent.LoggingEventFormattedTimestampJsonProvider;
import net.logstash.logback.composite.loggingevent.LoggingEventThreadNameJsonProvider;
import net.logstash.logback.composite.loggingevent.MessageJsonProvider;
import net.logstash.logback.composite.loggingevent.StackTraceJsonProvider;
import net.logstash.logback.encoder.LoggingEventCompositeJsonEncoder;

/** Encodes each log event as one line of JSON. */
final class JsonLines {
  private JsonLines() {}

  /** Writes {@code request_id}. */
  private static final class RequestIdField extends AbstractFieldJsonProvider<ILoggingEvent> {
    @Override
    public void writeTo(JsonGenerator generator, ILoggingEvent event) throws IOException {
      var id = RequestId.current();
      if (id != null) generator.writeStringField("request_id", id);
    }
  }

  /** Returns a started encoder. */
  static Encoder<ILoggingEvent> encoder(Context context) {
    var timestamp = new LoggingEventFormattedTimestampJsonProvider();
    timestamp.setFieldName("timestamp");
    timestamp.setTimeZone("UTC");
    timestamp.setPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'");
    var level = new LogLevelJsonProvider();
    var logger = new LoggerNameJsonProvider();
    logger.setFieldName("logger");
    var thread = new LoggingEventThreadNameJsonProvider();
    thread.setFieldName("thread");
    var trace = new StackTraceJsonProvider();
    trace.setFieldName("exception");

    var encoder = new LoggingEventCompositeJsonEncoder();
    encoder.setContext(context);
    encoder.setLineSeparator("\n");
    var fields = encoder.getProviders();
    fields.addProvider(timestamp);
    fields.addProvider(level);
    fields.addProvider(logger);
    fields.addProvider(thread);
    fields.addProvider(new RequestIdField());
    fields.addProvider(new MessageJsonProvider());
    fields.addProvider(new KeyValuePairsJsonProvider());
    fields.addProvider(trace);
    encoder.start();
    return encoder;
  }
}
