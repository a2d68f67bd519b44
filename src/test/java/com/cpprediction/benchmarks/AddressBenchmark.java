package com.cpprediction.benchmarks;

import com.cpprediction.loadtest.AddressRow;
import com.cpprediction.prediction.Address;
import java.util.concurrent.TimeUnit;
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

/**
 * What it costs to parse an address: a real one, and the longest hostile one.
 *
 * <pre>
 * mvn -q test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath
 * java -cp target/classes:target/test-classes:$(cat target/classpath) \
 *   org.openjdk.jmh.Main AddressBenchmark -prof gc
 * </pre>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class AddressBenchmark {
  private String[] real;
  private final String hostile = "123 456 ".repeat(Address.MAX_TEXT / 8);
  private int next;

  /** Reads the packaged addresses. */
  @Setup
  public void read() {
    real = AddressRow.packaged().stream().map(AddressRow::address).toArray(String[]::new);
  }

  @Benchmark
  public Address real() {
    if (++next == real.length) next = 0;
    return Address.of(real[next], null);
  }

  @Benchmark
  public Address hostile() {
    return Address.of(hostile, null);
  }
}
