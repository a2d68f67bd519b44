package com.cpprediction.http;

import io.vertx.core.json.JsonObject;

/** One thing the service needs in order to answer. Asked on an event loop: never blocks. */
public interface HealthCheck {
  /** The key in the health documents, such as {@code models}. */
  String name();

  /** Whether this allows requests to be answered now. */
  boolean ready();

  /** What an operator wants to know of it; free of secrets and of addresses. */
  JsonObject detail();
}
