package com.cpprediction.benchmarks;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.Engine;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.Scorer;
import com.cpprediction.model.ScoringModel;
import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.GramVotes;
import com.cpprediction.model.format.NationalStage;
import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.PrefixChances;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.training.Forests;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
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
 * What one address costs, whole and in its parts: all features, the whole score with either engine,
 * and naming the prefix by the words. For the prefix with the median number of rows and for Mumbai,
 * the largest. Run as {@link ForestBenchmark}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ScoringBenchmark {
  private static final int ADDRESSES = 997;
  private static final Path MODELS = Path.of(System.getProperty("models", "models"));

  @Param({"median", "400"})
  public String prefix;

  private final Features features = new Features();
  private final Scorer scorer = new Scorer();
  private ModelStore mapped;
  private ModelStore xgboost;
  private NationalStage national;
  private ScoringModel mappedScoring;
  private ScoringModel xgboostScoring;
  private PrefixIndex index;
  private GramVotes votes;
  private Address[] addresses;
  private int next;

  /** Loads the release with both engines. */
  @Setup
  public void load() throws IOException {
    mapped = catalog(Engine.MAPPED);
    xgboost = catalog(Engine.XGBOOST);
    var name = prefix.equals("median") ? median() : prefix;
    mappedScoring = mapped.scoring(name);
    xgboostScoring = xgboost.scoring(name);
    index = mappedScoring.model().index();
    votes = Forests.votes(MODELS);
    national =
        NationalStage.of(ByteBuffer.wrap(Files.readAllBytes(MODELS.resolve(NationalStage.FILE))));
    var golden = mappedScoring.model().manifest().golden();
    var random = new Random(1);
    addresses = new Address[ADDRESSES];
    for (int i = 0; i < ADDRESSES; i++) {
      var one = golden.get(i % golden.size()).address();
      var words = new ArrayList<>(List.of(one.text().split(" ")));
      words.removeIf(word -> random.nextInt(8) == 0); // not all the same, or the processor learns
      addresses[i] = new Address(String.join(" ", words), one.pincode());
    }
  }

  private static ModelStore catalog(Engine engine) {
    var metrics = new ServiceMetrics(new SimpleMeterRegistry(), "benchmark");
    var catalog = new ModelStore(MODELS, engine, false, metrics, Clock.systemUTC());
    catalog.reload();
    return catalog;
  }

  private String median() {
    var bySize =
        mapped.prefixes().stream()
            .sorted(Comparator.comparing(p -> mapped.scoring(p).model().index().places()))
            .toList();
    return bySize.get(bySize.size() / 2);
  }

  @TearDown
  public void close() {
    mapped.close();
    xgboost.close();
  }

  private Address nextAddress() {
    next = (next + 1) % addresses.length;
    return addresses[next];
  }

  @Benchmark
  public float[] allFeatures() {
    features.read(index, votes, null, nextAddress().text());
    return features.values();
  }

  @Benchmark
  public PrefixScores wholeMapped() {
    return scorer.score(mappedScoring, nextAddress());
  }

  @Benchmark
  public PrefixScores wholeXgboost() {
    return scorer.score(xgboostScoring, nextAddress());
  }

  @Benchmark
  public PrefixChances namePrefix() {
    return national.locate(nextAddress().text());
  }
}
