package com.cpprediction.http;

import com.cpprediction.logging.RequestId;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** One HTTP request and its answer: what every route shares. Confined to its event loop. */
public final class Exchange {
  /** Comes with a request or is made, and goes out with every answer. */
  static final CharSequence REQUEST_ID = HttpHeaders.createOptimized(RequestId.HEADER);

  /** How long the caller waits for its answer, from when the service has seen the request. */
  static final CharSequence DEADLINE_MS = HttpHeaders.createOptimized("X-Deadline-Ms");

  /** Which nodes of a cluster answered, and whether they are the one that was asked. */
  static final CharSequence SERVED_BY = HttpHeaders.createOptimized("X-Served-By");

  private static final CharSequence NO_STORE = HttpHeaders.createOptimized("no-store");
  private static final CharSequence CONTENT_TYPE_OPTIONS =
      HttpHeaders.createOptimized("X-Content-Type-Options");
  private static final CharSequence NOSNIFF = HttpHeaders.createOptimized("nosniff");
  private static final CharSequence JSON = HttpHeaders.createOptimized("application/json");
  private static final Pattern MILLIS = Pattern.compile("0*[1-9][0-9]{0,8}");
  private static final String KEY = "exchange";

  private final RoutingContext ctx;
  private final ByteBudget budget;
  private final String requestId;
  private final long start = System.nanoTime();
  private String route = ServiceMetrics.OTHER;
  private String method = ServiceMetrics.OTHER;
  private String source;

  private Exchange(RoutingContext ctx, ByteBudget budget) {
    this.ctx = ctx;
    this.budget = budget;
    requestId = requestId(ctx.request().getHeader(REQUEST_ID));
    RequestId.set(requestId);
    ctx.response().putHeader(REQUEST_ID, requestId);
    ctx.put(KEY, this);
  }

  static Exchange begin(RoutingContext ctx, ByteBudget budget) {
    return new Exchange(ctx, budget);
  }

  /** The exchange of {@code ctx}, or null when it hasn't begun. */
  static Exchange of(RoutingContext ctx) {
    return ctx.get(KEY);
  }

  /** The caller's id when it is safe to repeat, else a new one. */
  static String requestId(String given) {
    return given != null && RequestId.isSafe(given) ? given : UUID.randomUUID().toString();
  }

  /**
   * Until when the caller waits.
   *
   * @param given its {@code X-Deadline-Ms}, or null; more than {@code longest} counts as that
   * @param begun {@link System#nanoTime()} when it asked
   * @throws ServiceException when {@code given} is no such number
   */
  static Deadline deadline(String given, long begun, Duration longest) {
    if (given == null) return new Deadline(begun + longest.toNanos());
    if (!MILLIS.matcher(given).matches()) {
      throw Failure.MALFORMED_REQUEST.because(
          "X-Deadline-Ms must be a whole number of milliseconds, from 1 to 999999999");
    }
    long nanos = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(given));
    return new Deadline(begun + Math.min(nanos, longest.toNanos()));
  }

  /**
   * Has browsers and proxies keep no answer, unless it says how long it may be kept, and take none
   * for another type than it says.
   */
  static void onlyForTheCaller(HttpServerResponse response) {
    var headers = response.headers();
    if (!headers.contains(HttpHeaders.CACHE_CONTROL)) {
      headers.set(HttpHeaders.CACHE_CONTROL, NO_STORE);
    }
    headers.set(CONTENT_TYPE_OPTIONS, NOSNIFF);
  }

  /** Answers with {@code body}, whose bytes count until they are written. */
  static void answer(RoutingContext ctx, JsonObject body) {
    ctx.response().putHeader(HttpHeaders.CONTENT_TYPE, JSON);
    end(ctx, body.toBuffer());
  }

  private static void end(RoutingContext ctx, Buffer content) {
    var budget = of(ctx).budget;
    int bytes = content.length();
    var written = ctx.response().end(content);
    budget.add(bytes);
    written.onComplete(done -> budget.release(bytes));
  }

  /**
   * Begins nothing that {@link #answerShared} ends where there is no room for a copy of it.
   *
   * @throws ServiceException {@link Failure#OVERLOADED}
   */
  public static void checkShared(RoutingContext ctx) {
    if (ctx.request().isSSL()) of(ctx).budget.rejectIfFull();
  }

  /**
   * Answers with {@code content}, which other answers share: its bytes count where TLS makes a copy
   * of them for each connection.
   */
  public static void answerShared(RoutingContext ctx, String type, Buffer content) {
    ctx.response().putHeader(HttpHeaders.CONTENT_TYPE, type);
    if (ctx.request().isSSL()) end(ctx, content);
    else ctx.response().end(content);
  }

  String requestId() {
    return requestId;
  }

  /** As {@link #deadline(String, long, Duration)}. */
  Deadline deadline(Duration longest) {
    return deadline(ctx.request().getHeader(DEADLINE_MS), start, longest);
  }

  /**
   * As {@link #deadline(Duration)}, of a part of the request.
   *
   * @param begun {@link System#nanoTime()} when that was taken up
   */
  Deadline deadline(long begun, Duration longest) {
    return deadline(ctx.request().getHeader(DEADLINE_MS), begun, longest);
  }

  /** The pattern of the route that took this, {@code other} while none has. */
  String route() {
    return route;
  }

  void route(String pattern) {
    route = pattern;
  }

  /** The method if the route serves it, so that a meter may carry it; else {@code other}. */
  String method() {
    return method;
  }

  void method(HttpMethod served) {
    method = served.name();
  }

  /** What answered a single prediction, {@code model} or {@code cache}; null for anything else. */
  String source() {
    return source;
  }

  void source(String answered) {
    source = answered;
  }

  int status() {
    return ctx.response().getStatusCode();
  }

  long nanos() {
    return System.nanoTime() - start;
  }
}
