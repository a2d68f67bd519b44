package com.cpprediction.serving;

import com.cpprediction.json.JsonBytes;
import com.cpprediction.prediction.Prediction.Source;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;

/** A response to a caller, over HTTP or the event bus. Confined to one context. */
public interface Reply {
  /** No bytes. */
  byte[] NONE = {};

  static Reply of(JsonObject json) {
    return () -> json;
  }

  /** The response as a message. */
  JsonObject json();

  /** Writes the same document as {@link #json}, byte for byte. */
  default void write(JsonBytes out) {
    out.raw(json().toBuffer().getBytes());
  }

  /**
   * Bytes that follow the document over HTTP, as the Open Inference Protocol has them; empty in all
   * other responses.
   */
  default byte[] binary() {
    return NONE;
  }

  /**
   * The nodes that served it and how far away they were, as a list of RFC 8941; empty where this
   * process is a node of its own.
   */
  default String servedBy() {
    return "";
  }

  /** Source of a single prediction; absent in other responses. */
  default @Nullable Source source() {
    return null;
  }
}
