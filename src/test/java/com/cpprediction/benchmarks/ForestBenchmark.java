package com.cpprediction.benchmarks;

import com.cpprediction.model.XgboostRanker;
import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.Forest;
import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.training.Forests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
 * What scoring the candidates of one address costs: the forest, the same trees walked row by row,
 * and DJL's XGBoost; then one row alone, and a hundred rows at once. The addresses are made of the
 * golden ones of {@code models/} by leaving words out: enough of them that the processor can't
 * learn their ways by heart.
 *
 * <pre>
 * mvn -q test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath
 * java -cp target/classes:target/test-classes:$(cat target/classpath) \
 *   org.openjdk.jmh.Main ForestBenchmark -prof gc
 * </pre>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ForestBenchmark {
  private static final int ADDRESSES = 997;
  private static final Path MODELS = Path.of(System.getProperty("models", "models"));

  /** Of the addresses whose candidates are scored. */
  @Param({"560", "400"})
  public String prefix;

  private Forest forest;
  private PlainWalk plain;
  private XgboostRanker djl;
  private float[][] addresses;
  private float[] hundred;
  private final float[] scores = new float[1024];
  private int next;

  /** Loads the ranker thrice and reads the addresses. */
  @Setup
  public void load() throws IOException {
    var ubj = Files.readAllBytes(MODELS.resolve("ranker.ubj"));
    var section = Forests.compile(ubj);
    forest = Forests.direct(section);
    plain = new PlainWalk(section);
    djl = XgboostRanker.of(ubj);
    var directory = MODELS.resolve(prefix);
    var index = new PrefixIndex(ModelFile.of(Files.readAllBytes(directory.resolve("model.mmap"))));
    var manifest = Manifest.parse(Files.readAllBytes(directory.resolve("manifest.json")));
    var features = new Features();
    var votes = Forests.votes(MODELS);
    var random = new Random(1);
    addresses = new float[ADDRESSES][];
    for (int i = 0; i < addresses.length; i++) {
      var address = manifest.golden().get(i % manifest.golden().size()).address();
      features.read(index, votes, null, someWords(address.text(), random));
      addresses[i] = Arrays.copyOf(features.values(), features.contenders() * Features.COUNT);
    }
    hundred = new float[100 * Features.COUNT];
    for (int at = 0, i = 0; at < hundred.length; i++) {
      var values = addresses[i % addresses.length];
      int count = Math.min(values.length, hundred.length - at);
      System.arraycopy(values, 0, hundred, at, count);
      at += count;
    }
  }

  private static String someWords(String text, Random random) {
    var words = new ArrayList<>(List.of(text.split(" ")));
    words.removeIf(word -> random.nextInt(4) == 0);
    return String.join(" ", words);
  }

  @TearDown
  public void close() {
    djl.close();
  }

  private float[] nextAddress() {
    next = (next + 1) % addresses.length;
    return addresses[next];
  }

  @Benchmark
  public float[] addressForest() {
    var values = nextAddress();
    forest.score(values, values.length / Features.COUNT, scores);
    return scores;
  }

  @Benchmark
  public float[] addressPlainWalk() {
    var values = nextAddress();
    plain.score(values, values.length / Features.COUNT, scores);
    return scores;
  }

  @Benchmark
  public float[] addressDjl() {
    var values = nextAddress();
    djl.score(values, values.length / Features.COUNT, scores);
    return scores;
  }

  @Benchmark
  public float[] oneRowForest() {
    forest.score(nextAddress(), 1, scores);
    return scores;
  }

  @Benchmark
  public float[] oneRowDjl() {
    djl.score(nextAddress(), 1, scores);
    return scores;
  }

  @Benchmark
  public float[] hundredRowsForest() {
    forest.score(hundred, 100, scores);
    return scores;
  }

  @Benchmark
  public float[] hundredRowsDjl() {
    djl.score(hundred, 100, scores);
    return scores;
  }
}
