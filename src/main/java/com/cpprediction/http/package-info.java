/**
 * The doors of the service: HTTP routes and the public event-bus addresses, which share one handler
 * per operation. Start reading at {@code HttpVerticle}.
 */
package com.cpprediction.http;
