package com.cpprediction.http;

import io.vertx.core.json.JsonObject;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * One thing the service needs in order to answer. Asked on an event loop: never blocks.
 *
 * @param name the key in the health documents, such as {@code models}
 * @param ready whether this allows requests to be answered now
 * @param detail what an operator wants to know of it; free of secrets and of addresses
 */
public record HealthCheck(String name, BooleanSupplier ready, Supplier<JsonObject> detail) {}
