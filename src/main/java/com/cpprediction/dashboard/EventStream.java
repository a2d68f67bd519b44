package com.cpprediction.dashboard;

import com.cpprediction.common.Slots;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.Problem;
import com.cpprediction.web.ResponseFraming;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
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
 * {@code GET /events}: server-sent events, the same for every listener. Each topic is refreshed
 * once for all listeners, and only while there are any. A slow listener skips superseded snapshots;
 * nothing is queued. Thread-safe: shared by the event loops of a node. Each listener is written to
 * on its own; topics are refreshed on the one that the constructor's caller has.
 */
public final class EventStream {
  public static final String TYPE = "text/event-stream";

  static final int MAX_LISTENERS = 64;

  private static final Logger log = LoggerFactory.getLogger(EventStream.class);

  private static final String REVOKED =
      "The rights of an operator, with which this stream began, have ended; connect again";

  /** Reconnection delay for browsers, in milliseconds. */
  private static final Buffer RETRY = Buffer.buffer("retry: 1000\n\n");

  private final Vertx vertx;
  private final ServiceMetrics metrics;
  private final Duration period;
  private final List<Feed> feeds;
  private final Predicate<RoutingContext> operator;
  private final Context home;
  private final Slots slots = new Slots();
  private volatile boolean closed;

  // Confined to home:
  private final Set<Listener> listeners = new LinkedHashSet<>();
  private long timer;
  private long ticks;

  /**
   * One kind of event, sent when its snapshot has changed.
   *
   * @param name of the event
   * @param periods between refreshes
   * @param source takes a snapshot, without blocking
   */
  public record Topic(String name, int periods, Supplier<Future<Snapshot>> source) {}

  /** The JSON data of an event, for operators and for other listeners. */
  public record Snapshot(String forOperators, String forOthers) {
    static Snapshot same(String json) {
      return new Snapshot(json, json);
    }
  }

  /**
   * @param operator whether a listener is an operator; evaluated in each period, since its rights
   *     may change
   */
  public EventStream(
      Vertx vertx,
      ServiceMetrics metrics,
      Duration period,
      List<Topic> topics,
      Predicate<RoutingContext> operator) {
    this.vertx = vertx;
    this.metrics = metrics;
    this.period = period;
    this.operator = operator;
    home = vertx.getOrCreateContext();
    feeds = topics.stream().map(Feed::new).toList();
  }

  public void listen(RoutingContext ctx) {
    if (closed) throw Failure.NOT_READY.because("The service is stopping");
    var response = ctx.response();
    boolean head = ctx.request().method() == HttpMethod.HEAD;
    if (head ? slots.used() >= MAX_LISTENERS : !slots.tryAcquire(MAX_LISTENERS)) {
      metrics.shed(Shed.LISTENERS);
      throw Failure.OVERLOADED.because(
          MAX_LISTENERS + " listen already; close a dashboard that is not in use");
    }
    if (head) {
      response.putHeader(HttpHeaders.CONTENT_TYPE, TYPE).end();
      return;
    }
    var listener = new Listener(vertx.getOrCreateContext(), ctx, operator.test(ctx));
    ctx.addEndHandler(ended -> listener.ended());
    ResponseFraming.begin(ctx, TYPE).write(RETRY);
    home.runOnContext(joins -> add(listener));
  }

  /** Refreshes the topic {@code name} early, after a change. */
  public void refresh(String name) {
    home.runOnContext(
        changed -> {
          if (listeners.isEmpty()) return;
          for (var feed : feeds) if (feed.topic.name().equals(name)) feed.refresh();
        });
  }

  /** Closes every stream and refuses new listeners. */
  public void close() {
    closed = true;
    home.runOnContext(closing -> listeners.forEach(Listener::close));
  }

  private void add(Listener listener) {
    listeners.add(listener);
    if (closed) listener.close();
    if (listeners.size() == 1) startTimer();
    else listener.sendNew();
  }

  private void startTimer() {
    ticks = 0;
    for (var feed : feeds) feed.clear();
    tick();
    timer = vertx.setPeriodic(period.toMillis(), id -> tick());
  }

  private void remove(Listener listener) {
    if (listeners.remove(listener) && listeners.isEmpty()) vertx.cancelTimer(timer);
  }

  private void tick() {
    listeners.forEach(Listener::recheck);
    sendAll();
    for (var feed : feeds) if (ticks % feed.topic.periods() == 0) feed.refresh();
    ticks++;
  }

  private void sendAll() {
    listeners.forEach(Listener::sendNew);
  }

  /** The latest snapshot of one topic. Confined to home, but for its frames. */
  private final class Feed {
    final Topic topic;
    private boolean refreshing;
    private boolean failing;
    private @Nullable Snapshot latest;
    private volatile @Nullable Buffer operatorFrame;
    private volatile @Nullable Buffer publicFrame;

    Feed(Topic topic) {
      this.topic = topic;
    }

    void clear() {
      latest = null;
      operatorFrame = null;
      publicFrame = null;
    }

    /** Skipped while the previous refresh is running, so that refreshes don't pile up. */
    void refresh() {
      if (refreshing) return;
      refreshing = true;
      Future.succeededFuture()
          .compose(now -> topic.source().get())
          .onComplete(taken -> home.runOnContext(here -> refreshed(taken)));
    }

    private void refreshed(AsyncResult<Snapshot> taken) {
      refreshing = false;
      if (taken.succeeded()) publish(taken.result());
      else failed(taken.cause());
    }

    private void failed(Throwable cause) {
      if (!failing) warn(Problem.toServiceException(cause), cause);
      failing = true;
    }

    private void warn(ServiceException exception, Throwable cause) {
      if (exception.failure() == Failure.INTERNAL) {
        log.warn("Cannot refresh {}; the next period tries again", topic.name(), cause);
      } else {
        log.warn("Cannot refresh {} for now: {}", topic.name(), exception.getMessage());
      }
    }

    private void publish(Snapshot snapshot) {
      failing = false;
      if (snapshot.equals(latest)) return;
      boolean same = snapshot.forOperators().equals(snapshot.forOthers());
      // An unchanged frame stays the same buffer, so that listeners don't get it again.
      if (latest == null || !snapshot.forOperators().equals(latest.forOperators())) {
        operatorFrame = frame(snapshot.forOperators());
      }
      if (latest == null || !snapshot.forOthers().equals(latest.forOthers())) {
        publicFrame = same ? operatorFrame : frame(snapshot.forOthers());
      }
      latest = snapshot;
      sendAll();
    }

    private Buffer frame(String json) {
      return Buffer.buffer("event: " + topic.name() + "\ndata: " + json + "\n\n");
    }
  }

  /** A response. Confined to its event loop. */
  private final class Listener {
    private final Context own;
    private final RoutingContext ctx;
    private final HttpServerResponse response;
    private boolean isOperator;
    private final Map<Feed, Buffer> sent = new HashMap<>();
    private boolean ended;

    Listener(Context own, RoutingContext ctx, boolean isOperator) {
      this.own = own;
      this.ctx = ctx;
      response = ctx.response();
      this.isOperator = isOperator;
    }

    /**
     * Ends the stream of a listener who is no operator any more, with an event that says so; who
     * has become one gets the events of operators. On any thread.
     */
    void recheck() {
      own.runOnContext(
          turn -> {
            if (ended || isOperator == operator.test(ctx)) return;
            isOperator = !isOperator;
            if (isOperator) return;
            var problem = Problem.of(Failure.UNAUTHORIZED.because(REVOKED)).json().encode();
            response.write(Buffer.buffer("event: end\ndata: " + problem + "\n\n"));
            end();
          });
    }

    /** Sends frames this listener doesn't have, unless its write queue is full. On any thread. */
    void sendNew() {
      own.runOnContext(turn -> feeds.forEach(this::send));
    }

    private void send(Feed feed) {
      var frame = isOperator ? feed.operatorFrame : feed.publicFrame;
      if (ended || frame == null || frame == sent.get(feed) || response.writeQueueFull()) return;
      sent.put(feed, frame);
      response.write(frame);
    }

    /** Closes the connection, too: the response head did not announce it. On any thread. */
    void close() {
      own.runOnContext(
          turn -> {
            if (!ended) end();
          });
    }

    private void end() {
      response.end();
      ctx.request().connection().close();
    }

    void ended() {
      ended = true;
      slots.release();
      home.runOnContext(left -> remove(this));
    }
  }
}
