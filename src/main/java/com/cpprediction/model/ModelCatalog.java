package com.cpprediction.model;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Catalog;
import com.cpprediction.prediction.Prediction;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of this node, loaded once and shared by all workers. A model that cannot be loaded is
 * left out with its reason; the others serve. Thread-safe.
 */
public final class ModelCatalog implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ModelCatalog.class);

  /** Of a golden answer's confidence; wide, for a service must start on every processor. */
  private static final double TOLERANCE = 1e-3;

  private final Map<String, Loaded> models = new ConcurrentHashMap<>();
  private final SortedMap<String, String> failures = new ConcurrentSkipListMap<>();
  private final ModelLoader loader = new ModelLoader(TOLERANCE);
  private final ServiceMetrics metrics;
  private final Clock clock;
  private volatile Serving serving = new Serving(Map.of(), new Catalog(Map.of()));

  private record Loaded(PrefixModel model, Instant at, long nanos, LongAdder requests) {}

  /** What is answered with now: replaced whole, so that a reader never sees half a change. */
  private record Serving(Map<String, Scoring> scorings, Catalog catalog) {}

  public ModelCatalog(ServiceMetrics metrics, Clock clock) {
    this.metrics = metrics;
    this.clock = clock;
    metrics.modelsLoaded(models::size);
  }

  /**
   * Loads a release, prefixes in parallel. Blocks: reads files and loads native models.
   *
   * @param pincodeTrust as {@link #trust}
   */
  public void load(Path directory, double pincodeTrust) {
    long start = System.nanoTime();
    try {
      var release = Release.open(directory);
      var pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
      try {
        var loads =
            release.manifests().keySet().stream()
                .map(prefix -> pool.submit(() -> load(release, prefix)))
                .toList();
        for (var load : loads) load.get();
      } finally {
        pool.shutdownNow();
      }
    } catch (ModelException e) {
      fail("release", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("loading models failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while loading models", e);
    }
    trust(pincodeTrust);
    log.info(
        "{} models loaded from {} in {} ms, {} refused",
        models.size(),
        directory,
        (System.nanoTime() - start) / 1_000_000,
        failures.size());
  }

  /** From now on adds {@code pincodeTrust} to the score of the CPs that own the given pincode. */
  public synchronized void trust(double pincodeTrust) {
    var scorings = new TreeMap<String, Scoring>();
    var fingerprints = new TreeMap<String, String>();
    models.forEach(
        (prefix, loaded) -> {
          var scoring = Scoring.of(loaded.model(), pincodeTrust);
          scorings.put(prefix, scoring);
          fingerprints.put(prefix, scoring.fingerprint());
        });
    serving = new Serving(Map.copyOf(scorings), new Catalog(fingerprints));
  }

  /** What this node can answer now. */
  public Catalog catalog() {
    return serving.catalog();
  }

  /** Prefixes with a model, ascending. */
  public List<String> prefixes() {
    return models.keySet().stream().sorted().toList();
  }

  /** What answers {@code prefix} now; null when nothing does. */
  public Scoring scoring(String prefix) {
    return serving.scorings().get(prefix);
  }

  /** What answers {@code pincode} now; null when nothing does. */
  public Scoring scoringOf(String pincode) {
    var now = serving;
    var prefix = now.catalog().prefixOf(pincode);
    return prefix == null ? null : now.scorings().get(prefix);
  }

  /** Why prefixes of the release have no model, by prefix; empty when all have. */
  public SortedMap<String, String> failures() {
    return new TreeMap<>(failures);
  }

  /** JSON as {@code GET /models/status}. */
  public JsonObject status() {
    var all = new JsonArray();
    for (var prefix : prefixes()) all.add(status(prefix));
    var failed = new JsonArray();
    failures.forEach(
        (prefix, reason) ->
            failed.add(new JsonObject().put("prefix", prefix).put("last_error", reason)));
    return new JsonObject().put("loaded", models.size()).put("models", all).put("failed", failed);
  }

  private JsonObject status(String prefix) {
    var loaded = models.get(prefix);
    var manifest = loaded.model().manifest();
    var scoring = scoring(prefix);
    return new JsonObject()
        .put("prefix", prefix)
        .put("version", manifest.version())
        .put("model", scoring == null ? null : Prediction.model(prefix, scoring.fingerprint()))
        .put("fingerprint", scoring == null ? null : scoring.fingerprint())
        .put("digest", manifest.index().sha256())
        .put("engine", "xgboost")
        .put("cps", manifest.cps().size())
        .put("training_rows", manifest.rows())
        .put("scores", manifest.scores())
        .put("loaded_at", loaded.at().toString())
        .put("load_ms", loaded.nanos() / 1e6)
        .put("mapped_bytes", manifest.index().bytes())
        .put("requests", loaded.requests().sum());
  }

  void counted(String prefix, int addresses) {
    models.get(prefix).requests().add(addresses);
  }

  private void load(Release release, String prefix) {
    long start = System.nanoTime();
    try {
      var model = loader.load(release, prefix);
      long nanos = System.nanoTime() - start;
      models.put(prefix, new Loaded(model, clock.instant(), nanos, new LongAdder()));
      metrics.modelLoaded(nanos);
    } catch (RuntimeException e) { // whatever is wrong with it, the others serve
      fail(prefix, e);
    }
  }

  private void fail(String what, Exception e) {
    var reason = e instanceof ModelException ? e.getMessage() : e.toString();
    failures.put(what, reason);
    log.error("Model {} is left out: {}", what, reason);
  }

  /** Frees the native models; nothing may score any more. */
  @Override
  public void close() {
    serving = new Serving(Map.of(), new Catalog(Map.of()));
    loader.close();
  }
}
