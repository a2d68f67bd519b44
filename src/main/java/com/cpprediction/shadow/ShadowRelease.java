package com.cpprediction.shadow;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ComparisonBatch;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ComparisonResult;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.Engine;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.AddressShare;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.ShadowComparison;
import com.cpprediction.serving.SecondRelease;
import com.cpprediction.shadow.ComparisonThread.Sent;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shadow release: its models, whole on this node, and the comparison of sent predictions with
 * its own, on a thread of its own. Thread-safe.
 */
public final class ShadowRelease implements SecondRelease {
  private static final Logger log = LoggerFactory.getLogger(ShadowRelease.class);
  static final String PROMOTE = "promote";
  static final String ROLLBACK = "rollback";

  /** Longest wait for the journal, whose disk may be busy; predictions are shed meanwhile. */
  private static final Duration STORE_TIMEOUT = Duration.ofMinutes(1);

  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(1);

  private final Vertx vertx;
  private final Supplier<ServiceConfig> config;
  private final Function<String, Path> resolve;
  private final ModelStore served;
  private final ServiceMetrics metrics;
  private final Clock clock;
  private final ServiceMetrics unmeasured;
  private final ComparisonThread thread;
  private final Promotions promotions;
  private final Canary canary;
  private final Comparer askingServed;
  private volatile Runnable onReplace = () -> {};
  private volatile Runnable onErrors = () -> {};
  private volatile @Nullable Loaded loaded;

  /** That of {@link #loaded}, and replaced ones: requests in flight have leases on them. */
  private volatile List<ModelStore> stores = List.of();

  private volatile Agreement agreement;

  /**
   * Models of one directory, and their comparer.
   *
   * @param asking asks the models; used by the thread of comparisons only
   */
  private record Loaded(ModelStore models, Comparer asking, String at) {}

  /**
   * @param config the active configuration
   * @param resolve resolves a path of the configuration
   * @param served the models that serve
   * @param releases that served before
   */
  public ShadowRelease(
      Vertx vertx,
      Supplier<ServiceConfig> config,
      Function<String, Path> resolve,
      ModelStore served,
      ServedReleases releases,
      ServiceMetrics metrics,
      Clock clock) {
    this.vertx = vertx;
    this.config = config;
    this.resolve = resolve;
    this.served = served;
    this.metrics = metrics;
    this.clock = clock;
    unmeasured = ServiceMetrics.unread(metrics.version());
    promotions = new Promotions(served, releases);
    canary =
        new Canary(
            () -> config.get().models().canary(), releases.file("canary.json"), clock, metrics);
    askingServed = comparer(served);
    served.beside(() -> stores);
    metrics.canaryShare(() -> loaded == null ? 0 : canary.share());
    metrics.canaryHalted(() -> loaded != null && canary.stop() != null);
    var load = new Load();
    thread = new ComparisonThread(this::compare, load::busy);
    agreement = new Agreement("", "", clock.instant());
    metrics.shadowModels(this::held);
    metrics.shadowQueue(thread::waiting);
  }

  private int held() {
    var now = loaded;
    return now == null ? 0 : now.models.prefixes().size();
  }

  /** The directory that the configuration names now; null where it names none. */
  private @Nullable Path named() {
    var dir = config.get().models().shadow().dir();
    return dir.isBlank() ? null : resolve.apply(dir);
  }

  void start() {
    thread.start();
  }

  /** Ends comparisons, then gives the models up. Blocks. */
  void stop() {
    int left = thread.stop(STOP_TIMEOUT);
    for (int i = 0; i < left; i++) metrics.compared(ComparisonResult.SHED);
    replace(null);
  }

  /** Loads the models that the configuration names, or those of them that changed. Blocks. */
  synchronized void reload() {
    var directory = named();
    var now = loaded;
    if (directory == null) {
      replace(null);
    } else if (now != null && now.models.directory().equals(directory)) {
      logged(now.models.reload(), directory);
    } else {
      var models = config.get().models();
      var fresh =
          new ModelStore(directory, Engine.of(models.engine()), models.heap(), unmeasured, clock);
      logged(fresh.reload(), directory);
      replace(new Loaded(fresh, comparer(fresh), clock.instant().toString()));
    }
  }

  private Comparer comparer(ModelStore models) {
    return new Comparer(models, unmeasured, () -> config.get().prediction().minTextConfidence());
  }

  /**
   * Begins or ends the run of the canary, as the configuration and the releases say now.
   *
   * @return whether its file is to be written
   */
  boolean update() {
    var pair = pair();
    return canary.update(pair.getString("served"), pair.getString("shadow"));
  }

  /** Runs {@code judge}, which must not block, when errors of the canary have to be judged. */
  void onErrors(Runnable judge) {
    onErrors = judge;
  }

  /** The state of the canary. */
  Canary state() {
    return canary;
  }

  private static void logged(JsonObject report, Path directory) {
    var failed = report.getJsonObject("failed");
    if (failed.isEmpty()) return;
    log.warn(
        "{} models of the shadow release in {} can't be used: {}",
        failed.size(),
        directory,
        failed.iterator().next());
  }

  private synchronized void replace(@Nullable Loaded next) {
    var before = loaded;
    var inUse = new ArrayList<ModelStore>();
    if (next != null) inUse.add(next.models);
    for (var store : stores) {
      if (before != null && store == before.models || store.leases() > 0) inUse.add(store);
    }
    stores = List.copyOf(inUse);
    loaded = next;
    onReplace.run();
    if (before != null) before.models.close();
  }

  /** From now on runs {@code listener} after another shadow release is loaded, or none. */
  public void onReplace(Runnable listener) {
    onReplace = listener;
  }

  /** As {@link ModelStore#signature}, with the directory; empty where there is none. */
  String taken() {
    var now = loaded;
    return now == null ? "" : now.models.directory() + " " + now.models.signature();
  }

  /** As {@link #taken}, of the files that lie there now. Blocks. */
  String offered() {
    var directory = named();
    return directory == null ? "" : directory + " " + ModelStore.signatureOf(directory);
  }

  @Override
  public boolean present() {
    return loaded != null;
  }

  @Override
  public void compare(Prediction sent, String release, boolean ofCanary, boolean busy) {
    double share = config.get().models().shadow().share();
    if (!ofCanary && !AddressShare.SHADOW.contains(sent.request().address(), share)) return;
    var run = ofCanary ? canary.run() : null;
    if (busy || !thread.offer(new Sent(sent, release, ofCanary, run))) {
      count(agreement, sent, ComparisonResult.SHED);
    }
  }

  @Override
  public @Nullable ServingRelease canary() {
    if (canary.share() <= 0) return null;
    var now = models();
    if (now == null) return null;
    var lease = now.lease();
    if (canary.servesBeside(served.current().release(), lease.release())) return lease;
    lease.close(); // a release of which PostgreSQL has not told yet
    return null;
  }

  @Override
  public boolean serves(Address address) {
    return canary.serves(address);
  }

  @Override
  public void answered(boolean ofCanary, boolean failed) {
    if (canary.share() > 0 && canary.answered(ofCanary, failed)) onErrors.run();
  }

  private void count(Agreement counts, Prediction sent, ComparisonResult result) {
    counts.count(sent.belief().prefix(), result);
    metrics.compared(result);
  }

  /** On the thread of comparisons. */
  private void compare(List<Sent> all) {
    var now = loaded;
    if (now == null) return;
    var rows = new ArrayList<ShadowComparison>();
    var kept = new ArrayList<Runnable>();
    try (var mine = served.lease();
        var shadow = now.models.lease()) {
      var counts = agreement(mine, shadow);
      for (var sent : all) {
        var own = sent.canary() ? shadow : mine;
        var other = sent.canary() ? mine : shadow;
        if (!sent.release().equals(own.release())) { // replaced since
          count(counts, sent.prediction(), ComparisonResult.SHED);
        } else if (comparable(sent.prediction(), other)) {
          var asked = sent.canary() ? askingServed : now.asking;
          var compared = asked.compare(sent, own, other);
          var comparison = compared.comparison();
          if (comparison != null && (sent.canary() || !comparison.agrees())) rows.add(comparison);
          kept.add(() -> count(counts, sent.prediction(), compared.result()));
        }
      }
    }
    if (!rows.isEmpty()) store(rows);
    kept.forEach(Runnable::run); // counted once handed over
  }

  /**
   * Whether this node has the other model of the prefix: a shadow release may have but some, and a
   * node of a cluster holds but some of the served one.
   */
  private static boolean comparable(Prediction sent, ServingRelease other) {
    return other.here().contains(sent.belief().prefix());
  }

  /**
   * Forgets the scores of some addresses; predictions of them that wait are not compared.
   *
   * @param canonical forms of the addresses
   */
  void forget(Set<String> canonical) {
    thread.execute(
        () -> {
          int removed =
              thread.remove(
                  sent -> canonical.contains(sent.prediction().request().address().text()));
          for (int i = 0; i < removed; i++) metrics.compared(ComparisonResult.SHED);
          askingServed.forget(canonical);
          var now = loaded;
          if (now != null) now.asking.forget(canonical);
        });
  }

  private Agreement agreement(ServingRelease mine, ServingRelease shadow) {
    var now = agreement;
    if (now.isOf(mine.release(), shadow.release())) return now;
    var next = new Agreement(mine.release(), shadow.release(), clock.instant());
    agreement = next;
    return next;
  }

  /** Blocks until {@code rows} are handed over to the journal, so that no more wait in memory. */
  private void store(List<ShadowComparison> rows) {
    try {
      Bus.<Void>ask(vertx, Bus.COMPARED, new ComparisonBatch(rows), Deadline.in(STORE_TIMEOUT))
          .await();
    } catch (ReplyException e) {
      if (e.failureType() == ReplyFailure.TIMEOUT) { // still queued, and counted once stored
        log.warn("{} comparisons wait for the journal: {}", rows.size(), e.getMessage());
        return;
      }
      metrics.comparisonsDropped(rows.size());
      log.warn("{} comparisons are not stored: {}", rows.size(), e.getMessage());
    }
  }

  /** The models of the shadow release; null where there is none. */
  private @Nullable ModelStore models() {
    var now = loaded;
    return now == null ? null : now.models;
  }

  /**
   * Makes a change of this node, as {@link Bus#shadowOf} takes it. For one thread; blocks.
   *
   * @return {@code {"result","release","reason"?}}
   */
  JsonObject change(JsonObject change) {
    if (change.getString("action").equals(ROLLBACK))
      return promotions.rollBack(change.getString("from"), change.getBoolean("force", false));
    var prefixes = new TreeSet<String>();
    for (var prefix : change.getJsonArray("prefixes")) prefixes.add((String) prefix);
    return promotions.promote(
        models(), change.getString("shadow"), prefixes.isEmpty() ? null : prefixes);
  }

  /** Scoring fingerprints of the shadow release. */
  public Collection<String> fingerprints() {
    var now = models();
    return now == null ? List.of() : now.current().fingerprints().values();
  }

  /** The ids of the releases compared now. */
  JsonObject pair() {
    var now = loaded;
    return new JsonObject()
        .put("served", served.current().release())
        .put("shadow", now == null ? "" : now.models.current().release());
  }

  /** JSON as {@code GET /models/shadow}, without the counts of outcomes. */
  JsonObject toJson() {
    var json = new JsonObject().put("enabled", loaded != null);
    json.put(
        "served",
        new JsonObject()
            .put("release", served.current().release())
            .put("directory", served.directory().toString())
            .put("models", served.prefixes().size())
            .mergeIn(promotions.toJson()));
    var now = loaded;
    json.put("canary", canary.toJson());
    if (now == null) return json.putNull("shadow").put("share", 0.0);
    var failed = new JsonObject();
    now.models.failures().forEach(failed::put);
    json.put(
            "shadow",
            new JsonObject()
                .put("release", now.models.current().release())
                .put("directory", now.models.directory().toString())
                .put("models", now.models.prefixes().size())
                .put("loaded_at", now.at)
                .put("failed", failed))
        .put("share", config.get().models().shadow().share());
    var pair = pair();
    var counts = agreement;
    if (!counts.isOf(pair.getString("served"), pair.getString("shadow"))) {
      counts = new Agreement("", "", clock.instant()); // nothing was compared yet
    }
    var prefixes = new JsonArray();
    counts
        .byPrefix()
        .forEach(
            (prefix, ofPrefix) ->
                prefixes.add(
                    new JsonObject().put("prefix", prefix).mergeIn(Agreement.toJson(ofPrefix))));
    return json.put("since", counts.since().toString())
        .put("comparisons", Agreement.toJson(counts.total()))
        .put("prefixes", prefixes);
  }
}
