package com.cpprediction.benchmarks;

import com.cpprediction.cache.PredictionCache.Key;
import com.cpprediction.prediction.Address;
import com.cpprediction.testing.Collisions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to make a key and look it up among 10,000, and the same of a record of strings, as
 * it was before: where callers take what they like, and where they take addresses of one {@link
 * String#hashCode}.
 *
 * <pre>
 * mvn -q test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath
 * java -cp target/classes:target/test-classes:$(cat target/classpath) \
 *   org.openjdk.jmh.Main KeyBenchmark
 * </pre>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class KeyBenchmark {
  private static final int KEYS = 10_000;
  private static final String FINGERPRINT = "a".repeat(64);

  /** Whether all addresses have one {@link String#hashCode}. */
  @Param({"false", "true"})
  public boolean colliding;

  private record Strings(String fingerprint, String text, String pincode) {}

  private final Map<Key, Integer> keys = new ConcurrentHashMap<>();
  private final Map<Strings, Integer> strings = new ConcurrentHashMap<>();
  private List<String> texts;
  private int next;

  /** Fills both tables. */
  @Setup
  public void fill() {
    texts =
        colliding
            ? Collisions.words(KEYS)
            : IntStream.range(0, KEYS)
                .mapToObj(i -> "flat %d 2nd main mg road".formatted(i))
                .toList();
    for (int i = 0; i < KEYS; i++) {
      keys.put(key(texts.get(i)), i);
      strings.put(strings(texts.get(i)), i);
    }
  }

  @Benchmark
  public Integer keyed() {
    return keys.get(key(text()));
  }

  @Benchmark
  public Integer recordOfStrings() {
    return strings.get(strings(text()));
  }

  private String text() {
    next = (next + 997) % KEYS;
    return new StringBuilder(texts.get(next)).toString(); // its hash is not known yet
  }

  private static Key key(String text) {
    return new Key(FINGERPRINT, new Address(text, "560017"));
  }

  private static Strings strings(String text) {
    return new Strings(FINGERPRINT, text, "560017");
  }
}
