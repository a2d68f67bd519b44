package com.cpprediction.serving;

import io.vertx.core.json.JsonObject;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * One thing the service needs in order to answer. Asked on an event loop: never blocks.
 *
 * @param name the key in the health documents, such as {@code models}
 * @param ready whether this allows requests to be answered now
 * @param degraded what does not work though others are answered, in a sentence; empty when all
 *     does. Free of secrets, addresses, paths, hosts and what other programs said
 * @param detail what an operator wants to know of it; free of secrets and of addresses
 */
public record HealthCheck(
    String name,
    BooleanSupplier ready,
    Supplier<Optional<String>> degraded,
    Supplier<JsonObject> detail) {
  /** One that is as it should be whenever it is ready. */
  public HealthCheck(String name, BooleanSupplier ready, Supplier<JsonObject> detail) {
    this(name, ready, Optional::empty, detail);
  }
}
