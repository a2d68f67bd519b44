package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code GET /events}: what the dashboard shows, as server-sent events. {@code state} comes at once
 * and every second, {@code models} at once and every five. Each is made once for all who listen,
 * and not at all when nobody does; whoever doesn't read gets the next one later. To be used from
 * one event loop.
 */
final class Events {
  static final String TYPE = "text/event-stream";

  private static final Logger log = LoggerFactory.getLogger(Events.class);

  private static final Duration PERIOD = Duration.ofSeconds(1);
  private static final int MODELS_EVERY = 5; // periods
  private static final int MAX_LISTENERS = 64;

  private final Vertx vertx;
  private final DashboardState state;
  private final Set<HttpServerResponse> listeners = new LinkedHashSet<>();
  private long timer = -1;
  private int ticks;
  private boolean making;
  private boolean closed;

  Events(Vertx vertx, DashboardState state) {
    this.vertx = vertx;
    this.state = state;
  }

  void listen(RoutingContext ctx) {
    if (closed) throw Failure.NOT_READY.because("The service is stopping");
    if (listeners.size() >= MAX_LISTENERS) {
      throw Failure.OVERLOADED.because(
          MAX_LISTENERS + " dashboards are open, which is as many as there may be");
    }
    var response =
        ctx.response()
            .putHeader(HttpHeaders.CONTENT_TYPE, TYPE)
            .putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
    if (ctx.request().method() == HttpMethod.HEAD) {
      response.end();
      return;
    }
    response.setChunked(true);
    ctx.addEndHandler(end -> left(response));
    listeners.add(response);
    if (timer < 0) timer = vertx.setPeriodic(PERIOD.toMillis(), tick -> tick());
    send(state.now(), "state", Set.of(response));
    send(state.models(), "models", Set.of(response));
  }

  private void left(HttpServerResponse response) {
    listeners.remove(response);
    if (!listeners.isEmpty() || timer < 0) return;
    vertx.cancelTimer(timer);
    timer = -1;
  }

  private void tick() {
    if (making) return;
    making = true;
    var made = send(state.now(), "state", listeners);
    if (++ticks % MODELS_EVERY == 0) {
      made = Future.join(made, send(state.models(), "models", listeners)).mapEmpty();
    }
    made.onComplete(done -> making = false);
  }

  private Future<Void> send(Future<JsonObject> made, String name, Set<HttpServerResponse> to) {
    return made.onSuccess(
            json -> {
              var event = Buffer.buffer("event: " + name + "\ndata: " + json.encode() + "\n\n");
              for (var response : Set.copyOf(to)) {
                if (!response.ended() && !response.closed() && !response.writeQueueFull()) {
                  response.write(event);
                }
              }
            })
        .onFailure(cause -> log.warn("Cannot tell dashboards of {}: {}", name, cause.getMessage()))
        .<Void>mapEmpty()
        .otherwiseEmpty();
  }

  /** Ends them all. */
  void close() {
    closed = true;
    for (var response : Set.copyOf(listeners)) response.end();
  }
}
