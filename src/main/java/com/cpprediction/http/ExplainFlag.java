package com.cpprediction.http;

import com.cpprediction.serving.ShipmentReader;
import io.vertx.core.MultiMap;

/** Request for an explanation: {@code explain=true} as query parameter or message header. */
final class ExplainFlag {
  private static final String NAME = "explain";

  private ExplainFlag() {}

  /**
   * @throws com.cpprediction.prediction.ServiceException for another value than true or false
   */
  static boolean requested(MultiMap parameters) {
    var value = parameters.get(NAME);
    if (value == null || value.equals("false")) return false;
    if (value.equals("true")) return true;
    throw ShipmentReader.malformed("explain must be true or false");
  }
}
