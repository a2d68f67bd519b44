package com.cpprediction.serving;

import io.vertx.core.json.JsonObject;

/**
 * A response to a caller, over HTTP or the event bus.
 *
 * @param servedBy the nodes that served it and how far away they were, as a list of RFC 8941; empty
 *     where this process is a node of its own
 */
public record Reply(JsonObject body, String servedBy) {}
