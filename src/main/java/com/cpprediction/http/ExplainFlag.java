package com.cpprediction.http;

import com.cpprediction.serving.ShipmentReader;
import io.vertx.core.MultiMap;

/** The wish for an explanation: {@code explain=true} in a query, or in the headers of a message. */
final class ExplainFlag {
  private static final String NAME = "explain";

  private ExplainFlag() {}

  /**
   * @throws com.cpprediction.prediction.ServiceException when it is neither true nor false
   */
  static boolean asked(MultiMap parameters) {
    var value = parameters.get(NAME);
    if (value == null || value.equals("false")) return false;
    if (value.equals("true")) return true;
    throw ShipmentReader.malformed("explain must be true or false");
  }
}
