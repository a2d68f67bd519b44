package com.cpprediction.training;

import com.cpprediction.csv.InputException;
import com.cpprediction.model.PrefixModel;
import com.cpprediction.model.format.Forest;
import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.ModelFile.Section;
import com.cpprediction.model.format.PrefixIndex;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;

/** Trains the models of all prefixes and their shared ranker, in memory. */
final class Trainer {
  private final OfficeDirectory directory;
  private final long seed;
  private final int threads;
  private final Memory memory;
  private final Runnable step;

  /**
   * Trained models.
   *
   * @param files model file by prefix
   * @param rows training rows by prefix
   * @param ranker model in XGBoost's UBJSON
   * @param national file of the national stage
   */
  record Learned(
      SortedMap<String, byte[]> files,
      Map<String, PrefixRows> rows,
      byte[] ranker,
      byte[] national) {
    /** Model file of a prefix. */
    byte[] file(String prefix) {
      return Objects.requireNonNull(files.get(prefix), prefix);
    }

    /** Training rows of a prefix. */
    PrefixRows rows(String prefix) {
      return Objects.requireNonNull(rows.get(prefix), prefix);
    }

    /** Index of a prefix. */
    PrefixIndex index(String prefix) {
      return new PrefixIndex(ModelFile.of(file(prefix)));
    }

    /** Trees of the ranker, the same in every file. */
    Forest forest() {
      return Forest.of(ModelFile.of(file(files.firstKey())).section(Section.FOREST));
    }

    /** Model of a prefix, as served. */
    PrefixModel model(String prefix, JsonObject scores, List<Manifest.Golden> golden) {
      return PrefixModel.of(manifest(prefix, scores, golden), ModelFile.of(file(prefix)));
    }

    Manifest manifest(String prefix, JsonObject scores, List<Manifest.Golden> golden) {
      var own = rows(prefix);
      return new Manifest(
          prefix,
          Manifest.FileRef.of(prefix + '/' + ReleaseWriter.INDEX, file(prefix)),
          Manifest.FileRef.of(ReleaseWriter.RANKER, ranker),
          own.cps(),
          own.addresses().size(),
          own.directory().size(),
          scores,
          golden);
    }
  }

  private record OnePrefix(PrefixRows rows, byte[] file, Ranking ranking) {}

  /**
   * @param step called after each of {@link #steps}
   */
  Trainer(OfficeDirectory directory, long seed, int threads, Memory memory, Runnable step) {
    this.directory = directory;
    this.seed = seed;
    this.threads = threads;
    this.memory = memory;
    this.step = step;
  }

  /** Number of steps of {@link #learn}. */
  static int steps(int prefixes) {
    return prefixes + RankerTrainer.ROUNDS;
  }

  /**
   * Trains all models.
   *
   * @return empty when there is nothing to rank: no address has its own CP and another among its
   *     candidates
   * @throws InputException when a prefix has too many rows for the memory there is
   */
  Optional<Learned> learn(Map<String, List<PrefixRows.Grouped>> rows) {
    var data = inParallel(rows.entrySet().stream().map(this::gather).toList());
    data.forEach(memory::check);
    var files = new TreeMap<String, byte[]>();
    var byPrefix = new TreeMap<String, PrefixRows>();
    var rankings = new TreeMap<String, Ranking>();
    // Largest first, for even use of the threads.
    var largestFirst = Comparator.comparingInt(PrefixRows::size).reversed();
    for (var one : inParallel(data.stream().sorted(largestFirst).map(this::task).toList())) {
      files.put(one.rows().prefix(), one.file());
      byPrefix.put(one.rows().prefix(), one.rows());
      rankings.put(one.rows().prefix(), one.ranking());
    }
    if (rankings.values().stream().allMatch(ranking -> ranking.groups() == 0)) {
      return Optional.empty();
    }
    var ranker = RankerTrainer.train(List.copyOf(rankings.values()), seed, step);
    var forest = ForestCompiler.compile(ranker);
    files.replaceAll((prefix, file) -> with(file, forest));
    return Optional.of(new Learned(files, byPrefix, ranker, national(rows)));
  }

  private byte[] national(Map<String, List<PrefixRows.Grouped>> rows) {
    var texts = new ArrayList<>(directory.texts());
    rows.forEach(
        (prefix, own) -> own.forEach(row -> texts.add(NationalTrainer.Labelled.address(row))));
    return NationalTrainer.train(texts, seed);
  }

  private static byte[] with(byte[] file, byte[] forest) {
    return ModelFile.Writer.of(ModelFile.of(file)).putBytes(Section.FOREST, forest).toBytes();
  }

  private Callable<PrefixRows> gather(Map.Entry<String, List<PrefixRows.Grouped>> rows) {
    return () -> PrefixRows.of(rows.getKey(), rows.getValue(), directory);
  }

  private Callable<OnePrefix> task(PrefixRows data) {
    return () -> memory.with(data, () -> learn(data));
  }

  private OnePrefix learn(PrefixRows data) {
    var writer = IndexBuilder.build(data);
    var index = new PrefixIndex(ModelFile.of(writer.toBytes()));
    var ridge = new Ridge(data, index);
    ridge.putInto(writer);
    var file = writer.toBytes();
    var whole = new PrefixIndex(ModelFile.of(file));
    var ranking = Ranking.of(data, whole, ridge::without, seed);
    step.run();
    return new OnePrefix(data, file, ranking);
  }

  private <T> List<T> inParallel(List<Callable<T>> tasks) {
    var pool = Executors.newFixedThreadPool(threads);
    try {
      var results = new ArrayList<T>();
      for (var future : pool.invokeAll(tasks)) results.add(future.get());
      return results;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) throw cause;
      throw new IllegalStateException(e.getCause());
    } finally {
      pool.shutdownNow();
    }
  }
}
