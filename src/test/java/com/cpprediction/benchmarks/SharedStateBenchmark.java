package com.cpprediction.benchmarks;

import com.cpprediction.cache.PredictionCache;
import com.cpprediction.cache.PredictionCache.Key;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.CallerPincodes;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.PincodeLikelihoods;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.testing.TestScores;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * What the event loops of a node share on the way of a cached prediction, by number of threads. A
 * part without a lock or a contended word keeps its ratio to {@link #ownWork}, which shares nothing
 * and so shows how many processors the threads had.
 *
 * <pre>
 * mvn -q test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath
 * for threads in 1 2 4; do
 *   java -cp target/classes:target/test-classes:$(cat target/classpath) \
 *     org.openjdk.jmh.Main SharedStateBenchmark -t $threads
 * done
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SharedStateBenchmark {
  private static final int KEYS = 1_000;
  private static final int OWN_WORK = 50; // tokens of JMH
  private static final String FINGERPRINT = "a".repeat(64);
  private static final PincodeLikelihoods RIGHT = new PincodeLikelihoods(0.5, 1e-6, 0.02, 1e-5);

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final ServiceMetrics metrics = new ServiceMetrics(registry, "benchmark");
  private final PredictionCache cache =
      new PredictionCache(ServiceConfig.defaults().cache(), registry);
  private final CallerPincodes wrongPincodes =
      new CallerPincodes(OptionalDouble::empty, metrics, Clock.systemUTC());
  private final Deadline deadline = Deadline.in(Duration.ofHours(1));
  private final List<Key> keys =
      IntStream.range(0, KEYS)
          .mapToObj(
              i -> new Key(FINGERPRINT, new Address("flat %d mg road".formatted(i), "560017")))
          .toList();

  /** The next key of a thread. */
  @State(Scope.Thread)
  public static class Position {
    private int next;

    private int move() {
      next = (next + 97) % KEYS;
      return next;
    }
  }

  /** Fills the cache and registers the meters of a route. */
  @Setup
  public void fill() {
    cache.getAll(
        keys,
        false,
        KEYS,
        deadline,
        (missing, until) ->
            Future.succeededFuture(
                missing.stream()
                    .map(
                        key ->
                            TestScores.of(
                                FINGERPRINT, key.address(), List.of(new Candidate("CP1", 0.9))))
                    .toList()));
    metrics.httpRoute("/predict", List.of("POST"), List.of(200));
  }

  /** Work of some 100 ns on nothing shared. */
  @Benchmark
  public void ownWork() {
    Blackhole.consumeCPU(OWN_WORK);
  }

  @Benchmark
  public UUID predictionId() {
    return PredictionIds.next();
  }

  /** The request id of a caller that sends none. */
  @Benchmark
  public UUID randomId() {
    return UUID.randomUUID();
  }

  @Benchmark
  public List<Future<LookupResult>> cacheHit(Position position) {
    return cache.getAll(
        List.of(keys.get(position.move())),
        false,
        1,
        deadline,
        (missing, until) -> Future.failedFuture("all keys are cached"));
  }

  @Benchmark
  public void observe() {
    wrongPincodes.of("").observe(RIGHT);
  }

  /** The meters of a request with one shipment. */
  @Benchmark
  public void meters(Position position) {
    int nanos = 100_000 + position.move() * 100;
    metrics.pincodeDoubted(0.004);
    metrics.answered(Source.CACHE, nanos);
    metrics.httpRequest("/predict", "POST", 200, nanos);
  }
}
