package com.cpprediction.model;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Prediction;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Describes the models of a {@link ModelStore}: JSON, health and the meters of each model.
 * Thread-safe.
 */
public final class ModelStatus {
  /** Prefixes that are named in a sentence at most. */
  private static final int NAMED = 10;

  private final Map<String, LongAdder> requests = new ConcurrentHashMap<>();
  private final ModelStore models;
  private final ServiceMetrics metrics;
  private volatile LiveAccuracy live = LiveAccuracy.UNKNOWN;
  private volatile Supplier<@Nullable JsonObject> wrongPincodes = () -> null;
  private volatile @Nullable Drift drift;

  ModelStatus(ModelStore models, ServiceMetrics metrics) {
    this.models = models;
    this.metrics = metrics;
  }

  /**
   * The part of the release that is not served here as it should be, in a sentence; empty when all
   * is. Doesn't block.
   */
  public Optional<String> degraded() {
    var now = models.current();
    var unused = new TreeSet<>(models.failures().keySet());
    var reasons = new ArrayList<String>();
    var inaccurate = models.inaccurate();
    if (unused.remove(ModelStore.RELEASE)) {
      reasons.add(
          inaccurate.contains(ModelStore.RELEASE)
              ? "the release in the directory is refused for its accuracy, and the one before goes on"
              : "the release can't be read");
    }
    boolean refused = unused.remove(ModelStore.NATIONAL);
    if (!now.content().national().usable()) {
      reasons.add("addresses without a pincode can't be placed");
    } else if (refused) {
      reasons.add("another national stage is in force than the release names");
    }
    var older = new TreeSet<>(unused);
    older.retainAll(now.models().keySet());
    unused.removeAll(older);
    now.models()
        .forEach(
            (prefix, loaded) -> {
              if (loaded.model().lost()) unused.add(prefix);
            });
    older.removeAll(unused);
    var worse = new TreeSet<>(inaccurate);
    worse.retainAll(older);
    older.removeAll(worse);
    int all = now.prefixes().size();
    if (!unused.isEmpty()) {
      reasons.add("%d of %d models can't be used: %s".formatted(unused.size(), all, some(unused)));
    }
    if (!older.isEmpty()) {
      reasons.add(
          "%d of %d models go on as they were loaded, since their files were refused: %s"
              .formatted(older.size(), all, some(older)));
    }
    if (!worse.isEmpty()) {
      reasons.add(
          "%d of %d models go on as they were loaded, since the new ones are less accurate: %s"
              .formatted(worse.size(), all, some(worse)));
    }
    return reasons.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", reasons));
  }

  private static String some(Set<String> prefixes) {
    var named = prefixes.stream().limit(NAMED).collect(Collectors.joining(", "));
    return prefixes.size() > NAMED ? named + " and " + (prefixes.size() - NAMED) + " more" : named;
  }

  /**
   * Shows the share of wrong pincodes, too.
   *
   * @param share as {@code wrong_pincodes} of {@code GET /models/status}
   */
  public void shows(Supplier<@Nullable JsonObject> share) {
    wrongPincodes = share;
  }

  /** Shows the drift of each model in its meters. */
  void drifts(Drift drift) {
    this.drift = drift;
  }

  private PrefixDrift.Figures drift(String prefix) {
    var known = drift;
    return known == null ? PrefixDrift.Figures.NONE : known.figures(prefix);
  }

  /** Accuracy of a prefix by outcomes and at training, as in {@code GET /models/drift}. */
  JsonObject accuracies(String prefix) {
    var loaded = models.current().models().get(prefix);
    var scores = loaded == null ? new JsonObject() : loaded.model().manifest().scores();
    return new JsonObject()
        .put("accuracy", liveOf(prefix).toJson().getValue("accuracy"))
        .put("accuracy_trained", trained(scores))
        .put("confidence_trained", confidence(scores));
  }

  /**
   * Bounds of the mean confidence on the addresses that were held back from the training: it is off
   * their accuracy by no more than the expected calibration error. Null where that was not
   * measured.
   */
  private static @Nullable JsonObject confidence(JsonObject scores) {
    if (!(scores.getValue("full") instanceof JsonObject full)
        || !(full.getValue("accuracy") instanceof Number accuracy)
        || !(full.getValue("ece") instanceof Number error)) return null;
    return new JsonObject()
        .put("from", rounded(Math.max(0, accuracy.doubleValue() - error.doubleValue())))
        .put("to", rounded(Math.min(1, accuracy.doubleValue() + error.doubleValue())));
  }

  /** To the decimals of a manifest. */
  private static double rounded(double share) {
    return Math.round(1e5 * share) / 1e5;
  }

  /** The same over all models, and the share of wrong pincodes. */
  JsonObject overall() {
    var all = live.overall();
    var pincodes = wrongPincodes.get();
    return new JsonObject()
        .put("accuracy", all == null ? null : all.getValue("accuracy"))
        .put("accuracy_trained", trained(models.scores()))
        .put("wrong_pincodes", pincodes == null ? null : pincodes.getValue("share"));
  }

  private static @Nullable Object trained(JsonObject scores) {
    return scores.getValue("full") instanceof JsonObject full ? full.getValue("accuracy") : null;
  }

  /** JSON as {@code GET /models/status}. */
  public JsonObject toJson() {
    var now = models.current();
    var accuracy = live;
    var failed = new TreeMap<>(models.failures());
    var all = new JsonArray();
    for (var prefix : now.models().keySet()) {
      all.add(toJson(now, accuracy, prefix, failed.remove(prefix)));
    }
    var left = new JsonArray();
    failed.forEach(
        (prefix, reason) ->
            left.add(new JsonObject().put("prefix", prefix).put("last_error", reason)));
    return new JsonObject()
        .put("directory", models.directory().toString())
        .put("release", now.content().id())
        .put("engine", models.loader().engine().label())
        .put("mapping", models.loader().mapping().label())
        .put("preload", models.loader().perRequest() ? "per_request" : "startup")
        .put("loaded", now.models().size())
        .put(
            "national",
            now.content().national().stage() == null ? null : now.content().national().digest())
        .put("last_reload", models.lastReload())
        .put("scores", models.scores())
        .put("live", accuracy.overall())
        .put("wrong_pincodes", wrongPincodes.get())
        .put("models", all)
        .put("failed", left);
  }

  /** JSON as {@code GET /models/{prefix}}, where a model here has it. */
  @Nullable JsonObject toJson(String prefix) {
    var now = models.current();
    if (!now.models().containsKey(prefix)) return null;
    return toJson(now, live, prefix, models.failures().get(prefix));
  }

  private JsonObject toJson(
      ServingRelease now, LiveAccuracy accuracy, String prefix, @Nullable String lastError) {
    var loaded = Objects.requireNonNull(now.models().get(prefix));
    var manifest = loaded.model().manifest();
    var fingerprint = Objects.requireNonNull(now.fingerprints().get(prefix));
    var counted = requests.get(prefix);
    return new JsonObject()
        .put("prefix", prefix)
        .put("version", manifest.version())
        .put("model", Prediction.model(prefix, fingerprint))
        .put("fingerprint", fingerprint)
        .put("digest", loaded.digest())
        .put("engine", models.loader().engine().label())
        .put("cps", manifest.cps().size())
        .put("training_rows", manifest.rows())
        .put("scores", manifest.scores())
        .put("loaded_at", loaded.at().toString())
        .put("load_ms", loaded.nanos() / 1e6)
        .put("mapped_bytes", manifest.index().bytes())
        .put("requests", counted == null ? 0 : counted.sum())
        .put("live", accuracy.json(prefix, fingerprint))
        .put("last_error", lastError);
  }

  /** {@code addresses} of {@code prefix} were scored. */
  void scored(String prefix, int addresses) {
    requests.computeIfAbsent(prefix, p -> new LongAdder()).add(addresses);
  }

  /**
   * Takes over a new count of outcomes.
   *
   * @param counted as {@link com.cpprediction.bus.Bus#OUTCOMES_COUNTED}
   */
  void counted(JsonObject counted) {
    live = LiveAccuracy.of(counted);
  }

  /** Keeps a meter for each model there is, and for no other. */
  void meter(Set<String> before, Set<String> now) {
    for (var prefix : before) if (!now.contains(prefix)) metrics.modelGone(prefix);
    for (var prefix : now) {
      if (before.contains(prefix)) continue;
      metrics.modelServes(prefix, () -> liveOf(prefix).outcomes(), () -> liveOf(prefix).right());
      metrics.modelDrifts(
          prefix, () -> drift(prefix).unknownWords(), () -> drift(prefix).cpShift());
    }
  }

  private LiveAccuracy.Tally liveOf(String prefix) {
    var fingerprint = models.current().fingerprints().get(prefix);
    return fingerprint == null ? LiveAccuracy.Tally.NOTHING : live.of(prefix, fingerprint);
  }
}
