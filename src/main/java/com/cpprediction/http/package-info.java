/**
 * HTTP and the public addresses of the event bus, which share their operations: routes, limits,
 * authorization, problem documents, streams. {@code openapi.json} is the contract. Start at {@link
 * com.cpprediction.http.HttpVerticle}; requests are validated in {@code serving.ShipmentReader}.
 */
@NullMarked
package com.cpprediction.http;

import org.jspecify.annotations.NullMarked;
