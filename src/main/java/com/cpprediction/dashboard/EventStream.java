package com.cpprediction.dashboard;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.Problem;
import com.cpprediction.web.ResponseFraming;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code GET /events}: tells all who listen the same, as server-sent events. Each topic is looked
 * at once for everyone, and not at all while nobody listens. Whoever reads too slowly misses what
 * has been replaced meanwhile; nothing is kept for them. Confined to one event loop.
 */
public final class EventStream {
  public static final String TYPE = "text/event-stream";

  /** Listeners at most. */
  static final int MOST = 64;

  private static final Logger log = LoggerFactory.getLogger(EventStream.class);

  /** How long a browser waits before it connects again, in milliseconds. */
  private static final Buffer HELLO = Buffer.buffer("retry: 1000\n\n");

  private final Vertx vertx;
  private final ServiceMetrics metrics;
  private final Duration period;
  private final List<Topic> topics;
  private final Predicate<RoutingContext> operator;
  private final Set<Listener> listeners = new LinkedHashSet<>();
  private long timer;
  private long ticks;
  private boolean closed;

  /**
   * One kind of event.
   *
   * @param name of the event
   * @param every how many periods pass from one look to the next
   * @param look at what is to be told now; told only when it differs from before
   */
  public record Look(String name, int every, Supplier<Future<Told>> look) {}

  /**
   * What an event says, as JSON.
   *
   * @param operators what operators are told
   * @param others what everyone else is
   */
  public record Told(String operators, String others) {
    /** The same for all. */
    static Told all(String json) {
      return new Told(json, json);
    }
  }

  /**
   * @param operator whether who listens is an operator; decided when they begin to
   */
  public EventStream(
      Vertx vertx,
      ServiceMetrics metrics,
      Duration period,
      List<Look> looks,
      Predicate<RoutingContext> operator) {
    this.vertx = vertx;
    this.metrics = metrics;
    this.period = period;
    this.operator = operator;
    topics = looks.stream().map(Topic::new).toList();
  }

  public void listen(RoutingContext ctx) {
    if (closed) throw Failure.NOT_READY.because("The service is stopping");
    if (listeners.size() >= MOST) {
      metrics.shed(Shed.LISTENERS);
      throw Failure.OVERLOADED.because(
          MOST + " listen already; close a dashboard that nobody looks at");
    }
    var response = ctx.response();
    if (ctx.request().method() == HttpMethod.HEAD) {
      response.putHeader(HttpHeaders.CONTENT_TYPE, TYPE).end();
      return;
    }
    ResponseFraming.begin(ctx, TYPE).write(HELLO);
    var listener = new Listener(ctx.request().connection(), response, operator.test(ctx));
    ctx.addEndHandler(end -> left(listener));
    listeners.add(listener);
    if (listeners.size() == 1) begin();
    else listener.catchUp();
  }

  /** Looks at what {@code name} is told of before its time: something happened to it. */
  public void look(String name) {
    if (listeners.isEmpty()) return;
    for (var topic : topics) if (topic.look.name().equals(name)) topic.look();
  }

  /** Ends what everyone hears; nobody is let in any more. */
  public void close() {
    closed = true;
    for (var listener : List.copyOf(listeners)) listener.end();
  }

  private void begin() {
    ticks = 0;
    for (var topic : topics) topic.forget();
    tick();
    timer = vertx.setPeriodic(period.toMillis(), id -> tick());
  }

  private void left(Listener listener) {
    if (listeners.remove(listener) && listeners.isEmpty()) vertx.cancelTimer(timer);
  }

  private void tick() {
    tellAll();
    for (var topic : topics) if (ticks % topic.look.every() == 0) topic.look();
    ticks++;
  }

  /** One that turns out to be gone leaves meanwhile. */
  private void tellAll() {
    for (var listener : List.copyOf(listeners)) listener.catchUp();
  }

  /** What was last seen of one kind of event. */
  private final class Topic {
    final Look look;
    private boolean looking;
    private boolean failing;
    private @Nullable Told seen;
    private @Nullable Buffer forOperators; // null before anything was seen
    private @Nullable Buffer forOthers;

    Topic(Look look) {
      this.look = look;
    }

    void forget() {
      seen = null;
      forOperators = null;
      forOthers = null;
    }

    /** Unless the look before has not ended: looks don't pile up on a machine that is too slow. */
    void look() {
      if (looking) return;
      looking = true;
      Future.succeededFuture()
          .compose(now -> look.look().get())
          .onComplete(done -> looking = false)
          .onSuccess(this::saw)
          .onFailure(this::failed);
    }

    private void failed(Throwable cause) {
      if (!failing) warn(Problem.toServiceException(cause), cause);
      failing = true;
    }

    private void warn(ServiceException known, Throwable cause) {
      if (known.failure() == Failure.INTERNAL) {
        log.warn("Cannot tell {} until it can be looked at again", look.name(), cause);
      } else {
        log.warn("Cannot tell {} for now: {}", look.name(), known.getMessage());
      }
    }

    private void saw(Told told) {
      failing = false;
      if (told.equals(seen)) return;
      boolean same = told.operators().equals(told.others());
      // What one kind of listener was told already stays the same buffer.
      if (seen == null || !told.operators().equals(seen.operators())) {
        forOperators = frame(told.operators());
      }
      if (seen == null || !told.others().equals(seen.others())) {
        forOthers = same ? forOperators : frame(told.others());
      }
      seen = told;
      tellAll();
    }

    private Buffer frame(String json) {
      return Buffer.buffer("event: " + look.name() + "\ndata: " + json + "\n\n");
    }
  }

  private final class Listener {
    private final HttpConnection connection;
    private final HttpServerResponse response;
    private final boolean operates;
    private final Map<Topic, Buffer> told = new HashMap<>();

    Listener(HttpConnection connection, HttpServerResponse response, boolean operates) {
      this.connection = connection;
      this.response = response;
      this.operates = operates;
    }

    /** Tells what is new to this one, as far as it has read what it was told before. */
    void catchUp() {
      for (var topic : topics) {
        var frame = operates ? topic.forOperators : topic.forOthers;
        if (frame == null || frame == told.get(topic) || response.writeQueueFull()) continue;
        told.put(topic, frame);
        response.write(frame);
      }
    }

    /** Its head said nothing of closing; whoever doesn't read is not waited for. */
    void end() {
      response.end();
      connection.close();
    }
  }
}
