package com.cpprediction.benchmarks;

import com.cpprediction.cache.AddressCache;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.loadtest.AddressRow;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.Engine;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.model.WrongPincodes;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.TypedAddress;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a request costs before it is looked up: reading its address, and finding the prefixes that
 * it may belong to. For real addresses of all of India, with a pincode in the text, in the field,
 * or without one. Run as {@link ForestBenchmark}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LocatingBenchmark {
  private static final Path MODELS = Path.of(System.getProperty("models", "models"));

  @Param({"text", "field", "none"})
  public String pincode;

  private ModelStore store;
  private ServingRelease release;
  private String[] typed;
  private String[] fields;
  private Address[] addresses;
  private AddressCache cache;
  private int next;

  /** Loads the release, and keeps the addresses that it can locate. */
  @Setup
  public void load() {
    var registry = new SimpleMeterRegistry();
    var metrics = new ServiceMetrics(registry, "benchmark");
    store = new ModelStore(MODELS, Engine.MAPPED, false, metrics, Clock.systemUTC());
    store.reload();
    release = store.lease();
    cache = new PredictionCache(ServiceConfig.defaults().cache(), registry).addresses();
    var texts = new ArrayList<String>();
    var pincodes = new ArrayList<String>();
    var read = new ArrayList<Address>();
    for (var row : AddressRow.packaged()) {
      var bare = row.address().replace(row.pincode(), "").strip();
      var text = pincode.equals("text") ? bare + " " + row.pincode() : bare;
      var field = pincode.equals("field") ? row.pincode() : null;
      try {
        var address = Address.of(text, field);
        var hypotheses = release.locate(address, WrongPincodes.prior());
        var entry = new AddressCache.Entry(address, hypotheses, release.generation());
        cache.put(new TypedAddress(text, field), entry);
        texts.add(text);
        pincodes.add(field);
        read.add(address);
      } catch (ServiceException e) {
        continue; // without its pincode it can't be located
      }
    }
    typed = texts.toArray(String[]::new);
    fields = pincodes.toArray(String[]::new);
    addresses = read.toArray(Address[]::new);
    if (List.of(typed).isEmpty()) throw new IllegalStateException("no address can be located");
  }

  @TearDown
  public void close() {
    release.close();
    store.close();
  }

  private int next() {
    if (++next == typed.length) next = 0;
    return next;
  }

  @Benchmark
  public Address read() {
    int i = next();
    return Address.of(typed[i], fields[i]);
  }

  @Benchmark
  public Hypotheses locate() {
    return release.locate(addresses[next()], WrongPincodes.prior());
  }

  /** What {@link #readAndLocate} is replaced by where the same was sent before. */
  @Benchmark
  public Hypotheses repeated() {
    int i = next();
    var entry = cache.get(new TypedAddress(typed[i], fields[i]));
    return entry.isOf(release.generation(), WrongPincodes.prior())
        ? entry.hypotheses()
        : readAndLocate();
  }

  @Benchmark
  public Hypotheses readAndLocate() {
    int i = next();
    return release.locate(Address.of(typed[i], fields[i]), WrongPincodes.prior());
  }
}
