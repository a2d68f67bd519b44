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
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Asks a service over HTTP/1.1 and times the answers. One step at a time; its methods block and may
 * be called from any thread but an event loop. All of a step happens on one event loop.
 *
 * <p>In the open loop requests are due at even distances. A thread of its own keeps the time; each
 * request is sent as soon as it is due and the event loop comes to it, and its latency counts from
 * when it was due, so that nobody's waiting is left out when either side stalls (coordinated
 * omission).
 */
public final class LoadGenerator implements AutoCloseable {
  /** Longer than the service's own deadline, so that it is seldom this side who gives up. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final Duration CONNECT = Duration.ofSeconds(2);

  /** Sooner than the service closes an idle connection, or a request may meet its end. */
  private static final int IDLE_SECONDS = 20;

  private static final long LONGEST_MICROS = TimeUnit.MINUTES.toMicros(5);
  private static final int DIGITS = 3;
  private static final int OK = 200;
  private static final byte[] CACHED = "\"source\":\"cache\"".getBytes(StandardCharsets.UTF_8);

  /** Requests that may wait for an answer; those that are due beyond it count as failed. */
  static final int MAX_OUTSTANDING = 20_000;

  private final Vertx vertx = Vertx.vertx();
  private final Context context = vertx.getOrCreateContext();
  private final Target target;
  private final Duration patience;
  private final HttpClient http;

  /** Hears how a step goes on, a few times a second, on the event loop. */
  @FunctionalInterface
  public interface Listener {
    Listener NONE = (seconds, answered, failed, p99) -> {};

    /**
     * @param seconds since the first request
     * @param answered with 200
     * @param p99 milliseconds, so far
     */
    void progress(double seconds, long answered, long failed, double p99);
  }

  /**
   * @param connections open at most
   */
  public LoadGenerator(Target target, int connections) {
    this(target, connections, PATIENCE);
  }

  LoadGenerator(Target target, int connections, Duration patience) {
    this.target = target;
    this.patience = patience;
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

  /** What it asks. */
  public Target target() {
    return target;
  }

  /**
   * Sends at {@code rate} whatever is answered, and then waits for what is open.
   *
   * @param rate requests per second, above 0
   */
  public Step open(
      String name, Questions questions, double rate, Duration duration, Listener listener)
      throws InterruptedException {
    return await(new OpenLoop(name, questions, rate, duration, listener));
  }

  /** Has {@code callers} ask again and again as soon as they are answered. */
  public Step closed(
      String name, Questions questions, int callers, Duration duration, Listener listener)
      throws InterruptedException {
    return await(new ClosedLoop(name, questions, callers, duration, listener));
  }

  /** Sends {@code count} requests, as many at once as there are {@code callers}. */
  public Step count(String name, Questions questions, int callers, long count, Listener listener)
      throws InterruptedException {
    var loop = new ClosedLoop(name, questions, callers, Duration.ofDays(1), listener);
    loop.most = count;
    return await(loop);
  }

  /**
   * Asks for JSON.
   *
   * @throws LoadTestException when there is none
   */
  public JsonObject get(String path) throws InterruptedException {
    var asked = Promise.<JsonObject>promise();
    // On the event loop: a body that comes before somebody listens is lost.
    context.runOnContext(
        go ->
            http.request(
                    target
                        .request(HttpMethod.GET, path)
                        .putHeader("Accept", "application/json")
                        .setTimeout(patience.toMillis()))
                .compose(request -> request.send())
                .compose(response -> response.body())
                .map(Buffer::toJsonObject)
                .onComplete(asked));
    try {
      return asked.future().toCompletionStage().toCompletableFuture().get();
    } catch (ExecutionException e) {
      throw new LoadTestException(
          "%s%s doesn't answer as this service does (%s); is it running there?"
              .formatted(target.url(), path, e.getCause().getMessage()),
          e.getCause());
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

  /** Gives up what is open. Blocks. */
  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  /** One step; lives on the event loop. */
  private abstract class Loop {
    final Promise<Step> done = Promise.promise();
    final Duration duration;
    private final String name;
    private final double rate;
    private final Questions questions;
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

    Loop(String name, double rate, Questions questions, Duration duration, Listener listener) {
      this.name = name;
      this.rate = rate;
      this.questions = questions;
      this.duration = duration;
      this.listener = listener;
      to =
          target
              .request(HttpMethod.POST, questions.path())
              .setTimeout(patience.toMillis()) // for a connection, and for a sign of life on it
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
     * @param intended nanosecond at which it was due
     */
    Future<Boolean> send(long intended) {
      if (open >= MAX_OUTSTANDING) {
        count("not sent: %d wait for their answers".formatted(MAX_OUTSTANDING));
        record(latency, patience.toNanos());
        return Future.succeededFuture(false);
      }
      var body = questions.body().apply(sent++);
      open++;
      return http.request(to)
          .compose(
              request -> {
                long start = System.nanoTime();
                return request
                    .send(body)
                    .compose(
                        answer -> answer.body().map(content -> new Reply(answer, content, start)));
              })
          .transform(answer -> Future.succeededFuture(settle(answer, intended)));
    }

    private boolean settle(AsyncResult<Reply> answer, long intended) {
      long now = System.nanoTime();
      open--;
      boolean good = answer.succeeded() && answer.result().response().statusCode() == OK;
      // A refusal may be quick, and is no answer that somebody waited for.
      record(good || answer.failed() ? latency : refusals, now - intended);
      if (good) {
        record(service, now - answer.result().start());
        ok++;
        if (!over) inTime++;
        if (endsCached(answer.result().body())) cached++;
      } else if (answer.succeeded()) {
        count(problem(answer.result()));
      } else {
        uncertain++;
        count(
            answer.cause() instanceof TimeoutException
                ? "no answer in %d s".formatted(patience.toSeconds())
                : "connection: " + answer.cause().getMessage());
      }
      if (over && open == 0) finish();
      return good;
    }

    private void count(String error) {
      errors.merge(error, 1L, Long::sum);
    }

    /** Half of the time is over. */
    void half() {
      openAtHalf = open;
    }

    /** Nothing more is due. */
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
              questions.shipments(),
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
   * @param start nanosecond at which its request was sent
   */
  private record Reply(HttpClientResponse response, Buffer body, long start) {}

  private final class OpenLoop extends Loop {
    private final double interval;
    private final long total;

    OpenLoop(String name, Questions questions, double rate, Duration duration, Listener listener) {
      super(name, rate, questions, duration, listener);
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

    /** Tells the event loop what is due when it is: a timer of its own counts in milliseconds. */
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
    /** A refusal comes at once; whoever asks again at once only measures refusals. */
    private static final long PAUSE_MILLIS = 50;

    private final int callers;
    private long most = Long.MAX_VALUE;
    private long ending;

    ClosedLoop(
        String name, Questions questions, int callers, Duration duration, Listener listener) {
      super(name, 0, questions, duration, listener);
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

  /** The source is the last of a prediction. */
  private static boolean endsCached(Buffer body) {
    int from = body.length() - 1 - CACHED.length;
    if (from < 0) return false;
    for (int i = 0; i < CACHED.length; i++) if (body.getByte(from + i) != CACHED[i]) return false;
    return true;
  }

  private static String problem(Reply reply) {
    int status = reply.response().statusCode();
    try {
      return status + " " + reply.body().toJsonObject().getString("code", "");
    } catch (DecodeException e) { // not of this service
      return Integer.toString(status);
    }
  }
}
