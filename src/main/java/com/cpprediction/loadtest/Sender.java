package com.cpprediction.loadtest;

import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.DecodeException;
import io.vertx.core.net.TrustOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;

/** Sends requests over connections of its own and measures them, on one event loop. */
final class Sender extends VerticleBase {
  private static final Duration CONNECT = Duration.ofSeconds(2);

  /** Below the service's idle timeout, so that no request is sent on a closing connection. */
  private static final int IDLE_SECONDS = 20;

  private static final long LONGEST_MICROS = TimeUnit.MINUTES.toMicros(5);
  private static final int DIGITS = 3;
  private static final int OK = 200;
  private static final byte[] CACHED = "\"source\":\"cache\"".getBytes(StandardCharsets.UTF_8);
  private static final byte[] CODE = "\"code\":\"".getBytes(StandardCharsets.UTF_8);

  private final List<Target> targets;
  private final int connections;
  private final int mostOpen;
  private final Duration timeout;
  private HttpClient http;

  /**
   * @param connections maximum open connections to each target
   * @param mostOpen requests in flight; a request due beyond them counts as failed
   */
  Sender(List<Target> targets, int connections, int mostOpen, Duration timeout) {
    this.targets = targets;
    this.connections = connections;
    this.mostOpen = mostOpen;
    this.timeout = timeout;
  }

  @Override
  public Future<?> start() {
    var first = targets.get(0); // all have the same options
    var options =
        new HttpClientOptions()
            .setConnectTimeout((int) CONNECT.toMillis())
            .setKeepAliveTimeout(IDLE_SECONDS)
            .setVerifyHost(!first.insecure());
    if (first.trusted() != null) options.setTrustOptions(TrustOptions.wrap(first.trusted()));
    http =
        vertx
            .httpClientBuilder()
            .with(options)
            .with(new PoolOptions().setHttp1MaxSize(connections).setMaxWaitQueueSize(mostOpen))
            // Requests of a broken connection fail, too, and are counted.
            .withConnectHandler(connection -> connection.exceptionHandler(broken -> {}))
            .build();
    return Future.succeededFuture();
  }

  Context context() {
    return context;
  }

  /** The body of a response with any status. Called on any thread. */
  Future<Buffer> get(Target target, String path, String accept) {
    var body = Promise.<Buffer>promise();
    // On the event loop: a body that arrives before its handler is set is lost.
    context.runOnContext(
        go ->
            http.request(
                    target
                        .request(HttpMethod.GET, path)
                        .putHeader("Accept", accept)
                        .setTimeout(timeout.toMillis()))
                .compose(request -> request.send())
                .compose(head -> head.body())
                .onComplete(body));
    return body.future();
  }

  /** Counters that all parts of a step share, for its progress. */
  record Progress(LongAdder ok, LongAdder failed) {}

  /** A sender's part of one step: every n-th request. Confined to the event loop. */
  final class Part {
    final Promise<Part> done = Promise.promise();
    final Histogram latency = histogram();
    final Histogram service = histogram();
    final Histogram refusals = histogram();
    final Histogram lag = histogram();
    final Map<String, Long> errors = new TreeMap<>();
    final Series series = new Series();
    private final RequestSource requests;
    private final List<RequestOptions> to;
    private final long begun;
    private final int stride;
    private final Progress progress;
    private long next; // number of the next request
    boolean over;
    long ended;
    long openAtHalf;
    long openAtEnd;
    long due;
    long sent;
    long ok;
    long refused;
    long inTime;
    long cached;
    long uncertain;
    private long open;

    /**
     * @param number of this part
     * @param parts of the step
     * @param begun {@link System#nanoTime}
     */
    Part(RequestSource requests, int number, int parts, long begun, Progress progress) {
      this.requests = requests;
      this.begun = begun;
      this.progress = progress;
      next = number;
      stride = parts;
      to = targets.stream().map(this::options).toList();
    }

    private RequestOptions options(Target target) {
      return target
          .request(HttpMethod.POST, requests.path())
          .setTimeout(timeout.toMillis()) // to get a connection, and between two reads on it
          .putHeader("Content-Type", requests.type());
    }

    Context context() {
      return context;
    }

    /** Sends the request that was due at {@code intended}, {@link System#nanoTime}. */
    void sendDue(long intended) {
      if (over) return;
      record(lag, System.nanoTime() - intended);
      send(intended);
    }

    /**
     * Sends the next request.
     *
     * @param intended due time, {@link System#nanoTime}
     */
    Future<Boolean> send(long intended) {
      due++;
      series.due(intended - begun);
      if (open >= mostOpen) {
        count("not sent: %d wait for their answers".formatted(mostOpen));
        ended(intended, false, record(latency, timeout.toNanos()));
        return Future.succeededFuture(false);
      }
      long number = next;
      next += stride;
      sent++;
      var content = requests.body().apply(number);
      open++;
      return http.request(to.get((int) (number % to.size())))
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
      boolean good = result.succeeded() && settle(result.result(), now, intended);
      if (result.failed()) {
        uncertain++;
        count(
            result.cause() instanceof TimeoutException
                ? "no answer in %d s".formatted(timeout.toSeconds())
                : "connection: " + result.cause().getMessage());
        ended(intended, false, record(latency, now - intended));
      }
      if (over && open == 0) done.tryComplete(this);
      return good;
    }

    private boolean settle(Response response, long now, long intended) {
      var problem = problem(response);
      boolean expected = requests.refusals().contains(code(problem));
      if (!problem.isEmpty() && !expected) {
        count(problem);
        record(refusals, now - intended); // can be fast, and would lower the latencies
        ended(intended, false, -1);
        return false;
      }
      record(service, now - response.start());
      if (expected) refused++;
      else ok++;
      if (!over) inTime++;
      if (!expected && isCached(response.body())) cached++;
      ended(intended, true, record(latency, now - intended));
      return true;
    }

    private void ended(long intended, boolean served, long micros) {
      (served ? progress.ok() : progress.failed()).increment();
      series.ended(intended - begun, served, micros);
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
      if (open == 0) done.tryComplete(this);
    }

    /** Status and code of a failure, also of single shipments of a response; empty for none. */
    private String problem(Response response) {
      int status = response.head().statusCode();
      if (status == OK) {
        var code = requests.shipments() > 1 ? codeOfShipment(response.body()) : "";
        return code.isEmpty() ? "" : "200 with " + code;
      }
      try {
        return status + " " + response.body().toJsonObject().getString("code", "");
      } catch (DecodeException e) { // not of this service
        return Integer.toString(status);
      }
    }
  }

  /**
   * @param start when the request was sent, {@link System#nanoTime}
   */
  private record Response(HttpClientResponse head, Buffer body, long start) {}

  private static String code(String problem) {
    return problem.substring(problem.indexOf(' ') + 1);
  }

  /**
   * Code of the first shipment that failed; empty for none: a prediction has no field of this name.
   */
  private static String codeOfShipment(Buffer body) {
    var bytes = body.getBytes();
    for (int at = 0; at + CODE.length < bytes.length; at++) {
      if (!matches(bytes, at)) continue;
      int from = at + CODE.length;
      int to = from;
      while (to < bytes.length && bytes[to] != '"') to++;
      return new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }
    return "";
  }

  private static boolean matches(byte[] bytes, int at) {
    for (int i = 0; i < CODE.length; i++) if (bytes[at + i] != CODE[i]) return false;
    return true;
  }

  static Histogram histogram() {
    return new Histogram(LONGEST_MICROS, DIGITS);
  }

  /**
   * @return the value recorded, in microseconds
   */
  private static long record(Histogram histogram, long nanos) {
    long micros = Math.min(TimeUnit.NANOSECONDS.toMicros(nanos), LONGEST_MICROS);
    histogram.recordValue(micros);
    return micros;
  }

  /** Compares the end of the body only: {@code source} is a prediction's last field. */
  private static boolean isCached(Buffer body) {
    int from = body.length() - 1 - CACHED.length;
    if (from < 0) return false;
    for (int i = 0; i < CACHED.length; i++) if (body.getByte(from + i) != CACHED[i]) return false;
    return true;
  }
}
