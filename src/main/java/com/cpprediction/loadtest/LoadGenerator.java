package com.cpprediction.loadtest;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.HdrHistogram.Histogram;

/**
 * Sends requests over HTTP/1.1 and measures latencies. Runs one step at a time, on one or more
 * event loops; the methods block and must not be called on an event loop.
 *
 * <p>In the open loop requests are due at times that don't depend on responses, and a separate
 * thread has them sent then. Latency counts from the due time, so that a stall of service or
 * generator is not omitted from the figures (coordinated omission).
 */
public final class LoadGenerator implements AutoCloseable {
  /** Exceeds the service's own deadline, so that requests rarely time out on this side. */
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private static final long PROGRESS_MILLIS = 250;

  /** Maximum requests in flight; a request due beyond it counts as failed. */
  static final int MAX_OUTSTANDING = 20_000;

  private final Vertx vertx;
  private final List<Target> targets;
  private final List<Sender> senders = new ArrayList<>();
  private final Arrivals arrivals;

  /** Notified of a step's progress every 250 ms, on an event loop. */
  @FunctionalInterface
  public interface Listener {
    Listener NONE = (seconds, ok, failed, p99) -> {};

    /**
     * @param seconds since the first request
     * @param ok requests served
     * @param p99 latency in milliseconds, with several threads that of one's requests
     */
    void progress(double seconds, long ok, long failed, double p99);
  }

  /**
   * One target, one thread, constant arrivals.
   *
   * @param connections maximum open connections
   */
  public LoadGenerator(Target target, int connections) {
    this(target, connections, TIMEOUT);
  }

  LoadGenerator(Target target, int connections, Duration timeout) {
    this(List.of(target), connections, 1, Arrivals.CONSTANT, timeout);
  }

  /**
   * @param targets which take turns; at least one
   * @param connections maximum open connections, at least one for each target and thread
   * @param threads event loops that send
   * @param arrivals of open loops
   */
  public LoadGenerator(List<Target> targets, int connections, int threads, Arrivals arrivals) {
    this(targets, connections, threads, arrivals, TIMEOUT);
  }

  private LoadGenerator(
      List<Target> targets, int connections, int threads, Arrivals arrivals, Duration timeout) {
    this.targets = List.copyOf(targets);
    this.arrivals = arrivals;
    vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(threads));
    int each = Math.max(1, connections / threads / targets.size());
    for (int i = 0; i < threads; i++) {
      senders.add(new Sender(this.targets, each, MAX_OUTSTANDING / threads, timeout));
    }
    var left = senders.iterator();
    var options = new DeploymentOptions().setInstances(threads);
    join(vertx.deployVerticle(left::next, options));
  }

  private static void join(Future<?> future) {
    future.toCompletionStage().toCompletableFuture().join();
  }

  /** The services under test. */
  public List<Target> targets() {
    return targets;
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
    return await(new ClosedLoop(name, requests, callers, duration, Long.MAX_VALUE, listener));
  }

  /** Sends {@code count} requests, {@code callers} at a time. */
  public Step count(String name, RequestSource requests, int callers, long count, Listener listener)
      throws InterruptedException {
    return await(new ClosedLoop(name, requests, callers, Duration.ofDays(1), count, listener));
  }

  /**
   * Gets a JSON document of the first target.
   *
   * @throws LoadTestException when the response is none, or there is no response
   */
  public JsonObject get(String path) throws InterruptedException {
    return get(targets.get(0), path);
  }

  /** As {@link #get(String)}, of another target. */
  JsonObject get(Target target, String path) throws InterruptedException {
    return get(target, path, "application/json", Buffer::toJsonObject);
  }

  /**
   * As {@link #get(String)}, of a text.
   *
   * @return empty where the target responds with a JSON document, a problem
   */
  String text(Target target, String path) throws InterruptedException {
    return get(
        target, path, "text/plain", body -> body.toString().startsWith("{") ? "" : body.toString());
  }

  private <T> T get(Target target, String path, String accept, Function<Buffer, T> read)
      throws InterruptedException {
    var response = senders.get(0).get(target, path, accept).map(read::apply);
    try {
      return response.toCompletionStage().toCompletableFuture().get();
    } catch (ExecutionException e) {
      var cause = Objects.requireNonNullElse(e.getCause(), e);
      throw new LoadTestException(
          "%s%s doesn't answer as this service does (%s); is it running there?"
              .formatted(target.url(), path, cause.getMessage()),
          cause);
    }
  }

  private Step await(Loop loop) throws InterruptedException {
    loop.begin();
    try {
      return loop.ended().toCompletionStage().toCompletableFuture().get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("the load generator failed", e.getCause());
    } catch (InterruptedException e) {
      loop.end();
      throw e;
    } finally {
      loop.stopReporting();
    }
  }

  /** Closes all connections and drops requests in flight. Blocks. */
  @Override
  public void close() {
    join(vertx.close());
  }

  /** One step, in parts that run on the senders. */
  private abstract class Loop {
    final List<Sender.Part> parts = new ArrayList<>();
    final Duration duration;
    final long begun = System.nanoTime();
    private final String name;
    private final double rate;
    private final RequestSource requests;
    private final Listener listener;
    private final Sender.Progress progress = new Sender.Progress(new LongAdder(), new LongAdder());
    private long reporting;

    /**
     * @param most parts
     */
    Loop(
        String name,
        double rate,
        RequestSource requests,
        Duration duration,
        int most,
        Listener listener) {
      this.name = name;
      this.rate = rate;
      this.requests = requests;
      this.duration = duration;
      this.listener = listener;
      int count = Math.min(senders.size(), most);
      for (int i = 0; i < count; i++) {
        parts.add(senders.get(i).new Part(requests, i, count, begun, progress));
      }
    }

    /** Begins to send. */
    void begin() {
      onEach(
          0, part -> reporting = vertx.setPeriodic(PROGRESS_MILLIS, tick -> report(part.latency)));
    }

    private void onEach(int number, Consumer<Sender.Part> action) {
      var part = parts.get(number);
      part.context().runOnContext(go -> action.accept(part));
    }

    void onEach(Consumer<Sender.Part> action) {
      for (int i = 0; i < parts.size(); i++) onEach(i, action);
    }

    /** The last request has been due. */
    void end() {
      onEach(Sender.Part::end);
    }

    void stopReporting() {
      onEach(0, part -> vertx.cancelTimer(reporting));
    }

    private void report(Histogram latency) {
      double p99 = latency.getTotalCount() == 0 ? 0 : latency.getValueAtPercentile(99) / 1e3;
      listener.progress(
          (System.nanoTime() - begun) / 1e9, progress.ok().sum(), progress.failed().sum(), p99);
    }

    Future<Step> ended() {
      return Future.all(parts.stream().map(part -> part.done.future()).toList())
          .map(done -> step());
    }

    private Step step() {
      var latency = merged(part -> part.latency);
      report(latency);
      long end = parts.stream().mapToLong(part -> part.ended).max().orElseThrow();
      return new Step(
          name,
          rate,
          requests.path(),
          requests.shipments(),
          sum(part -> part.due),
          sum(part -> part.sent),
          sum(part -> part.ok),
          sum(part -> part.refused),
          sum(part -> part.inTime),
          sum(part -> part.cached),
          sum(part -> part.uncertain),
          sum(part -> part.openAtHalf),
          sum(part -> part.openAtEnd),
          errors(),
          (end - begun) / 1e9,
          (System.nanoTime() - begun) / 1e9,
          latency,
          merged(part -> part.service),
          merged(part -> part.refusals),
          merged(part -> part.lag),
          Series.sum(parts.stream().map(part -> part.series).toList()),
          null);
    }

    private long sum(ToLongFunction<Sender.Part> value) {
      return parts.stream().mapToLong(value).sum();
    }

    private Map<String, Long> errors() {
      var errors = new TreeMap<String, Long>();
      for (var part : parts) part.errors.forEach((error, n) -> errors.merge(error, n, Long::sum));
      return errors;
    }

    private Histogram merged(Function<Sender.Part, Histogram> histogram) {
      var merged = Sender.histogram();
      for (var part : parts) merged.add(histogram.apply(part));
      return merged;
    }
  }

  private final class OpenLoop extends Loop {
    private final double rate;
    private volatile boolean ended;

    OpenLoop(
        String name, RequestSource requests, double rate, Duration duration, Listener listener) {
      super(name, rate, requests, duration, senders.size(), listener);
      this.rate = rate;
    }

    @Override
    void begin() {
      super.begin();
      var pace = new Thread(this::keepTime, "load-test-pace");
      pace.setDaemon(true);
      pace.start();
    }

    @Override
    void end() {
      ended = true;
      super.end();
    }

    /** Schedules each request on its event loop; Vert.x timers have millisecond resolution only. */
    private void keepTime() {
      var schedule = arrivals.schedule(rate, duration, parts.size() + Double.hashCode(rate));
      boolean halfway = false;
      int turn = 0;
      for (long at = schedule.getAsLong(); at >= 0 && !ended; at = schedule.getAsLong()) {
        if (!halfway && at >= duration.toNanos() / 2) {
          halfway = true;
          onEach(Sender.Part::half);
        }
        long intended = begun + at;
        await(intended);
        var part = parts.get(turn);
        turn = (turn + 1) % parts.size();
        part.context().runOnContext(now -> part.sendDue(intended));
      }
      await(begun + duration.toNanos()); // the last interval belongs to the step
      end();
    }

    private void await(long nanos) {
      for (long left = nanos - System.nanoTime(); left > 0 && !ended; ) {
        LockSupport.parkNanos(left);
        left = nanos - System.nanoTime();
      }
    }
  }

  private final class ClosedLoop extends Loop {
    /** Delay after a refusal; without it, a caller would mostly measure refusals. */
    private static final long PAUSE_MILLIS = 50;

    private final int callers;
    private final long most;

    /**
     * @param most requests, over all parts
     */
    ClosedLoop(
        String name,
        RequestSource requests,
        int callers,
        Duration duration,
        long most,
        Listener listener) {
      super(name, 0, requests, duration, callers, listener);
      this.callers = callers;
      this.most = most;
    }

    @Override
    void begin() {
      super.begin();
      int count = parts.size();
      for (int i = 0; i < count; i++) {
        int own = callers / count + (i < callers % count ? 1 : 0);
        long quota = most / count + (i < most % count ? 1 : 0);
        var part = parts.get(i);
        part.context().runOnContext(go -> new Callers(part, quota).begin(own));
      }
    }

    /** The callers of one part. Confined to its event loop. */
    private final class Callers {
      private final Sender.Part part;
      private final long quota;
      private long ending;

      Callers(Sender.Part part, long quota) {
        this.part = part;
        this.quota = quota;
      }

      void begin(int count) {
        ending = vertx.setTimer(duration.toMillis(), timer -> part.end());
        for (int i = 0; i < count; i++) again();
      }

      private void again() {
        if (part.over) return;
        if (part.due == quota) {
          vertx.cancelTimer(ending);
          part.end();
          return;
        }
        part.send(System.nanoTime())
            .onSuccess(
                good -> {
                  if (good) again();
                  else vertx.setTimer(PAUSE_MILLIS, later -> again());
                });
      }
    }
  }
}
