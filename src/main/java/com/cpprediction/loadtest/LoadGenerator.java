package com.cpprediction.loadtest;

import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Sends requests over HTTP/1.1 and measures latencies. Runs one step at a time, on one event loop;
 * the methods block and must not be called on an event loop.
 *
 * <p>In the open loop requests are due at even intervals, timed by a separate thread, and sent
 * independently of responses. Latency counts from the due time, so that a stall of service or
 * generator is not omitted from the figures (coordinated omission).
 */
public final class LoadGenerator implements AutoCloseable {
  /** Exceeds the service's own deadline, so that requests rarely time out on this side. */
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private static final Duration CONNECT = Duration.ofSeconds(2);

  /** Below the service's idle timeout, so that no request is sent on a closing connection. */
  private static final int IDLE_SECONDS = 20;

  private static final long LONGEST_MICROS = TimeUnit.MINUTES.toMicros(5);
  private static final int DIGITS = 3;
  private static final int OK = 200;
  private static final byte[] CACHED = "\"source\":\"cache\"".getBytes(StandardCharsets.UTF_8);

  /** Maximum requests in flight; a request due beyond it counts as failed. */
  static final int MAX_OUTSTANDING = 20_000;

  private final Vertx vertx = Vertx.vertx();
  private final Context context = vertx.getOrCreateContext();
  private final Target target;
  private final Duration timeout;
  private final HttpClient http;

  /** Notified of a step's progress every 250 ms, on the event loop. */
  @FunctionalInterface
  public interface Listener {
    Listener NONE = (seconds, ok, failed, p99) -> {};

    /**
     * @param seconds since the first request
     * @param ok responses with status 200
     * @param p99 latency in milliseconds
     */
    void progress(double seconds, long ok, long failed, double p99);
  }

  /**
   * @param connections maximum open connections
   */
  public LoadGenerator(Target target, int connections) {
    this(target, connections, TIMEOUT);
  }

  LoadGenerator(Target target, int connections, Duration timeout) {
    this.target = target;
    this.timeout = timeout;
    http =
        vertx
            .httpClientBuilder()
            .with(
                new HttpClientOptions()
                    .setConnectTimeout((int) CONNECT.toMillis())
                    .setKeepAliveTimeout(IDLE_SECONDS)
                    .setTrustAll(target.insecure())
                    .setVerifyHost(!target.insecure()))
            .with(
                new PoolOptions().setHttp1MaxSize(connections).setMaxWaitQueueSize(MAX_OUTSTANDING))
            // Requests of a broken connection fail, too, and are counted.
            .withConnectHandler(connection -> connection.exceptionHandler(broken -> {}))
            .build();
  }

  /** The service under test. */
  public Target target() {
    return target;
  }

  /**
   * Sends at {@code rate}, independently of responses, then waits for requests in flight.
   *
   * @param rate requests per second, above 0
   */
  public Step open(
      String name, RequestSource requests, double rate, Duration duration, Listener listener)
      throws InterruptedException {
    return await(new OpenLoop(name, requests, rate, duration, listener));
  }

  /** Runs {@code callers} concurrent callers, each sending its next request on a response. */
  public Step closed(
      String name, RequestSource requests, int callers, Duration duration, Listener listener)
      throws InterruptedException {
    return await(new ClosedLoop(name, requests, callers, duration, listener));
  }

  /** Sends {@code count} requests, {@code callers} at a time. */
  public Step count(String name, RequestSource requests, int callers, long count, Listener listener)
      throws InterruptedException {
    var loop = new ClosedLoop(name, requests, callers, Duration.ofDays(1), listener);
    loop.most = count;
    return await(loop);
  }

  /**
   * Gets a JSON document.
   *
   * @throws LoadTestException when the response is none, or there is no response
   */
  public JsonObject get(String path) throws InterruptedException {
    var response = Promise.<JsonObject>promise();
    // On the event loop: a body that arrives before its handler is set is lost.
    context.runOnContext(
        go ->
            http.request(
                    target
                        .request(HttpMethod.GET, path)
                        .putHeader("Accept", "application/json")
                        .setTimeout(timeout.toMillis()))
                .compose(request -> request.send())
                .compose(head -> head.body())
                .map(Buffer::toJsonObject)
                .onComplete(response));
    try {
      return response.future().toCompletionStage().toCompletableFuture().get();
    } catch (ExecutionException e) {
      var cause = Objects.requireNonNullElse(e.getCause(), e);
      throw new LoadTestException(
          "%s%s doesn't answer as this service does (%s); is it running there?"
              .formatted(target.url(), path, cause.getMessage()),
          cause);
    }
  }

  private Step await(Loop loop) throws InterruptedException {
    context.runOnContext(go -> loop.begin());
    try {
      return loop.done.future().toCompletionStage().toCompletableFuture().get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("the load generator failed", e.getCause());
    } catch (InterruptedException e) {
      context.runOnContext(stop -> loop.end());
      throw e;
    }
  }

  /** Closes all connections and drops requests in flight. Blocks. */
  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  /** One step. Confined to the event loop. */
  private abstract class Loop {
    final Promise<Step> done = Promise.promise();
    final Duration duration;
    private final String name;
    private final double rate;
    private final RequestSource requests;
    private final RequestOptions to;
    private final Listener listener;
    private final Histogram latency = histogram();
    private final Histogram service = histogram();
    private final Histogram refusals = histogram();
    final Histogram lag = histogram();
    private final Map<String, Long> errors = new TreeMap<>();
    long begun;
    long due;
    volatile boolean over;
    private long ended;
    private long openAtHalf;
    private long sent;
    private long open;
    private long ok;
    private long inTime;
    private long cached;
    private long uncertain;
    private long reporting;
    private long openAtEnd;

    Loop(String name, double rate, RequestSource requests, Duration duration, Listener listener) {
      this.name = name;
      this.rate = rate;
      this.requests = requests;
      this.duration = duration;
      this.listener = listener;
      to =
          target
              .request(HttpMethod.POST, requests.path())
              .setTimeout(timeout.toMillis()) // to get a connection, and between two reads on it
              .putHeader("Content-Type", "application/json");
    }

    void begin() {
      begun = System.nanoTime();
      reporting = vertx.setPeriodic(250, tick -> report());
    }

    private void report() {
      double p99 = latency.getTotalCount() == 0 ? 0 : latency.getValueAtPercentile(99) / 1e3;
      listener.progress((System.nanoTime() - begun) / 1e9, ok, failed(), p99);
    }

    private long failed() {
      return errors.values().stream().mapToLong(Long::longValue).sum();
    }

    /**
     * @param intended due time, {@link System#nanoTime}
     */
    Future<Boolean> send(long intended) {
      if (open >= MAX_OUTSTANDING) {
        count("not sent: %d wait for their answers".formatted(MAX_OUTSTANDING));
        record(latency, timeout.toNanos());
        return Future.succeededFuture(false);
      }
      var content = requests.body().apply(sent++);
      open++;
      return http.request(to)
          .compose(
              request -> {
                long start = System.nanoTime();
                return request
                    .send(content)
                    .compose(head -> head.body().map(body -> new Response(head, body, start)));
              })
          .transform(result -> Future.succeededFuture(settle(result, intended)));
    }

    private boolean settle(AsyncResult<Response> result, long intended) {
      long now = System.nanoTime();
      open--;
      boolean good = result.succeeded() && result.result().head().statusCode() == OK;
      // A refusal can be fast, and would lower the latencies.
      record(good || result.failed() ? latency : refusals, now - intended);
      if (good) {
        record(service, now - result.result().start());
        ok++;
        if (!over) inTime++;
        if (isCached(result.result().body())) cached++;
      } else if (result.succeeded()) {
        count(problem(result.result()));
      } else {
        uncertain++;
        count(
            result.cause() instanceof TimeoutException
                ? "no answer in %d s".formatted(timeout.toSeconds())
                : "connection: " + result.cause().getMessage());
      }
      if (over && open == 0) finish();
      return good;
    }

    private void count(String error) {
      errors.merge(error, 1L, Long::sum);
    }

    /** Called at half of the step's duration. */
    void half() {
      openAtHalf = open;
    }

    /** Called when the last request has been due. */
    void end() {
      if (over) return;
      over = true;
      ended = System.nanoTime();
      openAtEnd = open;
      if (open == 0) finish();
    }

    private void finish() {
      vertx.cancelTimer(reporting);
      report();
      done.tryComplete(
          new Step(
              name,
              rate,
              requests.shipments(),
              due,
              sent,
              ok,
              inTime,
              cached,
              uncertain,
              openAtHalf,
              openAtEnd,
              errors,
              (ended - begun) / 1e9,
              (System.nanoTime() - begun) / 1e9,
              latency,
              service,
              refusals,
              lag));
    }
  }

  /**
   * @param start when the request was sent, {@link System#nanoTime}
   */
  private record Response(HttpClientResponse head, Buffer body, long start) {}

  private final class OpenLoop extends Loop {
    private final double interval;
    private final long total;

    OpenLoop(
        String name, RequestSource requests, double rate, Duration duration, Listener listener) {
      super(name, rate, requests, duration, listener);
      interval = TimeUnit.SECONDS.toNanos(1) / rate;
      total = Math.max(1, Math.round(rate * duration.toNanos() / 1e9));
    }

    @Override
    void begin() {
      super.begin();
      var pace = new Thread(this::keepTime, "load-test-pace");
      pace.setDaemon(true);
      pace.start();
    }

    /** Schedules each request on the event loop; Vert.x timers have millisecond resolution only. */
    private void keepTime() {
      for (long n = 0; n < total && !over; n++) {
        if (n == total / 2) context.runOnContext(half -> half());
        long intended = begun + (long) (n * interval);
        await(intended);
        context.runOnContext(now -> sendDue(intended));
      }
      await(begun + (long) (total * interval)); // the last interval belongs to the step
      context.runOnContext(done -> end());
    }

    private void await(long nanos) {
      for (long left = nanos - System.nanoTime(); left > 0 && !over; ) {
        LockSupport.parkNanos(left);
        left = nanos - System.nanoTime();
      }
    }

    private void sendDue(long intended) {
      if (over) return;
      due++;
      record(lag, System.nanoTime() - intended);
      send(intended);
    }
  }

  private final class ClosedLoop extends Loop {
    /** Delay after a refusal; without it, a caller would mostly measure refusals. */
    private static final long PAUSE_MILLIS = 50;

    private final int callers;
    private long most = Long.MAX_VALUE;
    private long ending;

    ClosedLoop(
        String name, RequestSource requests, int callers, Duration duration, Listener listener) {
      super(name, 0, requests, duration, listener);
      this.callers = callers;
    }

    @Override
    void begin() {
      super.begin();
      ending = vertx.setTimer(duration.toMillis(), timer -> end());
      for (int i = 0; i < callers; i++) again();
    }

    private void again() {
      if (over) return;
      if (due == most) {
        vertx.cancelTimer(ending);
        end();
        return;
      }
      due++;
      send(System.nanoTime())
          .onSuccess(
              good -> {
                if (good) again();
                else vertx.setTimer(PAUSE_MILLIS, later -> again());
              });
    }
  }

  private static Histogram histogram() {
    return new Histogram(LONGEST_MICROS, DIGITS);
  }

  private static void record(Histogram histogram, long nanos) {
    histogram.recordValue(Math.min(TimeUnit.NANOSECONDS.toMicros(nanos), LONGEST_MICROS));
  }

  /** Compares the end of the body only: {@code source} is a prediction's last field. */
  private static boolean isCached(Buffer body) {
    int from = body.length() - 1 - CACHED.length;
    if (from < 0) return false;
    for (int i = 0; i < CACHED.length; i++) if (body.getByte(from + i) != CACHED[i]) return false;
    return true;
  }

  private static String problem(Response response) {
    int status = response.head().statusCode();
    try {
      return status + " " + response.body().toJsonObject().getString("code", "");
    } catch (DecodeException e) { // not of this service
      return Integer.toString(status);
    }
  }
}
