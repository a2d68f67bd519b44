/**
 * The doors of the service: HTTP routes and the public event-bus addresses, which share one handler
 * per operation. {@code openapi.json} says what callers may rely on. Start reading at {@code
 * HttpVerticle}.
 */
package com.cpprediction.http;
