package com.cpprediction.serving;

import io.vertx.core.json.JsonObject;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * One thing the service needs in order to serve. Asked on an event loop: never blocks.
 *
 * @param name the key in the health documents, such as {@code models}
 * @param ready whether this allows requests to be served now
 * @param degraded the part that does not work while others are served, in a sentence; empty when
 *     all works. Free of secrets, addresses, paths, hosts and messages of other programs
 * @param detail for operators; free of secrets and of addresses
 */
public record HealthCheck(
    String name,
    BooleanSupplier ready,
    Supplier<Optional<String>> degraded,
    Supplier<JsonObject> detail) {
  /** A check that is never degraded while it is ready. */
  public HealthCheck(String name, BooleanSupplier ready, Supplier<JsonObject> detail) {
    this(name, ready, Optional::empty, detail);
  }
}
