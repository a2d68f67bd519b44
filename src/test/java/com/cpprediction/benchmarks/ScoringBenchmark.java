package com.cpprediction.benchmarks;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.Engine;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.Scorer;
import com.cpprediction.model.ScoringModel;
import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.GramVotes;
import com.cpprediction.model.format.NationalStage;
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
import java.util.Collections;
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
 * and naming the prefix by the words. For the prefix with the median number of rows, for Mumbai,
 * the largest, and for addresses of all prefixes in turns, which the processor's caches don't hold.
 * Run as {@link ForestBenchmark}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ScoringBenchmark {
  private static final int ADDRESSES = 2_000;
  private static final Path MODELS = Path.of(System.getProperty("models", "models"));

  @Param({"median", "400", "all"})
  public String prefix;

  private final Features features = new Features();
  private final Scorer scorer = new Scorer();
  private ModelStore mapped;
  private ModelStore xgboost;
  private NationalStage national;
  private GramVotes votes;
  private Question[] questions;
  private int next;

  /** An address, and its prefix's model in both engines. */
  private record Question(Address address, ScoringModel mapped, ScoringModel xgboost) {}

  /** Loads the release with both engines. */
  @Setup
  public void load() throws IOException {
    mapped = catalog(Engine.MAPPED);
    xgboost = catalog(Engine.XGBOOST);
    votes = Forests.votes(MODELS);
    national =
        NationalStage.of(ByteBuffer.wrap(Files.readAllBytes(MODELS.resolve(NationalStage.FILE))));
    var asked =
        switch (prefix) {
          case "median" -> List.of(median());
          case "all" -> List.copyOf(mapped.prefixes());
          default -> List.of(prefix);
        };
    int each = Math.max(1, ADDRESSES / asked.size());
    var all = new ArrayList<Question>();
    for (var name : asked) addQuestions(name, each, all);
    Collections.shuffle(all, new Random(1));
    questions = all.toArray(Question[]::new);
  }

  private void addQuestions(String name, int count, List<Question> out) {
    var scoring = mapped.scoring(name);
    var golden = scoring.model().manifest().golden();
    var random = new Random(1);
    for (int i = 0; i < count; i++) {
      var one = golden.get(i % golden.size()).address();
      var words = new ArrayList<>(List.of(one.text().split(" ")));
      words.removeIf(word -> random.nextInt(8) == 0); // not all the same, or the processor learns
      var address = new Address(String.join(" ", words), one.pincode());
      out.add(new Question(address, scoring, xgboost.scoring(name)));
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

  private Question next() {
    next = (next + 1) % questions.length;
    return questions[next];
  }

  @Benchmark
  public float[] allFeatures() {
    var question = next();
    features.read(question.mapped().model().index(), votes, null, question.address().text());
    return features.values();
  }

  @Benchmark
  public PrefixScores wholeMapped() {
    var question = next();
    return scorer.score(question.mapped(), question.address());
  }

  @Benchmark
  public PrefixScores wholeXgboost() {
    var question = next();
    return scorer.score(question.xgboost(), question.address());
  }

  @Benchmark
  public PrefixChances namePrefix() {
    return national.locate(next().address().text());
  }
}
