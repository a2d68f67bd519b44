/**
 * HTTP and the public addresses of the event bus, which share one operation each: routes, limits,
 * authentication, problem documents, streams. {@code openapi.json} is the contract. Start at {@link
 * com.cpprediction.http.HttpVerticle}; a request is validated in {@code ShipmentReader} of {@code
 * serving}.
 */
package com.cpprediction.http;
