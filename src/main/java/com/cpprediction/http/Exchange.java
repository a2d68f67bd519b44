package com.cpprediction.http;

import com.cpprediction.auth.Caller;
import com.cpprediction.auth.CallerLimits;
import com.cpprediction.config.BearerTokens;
import com.cpprediction.inference.InferenceRequest;
import com.cpprediction.json.JsonBytes;
import com.cpprediction.logging.RequestId;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.Reply;
import com.cpprediction.tracing.TraceStep;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One HTTP request and its response, for every route. Confined to its event loop. */
final class Exchange {
  /** Header of every response; the caller's own id, or a generated one. */
  static final CharSequence REQUEST_ID = HttpHeaders.createOptimized(RequestId.HEADER);

  /** Header with the caller's deadline, measured from the start of this exchange. */
  static final CharSequence DEADLINE_MS = HttpHeaders.createOptimized("X-Deadline-Ms");

  /** Header with the nodes that served a prediction, and whether they were remote. */
  static final CharSequence SERVED_BY = HttpHeaders.createOptimized("X-Served-By");

  private static final CharSequence NO_STORE = HttpHeaders.createOptimized("no-store");
  private static final CharSequence CONTENT_TYPE_OPTIONS =
      HttpHeaders.createOptimized("X-Content-Type-Options");
  private static final CharSequence NOSNIFF = HttpHeaders.createOptimized("nosniff");
  private static final CharSequence JSON = HttpHeaders.createOptimized(RouteContract.JSON);
  private static final CharSequence BINARY = HttpHeaders.createOptimized(RouteContract.BINARY);
  private static final Pattern MILLIS = Pattern.compile("0*[1-9][0-9]{0,8}");
  private static final String KEY = "exchange";
  private static final int USUAL_REPLY = 512; // bytes of a prediction, or a little more

  private final HttpServerRequest request;
  private final ByteBudget budget;
  private final String requestId;
  private final long start = System.nanoTime();
  private String route = ServiceMetrics.OTHER;
  private String method = ServiceMetrics.OTHER;
  private Caller caller = Caller.ANONYMOUS;
  private @Nullable Source source;
  private int status; // 0 for that of the response
  private OptionalLong timeoutMillis = OptionalLong.empty();

  /** Begins the exchange of {@code request}, on its context. */
  Exchange(HttpServerRequest request, ByteBudget budget) {
    this.request = request;
    this.budget = budget;
    requestId = requestId(request.getHeader(REQUEST_ID));
    RequestId.set(requestId);
    request.response().putHeader(REQUEST_ID, requestId);
  }

  static Exchange begin(RoutingContext ctx, ByteBudget budget) {
    var exchange = new Exchange(ctx.request(), budget);
    ctx.put(KEY, exchange);
    return exchange;
  }

  /** The exchange of {@code ctx}, which has begun. */
  static Exchange of(RoutingContext ctx) {
    return Objects.requireNonNull(begun(ctx));
  }

  /** The exchange of {@code ctx}, once it has begun. */
  static @Nullable Exchange begun(RoutingContext ctx) {
    return ctx.get(KEY);
  }

  /** The caller's id if it is safe to log, else a new one. */
  static String requestId(@Nullable String given) {
    return given != null && RequestId.isSafe(given) ? given : randomId();
  }

  /** A random UUID; needn't be unguessable, since a request id grants nothing. */
  private static String randomId() {
    var random = ThreadLocalRandom.current();
    long version4 = random.nextLong() & 0xFFFF_FFFF_FFFF_0FFFL | 0x4000L;
    long variant = random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL | 0x8000_0000_0000_0000L;
    return new UUID(version4, variant).toString();
  }

  /**
   * The caller's deadline.
   *
   * @param given the value of {@code X-Deadline-Ms}, if any; at most {@code longest} counts
   * @param start {@link System#nanoTime()} when the request arrived
   * @throws ServiceException when {@code given} isn't a valid number
   */
  static Deadline deadline(@Nullable String given, long start, Duration longest) {
    if (given == null) return new Deadline(start + longest.toNanos());
    if (!MILLIS.matcher(given).matches()) {
      throw Failure.MALFORMED_REQUEST.because(
          "X-Deadline-Ms must be a whole number of milliseconds, from 1 to 999999999");
    }
    long nanos = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(given));
    return new Deadline(start + Math.min(nanos, longest.toNanos()));
  }

  /**
   * Forbids caching unless the response says otherwise, and forbids browsers to guess another media
   * type.
   */
  static void setCachingHeaders(HttpServerResponse response) {
    var headers = response.headers();
    if (!headers.contains(HttpHeaders.CACHE_CONTROL)) {
      headers.set(HttpHeaders.CACHE_CONTROL, NO_STORE);
    }
    headers.set(CONTENT_TYPE_OPTIONS, NOSNIFF);
  }

  /** Responds with {@code reply}, which counts against the byte budget until it is written. */
  void respond(Reply reply) {
    if (!reply.servedBy().isEmpty()) response().putHeader(SERVED_BY, reply.servedBy());
    source = reply.source();
    var bytes = new JsonBytes(USUAL_REPLY);
    reply.write(bytes);
    var binary = reply.binary();
    if (binary.length > 0) {
      response().putHeader(InferenceRequest.JSON_LENGTH, Integer.toString(bytes.length()));
      bytes.raw(binary);
    }
    response().putHeader(HttpHeaders.CONTENT_TYPE, binary.length > 0 ? BINARY : JSON);
    end(buffer(bytes));
  }

  /** {@code json} as a buffer, not copied: to be written to no more. */
  static Buffer buffer(JsonBytes json) {
    return BufferInternal.buffer(Unpooled.wrappedBuffer(json.array(), 0, json.length()));
  }

  /** Responds with {@code body}, which counts against the byte budget until it is written. */
  static void respond(RoutingContext ctx, JsonObject body) {
    ctx.response().putHeader(HttpHeaders.CONTENT_TYPE, JSON);
    of(ctx).end(body.toBuffer());
  }

  /** As {@link #respond(RoutingContext, JsonObject)}, of JSON that is encoded already. */
  static void respond(RoutingContext ctx, Buffer json) {
    ctx.response().putHeader(HttpHeaders.CONTENT_TYPE, JSON);
    of(ctx).end(json);
  }

  private HttpServerResponse response() {
    return request.response();
  }

  private void end(Buffer content) {
    int bytes = content.length();
    var written = response().end(content);
    budget.add(bytes);
    written.onComplete(done -> budget.release(bytes));
  }

  /**
   * Checks the byte budget for {@link #respondShared}.
   *
   * @throws ServiceException {@link Failure#OVERLOADED}
   */
  static void checkShared(RoutingContext ctx) {
    if (ctx.request().isSSL()) of(ctx).budget.rejectIfFull();
  }

  /**
   * Responds with {@code content}, a buffer that other responses share. It counts against the byte
   * budget with TLS only, which copies it for each connection.
   */
  static void respondShared(RoutingContext ctx, String type, Buffer content) {
    ctx.response().putHeader(HttpHeaders.CONTENT_TYPE, type);
    if (ctx.request().isSSL()) of(ctx).end(content);
    else ctx.response().end(content);
  }

  String requestId() {
    return requestId;
  }

  /** Limits the deadline to {@code millis} from the start, in place of the header. */
  void timeout(OptionalLong millis) {
    timeoutMillis = millis;
  }

  /** As {@link #deadline(String, long, Duration)}. */
  Deadline deadline(Duration longest) {
    if (timeoutMillis.isPresent()) {
      long millis = Math.min(timeoutMillis.getAsLong(), longest.toMillis());
      return new Deadline(start + TimeUnit.MILLISECONDS.toNanos(millis));
    }
    return deadline(request.getHeader(DEADLINE_MS), start, longest);
  }

  /**
   * As {@link #deadline(Duration)}, for a part of the request.
   *
   * @param start {@link System#nanoTime()} when the part arrived
   */
  Deadline deadline(long start, Duration longest) {
    return deadline(request.getHeader(DEADLINE_MS), start, longest);
  }

  /** Pattern of the matched route, {@code other} without one. */
  String route() {
    return route;
  }

  void route(String pattern) {
    route = pattern;
  }

  /** The method if the route serves it, else {@code other}; safe as a meter tag. */
  String method() {
    return method;
  }

  /** Follows {@link #route(String)}. */
  void method(HttpMethod served) {
    method = served.name();
    TraceStep.current().route(method, route);
  }

  /** Name of the authorized caller, as {@link BearerTokens#caller}. */
  String caller() {
    return caller.name();
  }

  /** Limits of the authorized caller. */
  CallerLimits limits() {
    return caller.limits();
  }

  void caller(Caller authorized) {
    caller = authorized;
  }

  /** Source of a single prediction; absent on other routes. */
  @Nullable Source source() {
    return source;
  }

  int status() {
    return status == 0 ? response().getStatusCode() : status;
  }

  /** Records {@code other} in place of the status of the response. */
  void status(int other) {
    status = other;
  }

  long nanos() {
    return System.nanoTime() - start;
  }
}
