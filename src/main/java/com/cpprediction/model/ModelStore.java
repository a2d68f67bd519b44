package com.cpprediction.model;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.Reload;
import com.cpprediction.model.ReleaseContent.Named;
import com.cpprediction.model.ReleaseContent.National;
import com.cpprediction.model.ReleaseLoader.Standing;
import com.cpprediction.model.format.Mapping;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.ModelException.Reason;
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of this node and the generation of them that serves. A reload, a claim or a drop
 * loads, checks and warms models aside, then publishes the next {@link ServingRelease}; a model
 * that can't be used is left out with its reason, and the one that it would have replaced goes on.
 * So does the release in force when the next one is less accurate by more than {@link #limitDrop}
 * allows: as a whole by its overall scores, and a single prefix by its own. A replaced generation
 * is freed with its last lease ({@link ServingRelease#close}). Thread-safe.
 */
public final class ModelStore implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ModelStore.class);
  private static final long NANOS_PER_MILLI = 1_000_000;

  /** The key of the release itself in {@link #failures}. */
  static final String RELEASE = "release";

  /** The key of the national stage in {@link #failures}. */
  static final String NATIONAL = "national";

  private volatile Path directory;
  private final ReleaseLoader loader;
  private final ServiceMetrics metrics;
  private final Clock clock;
  private final PrefixAssignment share;
  private final ModelStatus status;
  private final Map<Long, ServingRelease> generations = new ConcurrentHashMap<>(); // not freed yet
  private final Object swap = new Object(); // short, unlike this, which a reload holds
  private volatile Executor freeing = Runnable::run;
  private volatile String signature = "";
  private volatile SortedMap<String, String> failures = Collections.emptySortedMap(); // replaced
  private volatile ServingRelease current;
  private volatile JsonObject lastReload = new JsonObject();
  private volatile JsonObject scores = new JsonObject(); // of the release in force
  private volatile Set<String> inaccurate = Set.of(); // of failures, those for their accuracy
  private volatile DoubleSupplier maxAccuracyDrop = () -> 1;
  private volatile Supplier<List<ModelStore>> beside = List::of;
  private volatile Consumer<ServingRelease> onPublish = release -> {};
  private String unscored = ""; // the last release that was admitted without a comparison

  /** One that holds all models of its release. */
  public ModelStore(
      Path directory, Engine engine, boolean heap, ServiceMetrics metrics, Clock clock) {
    this(directory, engine, heap, false, metrics, clock, PrefixAssignment.ALL);
  }

  /**
   * @param directory of the release
   * @param heap whether model files are read into memory rather than mapped
   * @param perRequest whether a model is read for each request rather than kept; it is checked
   *     against its golden addresses once all the same
   * @param share the models of a release to hold
   */
  public ModelStore(
      Path directory,
      Engine engine,
      boolean heap,
      boolean perRequest,
      ServiceMetrics metrics,
      Clock clock,
      PrefixAssignment share) {
    this.share = share;
    this.directory = directory;
    var models = new ModelLoader(engine, heap ? Mapping.Kind.HEAP : Mapping.Kind.MAPPED);
    loader = new ReleaseLoader(directory, models, perRequest, metrics, clock);
    this.metrics = metrics;
    this.clock = clock;
    status = new ModelStatus(this, metrics);
    current = generation(ReleaseContent.EMPTY, Collections.emptySortedMap());
    metrics.modelsLoaded(() -> current.models().size());
    metrics.modelLeases(this::leases);
    metrics.lastReload(Reload.MODELS, () -> failures.isEmpty());
    for (var reason : Reason.values()) metrics.modelReloadReason(reason.label());
  }

  /** Whether it is to hold all models of its release. */
  boolean whole() {
    return share.whole();
  }

  /**
   * The {@link ServingRelease#release() id} that all of the release in {@code directory} will have.
   */
  public static String releaseIn(Path directory) {
    try {
      return Release.open(directory).id();
    } catch (ModelException e) {
      return ""; // loading it says why
    }
  }

  /** The directory of the release. */
  public Path directory() {
    return directory;
  }

  /**
   * Takes over what the release holds now: models whose manifest changed are replaced, new prefixes
   * appear, and those that {@code release.json} doesn't name any more go. Blocks: prefixes are
   * loaded in parallel. One at a time; others wait.
   *
   * @return as {@code POST /models/reload}
   */
  public JsonObject reload() {
    return reload(null);
  }

  /**
   * As {@link #reload()}, for some prefixes only.
   *
   * @param only prefixes to look at; all of them where absent
   */
  public synchronized JsonObject reload(@Nullable Set<String> only) {
    return reload(only, maxAccuracyDrop.getAsDouble(), false);
  }

  /**
   * Takes over the release in {@code another} instead, all of it or nothing: where any of it can't
   * be used, the one in force goes on, and so does its directory. Blocks.
   *
   * @param limited whether it may be less accurate by no more than {@link #limitDrop} says
   * @return as {@link #reload()}; {@code failed} is empty where the release was taken over
   */
  public synchronized JsonObject replaceBy(Path another, boolean limited) {
    var before = directory;
    directory = another;
    loader.directory(another);
    JsonObject report;
    try {
      report = reload(null, limited ? maxAccuracyDrop.getAsDouble() : 1, true);
    } catch (RuntimeException | Error e) {
      back(before);
      throw e;
    }
    if (!report.getJsonObject("failed").isEmpty()) back(before);
    return report;
  }

  private void back(Path before) {
    directory = before;
    loader.directory(before);
    signature = Release.signature(before);
  }

  /**
   * @param limit largest drop of accuracy, 0..1
   * @param whole whether nothing is taken over unless all of it can be
   */
  private JsonObject reload(@Nullable Set<String> only, double limit, boolean whole) {
    long start = System.nanoTime();
    var before = current.models();
    var next = new TreeMap<>(before);
    var content = current.content();
    var report = new JsonObject().put("at", clock.instant().toString());
    var failed = new TreeMap<String, ModelException>();
    var offered = scores;
    var unknown = new JsonObject(); // asked for, but no model of ours that failed
    if (only == null) signature = Release.signature(directory);
    try {
      var release = Release.open(directory);
      boolean replaces = share.whole() ? !before.isEmpty() : !content.id().isEmpty();
      admit(release, replaces, limit);
      var listed = release.manifests();
      if (only != null) {
        only.stream()
            .filter(prefix -> !listed.containsKey(prefix) && !before.containsKey(prefix))
            .forEach(prefix -> unknown.put(prefix, "the release names no such prefix"));
      }
      content = take(release, only, failed);
      var held = held(content);
      var wanted = new TreeSet<>(listed.keySet());
      wanted.retainAll(held);
      if (only != null) wanted.retainAll(only);
      for (var prefix : List.copyOf(wanted)) {
        var loaded = before.get(prefix);
        if (loaded == null) continue;
        if (!loaded.digest().equals(listed.get(prefix))) {
          if (!share.whole() || admits(release, loaded, limit, failed)) continue;
          wanted.remove(prefix);
          continue;
        }
        var standing = loader.standing(release, loaded, failed);
        if (standing != Standing.DAMAGED) wanted.remove(prefix);
        if (standing != Standing.INTACT) next.remove(prefix);
      }
      next.keySet().removeIf(p -> !listed.containsKey(p) && (only == null || only.contains(p)));
      if (!share.whole()) next.keySet().retainAll(held);
      loader.load(release, wanted, Runtime.getRuntime().availableProcessors(), next, failed);
      if (only == null || !replaces) offered = release.scores();
    } catch (ModelException e) {
      failed.put(RELEASE, e);
    }
    if (whole && !failed.isEmpty()) {
      discard(content, next);
      return report
          .put("loaded", 0)
          .put("unchanged", before.size())
          .put("removed", 0)
          .put("failed", reasons(failed))
          .put("ms", (System.nanoTime() - start) / NANOS_PER_MILLI);
    }
    scores = offered;
    boolean another = !content.id().equals(current.content().id());
    if (another && !before.isEmpty()) share.handOver();
    publish(content, next);
    // after it: a mended model is reported as such once it serves
    report(failed, only, true);
    long loaded =
        next.entrySet().stream().filter(e -> before.get(e.getKey()) != e.getValue()).count();
    long removed = before.keySet().stream().filter(prefix -> !next.containsKey(prefix)).count();
    report
        .put("loaded", loaded)
        .put("unchanged", next.size() - loaded)
        .put("removed", removed)
        .put("failed", reasons(failed).mergeIn(unknown))
        .put("ms", (System.nanoTime() - start) / NANOS_PER_MILLI);
    lastReload = report;
    if (loaded + removed > 0) {
      log.info(
          "Models of {} taken over in {} ms: {} loaded, {} unchanged, {} removed, {} refused",
          directory,
          report.getLong("ms"),
          loaded,
          next.size() - loaded,
          removed,
          failed.size());
    }
    return report.copy();
  }

  /** Gives up what was loaded and will not serve. */
  private void discard(ReleaseContent content, SortedMap<String, LoadedModel> models) {
    var now = current;
    var stage = content.national().stage();
    if (stage != null && stage != now.content().national().stage()) stage.release();
    models.forEach(
        (prefix, loaded) -> {
          if (now.models().get(prefix) != loaded) loaded.model().release();
        });
  }

  /**
   * Compares the overall scores of {@code release} with those of the release in force.
   *
   * @param replaces whether there is one in force that goes on if {@code release} is refused
   * @throws ModelException when it is less accurate by more than the limit
   */
  private void admit(Release release, boolean replaces, double limit) {
    var offered = release.scores();
    if (replaces) {
      HeldBackAccuracy.worse(release.comparable(current.content().id(), scores), offered, limit)
          .ifPresent(
              figures -> {
                throw new ModelException(Reason.ACCURACY, "the release " + figures);
              });
    }
    boolean compared = HeldBackAccuracy.comparable(replaces ? scores : offered, offered);
    if (compared || limit >= 1 || unscored.equals(release.id())) return;
    unscored = release.id();
    log.warn(
        "The release in {} is admitted without a comparison of its accuracy: {}",
        directory,
        HeldBackAccuracy.comparable(offered, offered)
            ? "the one in force has no scores on held-back addresses"
            : "it has no scores on held-back addresses");
  }

  /**
   * Whether the model that {@code release} names may replace {@code loaded}, by the scores of both.
   *
   * @param failed gets the reason if not
   */
  private boolean admits(
      Release release, LoadedModel loaded, double limit, SortedMap<String, ModelException> failed) {
    var prefix = loaded.model().prefix();
    try {
      var served = loaded.model().manifest().scores();
      var offered = release.manifest(prefix).scores();
      var worse = HeldBackAccuracy.prefixWorse(served, offered, limit);
      if (worse.isEmpty() || !loaded.model().intact()) return true;
      failed.put(prefix, new ModelException(Reason.ACCURACY, "the model " + worse.get()));
    } catch (ModelException e) {
      failed.put(prefix, e);
    }
    return false;
  }

  private JsonObject reasons(SortedMap<String, ModelException> failed) {
    var reasons = new JsonObject();
    failed.forEach((what, e) -> reasons.put(what, loader.reason(e)));
    return reasons;
  }

  /**
   * The content of {@code release} to take over.
   *
   * @param only as in {@link #reload(Set)}
   * @param failed gets the parts that can't be
   */
  private ReleaseContent take(
      Release release, @Nullable Set<String> only, SortedMap<String, ModelException> failed) {
    var before = current.content();
    var national = before.national();
    if (only == null) {
      try {
        national = loader.national(release, national);
      } catch (ModelException e) {
        failed.put(NATIONAL, e);
        if (national.stage() == null || !national.stage().intact()) {
          national = new National(null, Objects.requireNonNull(release.national()).sha256());
        }
      }
    }
    var listed = release.manifests();
    var named = new TreeMap<>(before.named());
    named.keySet().removeIf(p -> !listed.containsKey(p) && (only == null || only.contains(p)));
    listed.forEach(
        (prefix, digest) -> {
          if (only != null && !only.contains(prefix)) return;
          var known = named.get(prefix);
          if (known != null && known.digest().equals(digest) && known.files() != null) return;
          named.put(
              prefix, new Named(digest, share.whole() ? null : files(release, prefix, failed)));
        });
    return ReleaseContent.of(named, national);
  }

  private static ScoringModel.@Nullable Files files(
      Release release, String prefix, SortedMap<String, ModelException> failed) {
    try {
      return ScoringModel.Files.of(release.manifest(prefix));
    } catch (ModelException e) {
      failed.put(prefix, e);
      return null;
    }
  }

  /** Prefixes of {@code content} to hold; none is given up without notice to the other nodes. */
  private Set<String> held(ReleaseContent content) {
    var held = new TreeSet<>(share.of(content.id(), content.named().keySet()));
    if (content.id().equals(current.content().id())) held.addAll(current.models().keySet());
    return held;
  }

  /**
   * Holds the models of {@code prefixes}, too, of the release in force, and no longer an earlier
   * one's. Blocks; one thread loads, so that requests have the others.
   *
   * @return why some can't be used, by prefix
   */
  synchronized SortedMap<String, String> claim(Set<String> prefixes) {
    var before = current.models();
    var content = current.content();
    var next = new TreeMap<>(before);
    var failed = new TreeMap<String, ModelException>();
    try {
      var release = Release.open(directory);
      var wanted = new TreeSet<String>();
      for (var prefix : prefixes) {
        var named = content.named().get(prefix);
        if (named != null && named.digest().equals(release.manifests().get(prefix))) {
          var loaded = before.get(prefix);
          if (loaded == null || !content.names(loaded)) wanted.add(prefix);
        } else {
          failed.put(
              prefix,
              new ModelException(
                  Reason.MISSING, "the directory holds another release, which is not served yet"));
        }
      }
      loader.load(release, wanted, 1, next, failed);
    } catch (ModelException e) {
      prefixes.forEach(prefix -> failed.put(prefix, e));
    }
    publish(content, next);
    report(failed, prefixes, false);
    var reasons = new TreeMap<String, String>();
    failed.forEach((prefix, e) -> reasons.put(prefix, loader.reason(e)));
    return reasons;
  }

  /**
   * Holds the models of {@code prefixes} no longer. Requests that hold a lease go on with them.
   *
   * @param release that the prefixes were released of: nothing is dropped of a later one, which
   *     other nodes need not serve yet
   */
  synchronized void drop(String release, Set<String> prefixes) {
    if (!release.equals(current.release())) return;
    var before = current.models();
    var next = new TreeMap<>(before);
    next.keySet().removeAll(prefixes);
    publish(current.content(), next);
  }

  /**
   * Puts the next generation in force, and gives up the loader's use of the models that are new in
   * it: the generation has its own.
   */
  private void publish(ReleaseContent content, SortedMap<String, LoadedModel> models) {
    ServingRelease before;
    synchronized (swap) {
      before = current;
      current = generation(content, models);
      var stage = content.national().stage();
      if (stage != null && stage != before.content().national().stage()) stage.release();
      models.forEach(
          (prefix, loaded) -> {
            if (before.models().get(prefix) != loaded) loaded.model().release();
          });
      before.close();
    }
    status.meter(before.here(), current.here());
    onPublish.accept(current);
  }

  private ServingRelease generation(ReleaseContent content, SortedMap<String, LoadedModel> models) {
    long number = ServingRelease.nextGeneration();
    var next =
        new ServingRelease(
            number,
            content,
            models,
            loader.engine(),
            free -> freeing.execute(free),
            () -> generations.remove(number));
    generations.put(number, next);
    return next;
  }

  /**
   * Logs new failures, and models with the same reason in one line.
   *
   * @param admission whether the accuracy of the release was looked at
   */
  private void report(
      SortedMap<String, ModelException> failed, @Nullable Set<String> only, boolean admission) {
    var news = new TreeMap<String, List<String>>();
    var now = new TreeMap<>(failures);
    if (!failed.containsKey(RELEASE)) { // else nothing was looked at
      if (admission || !inaccurate.contains(RELEASE)) now.remove(RELEASE);
      now.keySet().removeIf(p -> !failed.containsKey(p) && (only == null || only.contains(p)));
    }
    failed.forEach(
        (what, e) -> {
          metrics.modelReloadFailed(e.reason().label());
          if (loader.reason(e).equals(now.put(what, loader.reason(e)))) return;
          news.computeIfAbsent(e.getMessage(), m -> new ArrayList<>()).add(what);
        });
    var worse = new TreeSet<>(inaccurate);
    worse.retainAll(now.keySet());
    worse.removeAll(failed.keySet());
    failed.forEach(
        (what, e) -> {
          if (e.reason() == Reason.ACCURACY) worse.add(what);
        });
    inaccurate = Collections.unmodifiableSet(worse);
    failures = Collections.unmodifiableSortedMap(now);
    news.forEach((reason, refused) -> log.error("Models {} refused: {}", refused, reason));
  }

  /**
   * From now on refuses a release whose accuracy on held-back addresses is lower than that of the
   * release in force by more than {@code maxAccuracyDrop}, in any of {@link
   * HeldBackAccuracy#QUESTIONS}, and, where this node holds all models, a model likewise by the
   * scores of its prefix if the drop is significant. Admitted are a first release, and one where
   * either has no scores, with a warning. Without a call there is no limit.
   *
   * @param maxAccuracyDrop a share 0..1, read at each reload; 1 for no limit
   */
  public void limitDrop(DoubleSupplier maxAccuracyDrop) {
    this.maxAccuracyDrop = maxAccuracyDrop;
  }

  /**
   * From now on gives each new generation to {@code listener} once it is in force, on the thread of
   * the reload.
   */
  public void onPublish(Consumer<ServingRelease> listener) {
    onPublish = listener;
  }

  /**
   * Frees replaced generations on {@code executor}: it may take a second, and the last lease may
   * end on an event loop.
   */
  void freeOn(Executor executor) {
    freeing = executor;
  }

  /** The {@link Release#signature} of what {@code directory} holds now. Blocks. */
  public static String signatureOf(Path directory) {
    return Release.signature(directory);
  }

  /** The {@link Release#signature} of the release last taken over, or tried. */
  public String signature() {
    return signature;
  }

  /** The generation in force, to look at; to serve with it, take a {@link #lease}. */
  public ServingRelease current() {
    return current;
  }

  /** A lease on the generation in force; to be closed by the caller. */
  public ServingRelease lease() {
    while (true) {
      var now = current;
      if (now.retain()) return now; // else it was replaced and freed just now
    }
  }

  /**
   * One more lease on a generation; to be closed by the caller.
   *
   * @return the lease, unless that generation was freed
   */
  @Nullable ServingRelease lease(long generation) {
    var release = generations.get(generation);
    if (release != null) return release.retain() ? release : null;
    for (var other : beside.get()) {
      var found = other.lease(generation);
      if (found != null) return found;
    }
    return null;
  }

  /** From now on leases by number are given on generations of {@code others}, too. */
  public void beside(Supplier<List<ModelStore>> others) {
    beside = others;
  }

  /** Leases on all generations, without the store's own use of the one in force. */
  public int leases() {
    synchronized (swap) {
      return generations.values().stream().mapToInt(ServingRelease::uses).sum() - 1;
    }
  }

  /** Describes the models. */
  public ModelStatus status() {
    return status;
  }

  /** The golden addresses of all models in force, in an order that mixes prefixes. */
  public List<Address> goldenAddresses() {
    var addresses = new ArrayList<Address>();
    for (var loaded : current.models().values()) {
      loaded.model().manifest().golden().forEach(golden -> addresses.add(golden.address()));
    }
    Collections.shuffle(addresses, new Random(1));
    return addresses;
  }

  /** Prefixes with a model, ascending. */
  public List<String> prefixes() {
    return List.copyOf(current.models().keySet());
  }

  /**
   * As {@link #scoring}, of a prefix that the release names.
   *
   * @throws ServiceException {@link Failure#NOT_READY} when its model can't be used
   */
  public ScoringModel usable(String prefix) {
    var scoring = scoring(prefix);
    if (scoring != null) return scoring;
    throw Failure.NOT_READY.because(
        "The model of prefix %s can't be used: %s"
            .formatted(prefix, failures.getOrDefault(prefix, "it is not held here")));
  }

  /**
   * As {@link #usable}, loading the model first where it is not held yet. Blocks.
   *
   * @throws ServiceException {@link Failure#NOT_READY} when its model can't be used
   */
  public ScoringModel onDemand(String prefix) {
    if (scoring(prefix) == null && !failures.containsKey(prefix)) claim(Set.of(prefix));
    return usable(prefix);
  }

  /** The model of {@code prefix} in force, where there is one. Safe where no reload can come. */
  public @Nullable ScoringModel scoring(String prefix) {
    return current.scoring(prefix);
  }

  /**
   * Checks whether the file of {@code model} can still be read where it is mapped, after a fault
   * was reported while scoring with it, or with another model before.
   */
  ServiceException lost(PrefixModel model) {
    if (!model.lost() && !model.intact() && model.lose()) {
      log.error("Model {} can't be read any more: its file was cut short", model.prefix());
    }
    return Failure.NOT_READY.because(
        "The model of prefix " + model.prefix() + " can't be read just now; /health says why");
  }

  /** Reasons why models were refused, by prefix; empty when none was. */
  public SortedMap<String, String> failures() {
    return failures;
  }

  /** Serves with nothing from now on; what is leased is freed with its last lease. */
  @Override
  public synchronized void close() {
    publish(ReleaseContent.EMPTY, Collections.emptySortedMap());
  }

  /** Of the keys of {@link #failures}, those refused for their accuracy. */
  Set<String> inaccurate() {
    return inaccurate;
  }

  /**
   * Overall scores on held-back addresses of the release last taken over as a whole, by question;
   * empty when it has none.
   */
  JsonObject scores() {
    return scores;
  }

  ReleaseLoader loader() {
    return loader;
  }

  /** The report of the last reload; empty before it. */
  JsonObject lastReload() {
    return lastReload;
  }
}
