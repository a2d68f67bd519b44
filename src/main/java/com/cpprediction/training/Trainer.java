package com.cpprediction.training;

import com.cpprediction.csv.InputException;
import com.cpprediction.model.PrefixModel;
import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.Forest;
import com.cpprediction.model.format.GramVotes;
import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.PrefixIndex;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;

/**
 * Trains the models of all prefixes and their shared ranker. Counts first, one pass over the
 * addresses; all that follows works on the counts and a sample of places.
 */
final class Trainer {
  /** Addresses that the ranker learns from at most. */
  static final int QUESTIONS = 200_000;

  /** Addresses that the votes of n-grams are learned from, at most. */
  private static final int VOTE_QUESTIONS = 40_000;

  /** N-grams that a candidate has of an address, on average at most. */
  private static final int CODES_PER_CANDIDATE = 64;

  /** Heap of a training beside that of the ranker's features. */
  private static final long HEAP = 256L << 20;

  /** Share of the places of an even sample that a prefix may have more of than others. */
  private static final int UNEVEN = 4;

  private static final int LEAST_SAMPLE = 500;

  private final OfficeDirectory directory;
  private final long seed;
  private final int threads;
  private final Runnable step;

  /**
   * Trained models.
   *
   * @param files model file by prefix
   * @param counts by prefix
   * @param ranker model in XGBoost's UBJSON
   * @param trees the same as it is served
   * @param national file of the national stage
   */
  record Learned(
      SortedMap<String, byte[]> files,
      SortedMap<String, PrefixCounts> counts,
      byte[] ranker,
      byte[] trees,
      byte[] national) {
    /** Index of a prefix. */
    PrefixIndex index(String prefix) {
      return new PrefixIndex(file(prefix));
    }

    PrefixCounts counts(String prefix) {
      return Objects.requireNonNull(counts.get(prefix), prefix);
    }

    /** The ranker as it is served. */
    Forest forest() {
      return Forest.of(ByteBuffer.wrap(trees));
    }

    /** Model of a prefix, as served. */
    PrefixModel model(String prefix, JsonObject scores, List<Manifest.Golden> golden) {
      return PrefixModel.of(manifest(prefix, scores, golden), file(prefix), forest());
    }

    private ModelFile file(String prefix) {
      return ModelFile.of(Objects.requireNonNull(files.get(prefix), prefix));
    }

    Manifest manifest(String prefix, JsonObject scores, List<Manifest.Golden> golden) {
      var own = counts(prefix);
      var file = Objects.requireNonNull(files.get(prefix), prefix);
      return new Manifest(
          prefix,
          Manifest.FileRef.of(prefix + '/' + ReleaseWriter.INDEX, file),
          Manifest.FileRef.of(ReleaseWriter.RANKER, ranker),
          Manifest.FileRef.of(ReleaseWriter.FOREST, trees),
          own.cps(),
          Arrays.stream(own.addresses()).sum(),
          Arrays.stream(own.places()).sum(),
          scores,
          golden);
    }
  }

  private record OnePrefix(String prefix, byte[] file, VoteQuestions votes) {}

  /**
   * @param step called after each prefix that is counted, and each of {@link #steps}
   */
  Trainer(OfficeDirectory directory, long seed, int threads, Runnable step) {
    this.directory = directory;
    this.seed = seed;
    this.threads = threads;
    this.step = step;
  }

  /**
   * Checks the heap before the work.
   *
   * @throws InputException when the ranker's features don't fit
   */
  static void checkHeap(long rows, long heap) {
    long features = Math.min(rows, QUESTIONS) * Features.TOP * Features.COUNT * Float.BYTES;
    long votes =
        Math.min(rows, VOTE_QUESTIONS) * Features.TOP * CODES_PER_CANDIDATE * Character.BYTES;
    long needed = HEAP + votes + 2 * features; // features of each prefix, then of all
    if (heap >= needed) return;
    throw new InputException(
        "Training on %d rows needs %d MB of heap, there are %d; start Java with -Xmx%dm"
            .formatted(rows, needed >> 20, heap >> 20, needed >> 20));
  }

  /** Number of steps of {@link #learn}. */
  static int steps(int prefixes) {
    return prefixes + RankerTrainer.ROUNDS;
  }

  /**
   * Counts the addresses of every prefix.
   *
   * @param heldBack share of places that are not counted
   * @param held maximum of held-back addresses that are kept of a prefix
   * @param earlier counts to add to, by prefix
   */
  SortedMap<String, PrefixCounts> count(
      TrainingInput input, double heldBack, int held, SortedMap<String, PrefixCounts> earlier) {
    var prefixes = new TreeSet<>(input.prefixes());
    prefixes.addAll(earlier.keySet());
    int sample = Math.max(LEAST_SAMPLE, UNEVEN * QUESTIONS / prefixes.size());
    var options = new PrefixCounts.Options(seed, heldBack, held, sample);
    var tasks = new ArrayList<Callable<PrefixCounts>>();
    for (var prefix : prefixes) {
      tasks.add(
          () -> {
            var builder = new PrefixCounts.Builder(prefix, options);
            var before = earlier.get(prefix);
            if (before != null) builder.after(before);
            if (input.prefixes().contains(prefix)) {
              for (var row : input.rows(prefix)) builder.add(row.row(), row.text(), row.weight());
            }
            var counts = builder.build(directory.cpsOf(prefix));
            step.run();
            return counts;
          });
    }
    var byPrefix = new TreeMap<String, PrefixCounts>();
    inParallel(threads, tasks).forEach(counts -> byPrefix.put(counts.prefix(), counts));
    return byPrefix;
  }

  /**
   * Trains all models.
   *
   * @return empty when there is nothing to rank: no address has its own CP and another among its
   *     candidates
   */
  Optional<Learned> learn(SortedMap<String, PrefixCounts> counts) {
    var counted = new TreeMap<>(counts);
    counted.values().removeIf(own -> own.sample().isEmpty());
    if (counted.isEmpty()) return Optional.empty();
    var rarity = new Rarity(counted.values().stream().map(PrefixCounts::fingerprints).toList());
    double sampled = sampled(counted.values(), QUESTIONS);
    double voting = sampled(counted.values(), VOTE_QUESTIONS);
    var tasks = new ArrayList<Callable<OnePrefix>>();
    for (var own : counted.values()) tasks.add(() -> build(own, rarity, voting));
    var files = new TreeMap<String, byte[]>();
    var questions = new ArrayList<VoteQuestions>();
    for (var one : inParallel(threads, tasks)) {
      files.put(one.prefix(), one.file());
      questions.add(one.votes());
    }
    var weights = VoteTrainer.train(questions, seed);
    var rankings = rankings(counted, files, GramVotes.of(weights), sampled);
    if (rankings.stream().allMatch(ranking -> ranking.groups() == 0)) return Optional.empty();
    var ranker = RankerTrainer.train(rankings, seed, step);
    var trees = ForestCompiler.compile(ranker, weights);
    return Optional.of(
        new Learned(files, counted, ranker, trees, national(counted.values(), sampled)));
  }

  /** Bound of {@link PrefixCounts.Place#order} below which lie as many addresses as are ranked. */
  private static double sampled(Iterable<PrefixCounts> counts, int most) {
    var places = new ArrayList<PrefixCounts.Place>();
    counts.forEach(own -> places.addAll(own.sample()));
    places.sort((a, b) -> Double.compare(a.order(), b.order()));
    long addresses = 0;
    for (var place : places) {
      addresses += place.texts().size();
      if (addresses > most) return place.order();
    }
    return 1;
  }

  private static List<PrefixCounts.Place> below(PrefixCounts counts, double order) {
    return counts.sample().stream().filter(place -> place.order() < order).toList();
  }

  private OnePrefix build(PrefixCounts counts, Rarity rarity, double voting) {
    var file = IndexBuilder.build(counts, directory, rarity).toBytes();
    var votes = VoteQuestions.of(new PrefixIndex(ModelFile.of(file)), below(counts, voting));
    return new OnePrefix(counts.prefix(), file, votes);
  }

  private List<Ranking> rankings(
      SortedMap<String, PrefixCounts> counts,
      SortedMap<String, byte[]> files,
      GramVotes votes,
      double sampled) {
    var tasks = new ArrayList<Callable<Ranking>>();
    counts.forEach(
        (prefix, own) ->
            tasks.add(
                () -> {
                  var file = ModelFile.of(Objects.requireNonNull(files.get(prefix), prefix));
                  var ranking = Ranking.of(new PrefixIndex(file), votes, below(own, sampled));
                  step.run();
                  return ranking;
                }));
    return inParallel(threads, tasks);
  }

  private byte[] national(Iterable<PrefixCounts> counts, double sampled) {
    var texts = new ArrayList<>(directory.texts());
    int group = 0;
    for (var own : counts) {
      for (var place : below(own, sampled)) {
        for (var text : place.texts()) {
          texts.add(NationalTrainer.Labelled.address(text, own.prefix(), group));
        }
        group++;
      }
    }
    return NationalTrainer.train(texts, pincodes(counts), seed);
  }

  /** Those of the directory and of the addresses; none without a directory. */
  private int[] pincodes(Iterable<PrefixCounts> counts) {
    var known = directory.pincodes();
    if (known.length == 0) return known;
    var all = new TreeSet<Integer>();
    for (int pincode : known) all.add(pincode);
    counts.forEach(own -> all.addAll(own.pincodes().keySet()));
    return all.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Runs tasks on {@code threads} threads.
   *
   * @return their results in the order of the tasks
   */
  static <T> List<T> inParallel(int threads, List<Callable<T>> tasks) {
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
