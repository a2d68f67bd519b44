package com.cpprediction.json;

import io.vertx.core.json.jackson.JacksonCodec;
import io.vertx.core.spi.JsonFactory;
import io.vertx.core.spi.json.JsonCodec;

/**
 * The JSON of Vert.x without data binding, which Jackson's databind would bring: it is on the class
 * path for the encoder of log lines, loads 100 classes at a start, and makes a serializer provider
 * for each document. Found by the service loader.
 */
public final class StreamingJson implements JsonFactory {
  private static final JsonCodec CODEC = new JacksonCodec();

  @Override
  public JsonCodec codec() {
    return CODEC;
  }
}
