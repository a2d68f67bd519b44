package com.cpprediction.model;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.Reload;
import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.Mapping;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.ModelException.Reason;
import com.cpprediction.model.format.NationalStage;
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Catalog;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.File;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of this node, shared by all workers, and how they are replaced: a new one is made
 * aside, checked and warmed, then all that are ready take over at once, and what they replace is
 * freed when its last user is done. One that can't be used is left out with its reason, and what it
 * would have replaced goes on. Thread-safe.
 */
public final class ModelCatalog implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ModelCatalog.class);

  /** How long workers may take to follow: they finish the scoring they are at. */
  private static final Duration FOLLOWING = Duration.ofSeconds(10);

  /** Prefixes that are named in a sentence at most. */
  private static final int NAMED = 10;

  /** What {@link #failures} calls the release itself. */
  private static final String RELEASE = "release";

  /** What they call the stage that names prefixes. */
  private static final String NATIONAL = "national";

  private final Map<String, LongAdder> requests = new ConcurrentHashMap<>();
  private final Map<String, String> stamps = new ConcurrentHashMap<>(); // of files, as last checked
  private final Map<String, String> unreadable = new ConcurrentHashMap<>(); // as logged, by prefix
  private final List<Follower> followers = new CopyOnWriteArrayList<>();
  private final Path directory;
  private final ModelLoader loader;
  private final ServiceMetrics metrics;
  private final Clock clock;
  private final PrefixAssignment share;
  private final boolean perRequest;
  private final Object swap = new Object(); // short, unlike this, which a reload holds
  private double pincodeTrust;
  private volatile String signature = "";
  private volatile SortedMap<String, String> failures = Collections.emptySortedMap(); // replaced
  private volatile Serving serving = Serving.NOTHING;
  private volatile LiveAccuracy live = LiveAccuracy.UNKNOWN;
  private volatile JsonObject lastReload = new JsonObject();

  /** Told which prefixes have to be answered. */
  interface Follower {
    /** Completes once {@code prefixes}, and no others, are answered. Doesn't block. */
    Future<?> follow(Set<String> prefixes);
  }

  /**
   * A model that answers.
   *
   * @param again reads it anew for one request; null when {@code model} itself scores
   */
  private record Loaded(
      PrefixModel model, Supplier<PrefixModel> again, String digest, Instant at, long nanos) {}

  /**
   * The stage that names prefixes.
   *
   * @param stage null when there is none, or it can't be used
   * @param digest its SHA-256, empty when there is none
   */
  private record National(NationalStage stage, String digest) {
    static final National NONE = new National(null, "");

    Locator locator() {
      if (stage != null) return stage;
      return digest.isEmpty() ? Locator.NONE : UNUSABLE;
    }

    boolean usable() {
      return stage != null || digest.isEmpty();
    }
  }

  private static final Locator UNUSABLE =
      text -> {
        throw NationalStage.UNUSABLE;
      };

  /** What became of the model of one prefix. */
  private record Outcome(String prefix, Loaded loaded, ModelException failure) {}

  /**
   * A model that the release names, held here or not.
   *
   * @param digest of its manifest
   * @param files null where this node need not know them, or can't
   */
  private record Named(String digest, ScoringModel.Files files) {}

  /**
   * What the release holds, as far as it was taken over.
   *
   * @param id as {@link Catalog#release()}
   */
  private record Taken(String id, SortedMap<String, Named> named, National national) {
    static final Taken NOTHING = of(Collections.emptySortedMap(), National.NONE);

    static Taken of(SortedMap<String, Named> named, National national) {
      var digests = new TreeMap<String, String>();
      named.forEach((prefix, model) -> digests.put(prefix, model.digest()));
      return new Taken(Release.id(digests, national.digest()), named, national);
    }
  }

  /**
   * What is answered with now: replaced whole, so that a reader never sees half a change.
   *
   * @param models held here
   * @param leaving models of prefixes that are gone: they answer what was asked of them before
   */
  private record Serving(
      Taken taken,
      SortedMap<String, Loaded> models,
      SortedMap<String, Loaded> leaving,
      SortedMap<String, ScoringModel> scorings,
      Catalog catalog) {
    static final Serving NOTHING =
        of(
            Taken.NOTHING,
            Collections.emptySortedMap(),
            Collections.emptySortedMap(),
            Engine.MAPPED,
            0);

    National national() {
      return taken.national();
    }

    static Serving of(
        Taken taken,
        SortedMap<String, Loaded> models,
        SortedMap<String, Loaded> leaving,
        Engine engine,
        double pincodeTrust) {
      var national = taken.national();
      var scorings = new TreeMap<String, ScoringModel>();
      var fingerprints = new HashMap<String, String>();
      models.forEach(
          (prefix, loaded) -> {
            var scoring = ScoringModel.of(loaded.model(), pincodeTrust, national.digest());
            scorings.put(prefix, scoring);
            fingerprints.put(prefix, scoring.fingerprint());
          });
      leaving.forEach(
          (prefix, loaded) ->
              scorings.put(
                  prefix, ScoringModel.of(loaded.model(), pincodeTrust, national.digest())));
      var prefixes = new TreeSet<>(models.keySet());
      prefixes.addAll(taken.named().keySet());
      taken
          .named()
          .forEach(
              (prefix, model) -> {
                if (model.files() == null || fingerprints.containsKey(prefix)) return;
                fingerprints.put(
                    prefix,
                    ScoringModel.fingerprint(
                        model.files(), engine, national.digest(), pincodeTrust));
              });
      var catalog =
          new Catalog(taken.id(), prefixes, fingerprints, models.keySet(), national.locator());
      return new Serving(taken, models, leaving, scorings, catalog);
    }
  }

  /** One that holds all models of its release. */
  public ModelCatalog(
      Path directory,
      Engine engine,
      boolean heap,
      double pincodeTrust,
      ServiceMetrics metrics,
      Clock clock) {
    this(directory, engine, heap, false, pincodeTrust, metrics, clock, PrefixAssignment.ALL);
  }

  /**
   * @param directory of the release
   * @param heap whether model files are read into memory rather than mapped
   * @param perRequest whether a model is read for each request rather than kept; what it costs to
   *     check it against its golden addresses is paid once all the same
   * @param pincodeTrust as {@link #trust}
   * @param share which models of a release to hold
   */
  public ModelCatalog(
      Path directory,
      Engine engine,
      boolean heap,
      boolean perRequest,
      double pincodeTrust,
      ServiceMetrics metrics,
      Clock clock,
      PrefixAssignment share) {
    this.perRequest = perRequest;
    this.share = share;
    this.directory = directory;
    this.loader = new ModelLoader(engine, heap ? Mapping.Kind.HEAP : Mapping.Kind.MAPPED);
    this.pincodeTrust = pincodeTrust;
    this.metrics = metrics;
    this.clock = clock;
    metrics.modelsLoaded(() -> serving.models().size());
    metrics.lastReload(Reload.MODELS, () -> failures.isEmpty());
    for (var reason : Reason.values()) metrics.modelReloadReason(reason.label());
  }

  /** Whether it is to hold all models of its release. */
  boolean whole() {
    return share.whole();
  }

  /** What {@link Catalog#release()} of all of the release in {@code directory} will be. */
  public static String releaseIn(Path directory) {
    try {
      return Release.open(directory).id();
    } catch (ModelException e) {
      return ""; // loading it says why
    }
  }

  /** Where its release lies. */
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
   * @param only prefixes to look at; null for all
   */
  public synchronized JsonObject reload(Set<String> only) {
    long start = System.nanoTime();
    var before = serving.models();
    var next = new TreeMap<>(before);
    var taken = serving.taken();
    var report = new JsonObject().put("at", clock.instant().toString());
    var failed = new TreeMap<String, ModelException>();
    var unknown = new JsonObject(); // asked for, but no model of ours that failed
    if (only == null) signature = Release.signature(directory);
    try {
      var release = Release.open(directory);
      var listed = release.manifests();
      if (only != null) {
        only.stream()
            .filter(prefix -> !listed.containsKey(prefix) && !before.containsKey(prefix))
            .forEach(prefix -> unknown.put(prefix, "the release names no such prefix"));
      }
      taken = take(release, only, failed);
      var held = held(taken);
      var wanted = new TreeSet<>(listed.keySet());
      wanted.retainAll(held);
      if (only != null) wanted.retainAll(only);
      for (var prefix : List.copyOf(wanted)) {
        var loaded = before.get(prefix);
        if (loaded == null || !loaded.digest().equals(listed.get(prefix))) continue;
        var standing = standing(release, loaded, failed);
        if (standing != Standing.DAMAGED) wanted.remove(prefix);
        if (standing != Standing.INTACT) next.remove(prefix);
      }
      next.keySet().removeIf(p -> !listed.containsKey(p) && (only == null || only.contains(p)));
      if (!share.whole()) next.keySet().retainAll(held);
      for (var outcome : loadAll(release, wanted, Runtime.getRuntime().availableProcessors())) {
        if (outcome.failure() == null) next.put(outcome.prefix(), outcome.loaded());
        else failed.put(outcome.prefix(), outcome.failure());
      }
    } catch (ModelException e) {
      failed.put(RELEASE, e);
    }
    boolean another = !taken.id().equals(serving.taken().id());
    if (another && !before.isEmpty()) share.handOver();
    replace(taken, before, next);
    report(failed, only); // after it: what was mended is only said to be so when it answers
    long loaded =
        next.entrySet().stream().filter(e -> before.get(e.getKey()) != e.getValue()).count();
    long removed = before.keySet().stream().filter(prefix -> !next.containsKey(prefix)).count();
    report
        .put("loaded", loaded)
        .put("unchanged", next.size() - loaded)
        .put("removed", removed)
        .put("failed", reasons(failed).mergeIn(unknown))
        .put("ms", (System.nanoTime() - start) / 1_000_000);
    lastReload = report;
    if (loaded + removed > 0) {
      log.info(
          "{} models loaded from {} in {} ms, {} unchanged, {} removed, {} refused",
          loaded,
          directory,
          report.getLong("ms"),
          next.size() - loaded,
          removed,
          failed.size());
    }
    return report.copy();
  }

  private JsonObject reasons(SortedMap<String, ModelException> failed) {
    var reasons = new JsonObject();
    failed.forEach((what, e) -> reasons.put(what, told(e)));
    return reasons;
  }

  /** Why, for anyone who asks: files are named within the release. */
  private String told(ModelException e) {
    return e.getMessage().replace(directory + File.separator, "");
  }

  /** How a model in force is, whose manifest the release still names. */
  private enum Standing {
    /** It can be used, whatever became of its files. */
    INTACT,
    /** It can't be used, but read again. */
    DAMAGED,
    /** It can't be used, and neither can its files. */
    LOST
  }

  /**
   * How {@code loaded} is. Its files are read only if they seem to have changed.
   *
   * @param failed gets what is wrong with them
   */
  private Standing standing(
      Release release, Loaded loaded, SortedMap<String, ModelException> failed) {
    var model = loaded.model();
    var stamp = stamp(release, model.manifest());
    if (stamp.equals(stamps.get(model.prefix())) && !model.lost()) return Standing.INTACT;
    boolean intact = model.intact();
    try {
      loader.verify(release, model.prefix());
    } catch (ModelException e) {
      failed.put(model.prefix(), e);
      return intact && loaded.again() == null ? Standing.INTACT : Standing.LOST;
    }
    if (!intact) return Standing.DAMAGED;
    stamps.put(model.prefix(), stamp);
    return Standing.INTACT;
  }

  private static String stamp(Release release, Manifest manifest) {
    return release.stamp(
        manifest.prefix() + '/' + Manifest.FILE, manifest.index().path(), manifest.ranker().path());
  }

  /** What reading a mapping fails with when the file got shorter meanwhile. */
  private static ModelException changing(InternalError fault) {
    return new ModelException(Reason.UNREADABLE, "changed while it was read", fault);
  }

  /**
   * What is taken over of {@code release}.
   *
   * @param only as in {@link #reload(Set)}
   * @param failed gets what can't be
   */
  private Taken take(Release release, Set<String> only, SortedMap<String, ModelException> failed) {
    var before = serving.taken();
    var national = before.national();
    if (only == null) {
      try {
        national = national(release, national);
      } catch (ModelException e) {
        failed.put(NATIONAL, e);
        if (national.stage() == null || !national.stage().intact()) {
          national = new National(null, release.national().sha256());
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
    return Taken.of(named, national);
  }

  private static ScoringModel.Files files(
      Release release, String prefix, SortedMap<String, ModelException> failed) {
    try {
      return ScoringModel.Files.of(release.manifest(prefix));
    } catch (ModelException e) {
      failed.put(prefix, e);
      return null;
    }
  }

  /** Prefixes to hold of what is taken over now; none goes without notice to the others. */
  private Set<String> held(Taken taken) {
    var held = new TreeSet<>(share.of(taken.id(), taken.named().keySet()));
    if (taken.id().equals(serving.taken().id())) held.addAll(serving.models().keySet());
    return held;
  }

  /**
   * Holds the models of {@code prefixes}, too, of the release that is served. Blocks; one thread
   * loads, so that those who answer have the others.
   *
   * @return why some can't be used, by prefix
   */
  synchronized SortedMap<String, String> claim(Set<String> prefixes) {
    var before = serving.models();
    var next = new TreeMap<>(before);
    var failed = new TreeMap<String, ModelException>();
    try {
      var release = Release.open(directory);
      var wanted = new TreeSet<String>();
      for (var prefix : prefixes) {
        var named = serving.taken().named().get(prefix);
        if (named != null && named.digest().equals(release.manifests().get(prefix))) {
          if (!before.containsKey(prefix)) wanted.add(prefix);
        } else {
          failed.put(
              prefix,
              new ModelException(
                  Reason.MISSING, "the directory holds another release, which is not served yet"));
        }
      }
      for (var outcome : loadAll(release, wanted, 1)) {
        if (outcome.failure() == null) next.put(outcome.prefix(), outcome.loaded());
        else failed.put(outcome.prefix(), outcome.failure());
      }
    } catch (ModelException e) {
      prefixes.forEach(prefix -> failed.put(prefix, e));
    }
    replace(serving.taken(), before, next);
    report(failed, prefixes);
    var reasons = new TreeMap<String, String>();
    failed.forEach((prefix, e) -> reasons.put(prefix, told(e)));
    return reasons;
  }

  /** Holds the models of {@code prefixes} no longer. Blocks until nobody asks for them here. */
  synchronized void drop(Set<String> prefixes) {
    var before = serving.models();
    var next = new TreeMap<>(before);
    next.keySet().removeAll(prefixes);
    replace(serving.taken(), before, next);
  }

  private National national(Release release, National now) {
    var file = release.national();
    if (file == null) return National.NONE;
    var stamp = release.stamp(file.path());
    if (file.sha256().equals(now.digest())
        && now.stage() != null
        && !now.stage().lost()
        && stamp.equals(stamps.get(NATIONAL))) {
      return now;
    }
    try {
      var fresh = new National(loader.national(release), file.sha256());
      stamps.put(NATIONAL, stamp);
      return fresh;
    } catch (InternalError e) {
      throw changing(e);
    }
  }

  private List<Outcome> loadAll(Release release, Set<String> prefixes, int threads) {
    if (prefixes.isEmpty()) return List.of();
    var pool = Executors.newFixedThreadPool(threads);
    try {
      var tasks = new ArrayList<Callable<Outcome>>();
      for (var prefix : prefixes) tasks.add(() -> load(release, prefix));
      var outcomes = new ArrayList<Outcome>();
      for (var outcome : pool.invokeAll(tasks)) outcomes.add(outcome.get());
      return outcomes;
    } catch (ExecutionException e) {
      throw new IllegalStateException("loading models failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while loading models", e);
    } finally {
      pool.shutdownNow();
    }
  }

  private Outcome load(Release release, String prefix) {
    long start = System.nanoTime();
    try {
      var stamp = stamp(release, release.manifest(prefix)); // before: it may change meanwhile
      var model = loader.load(release, prefix);
      stamps.put(prefix, stamp);
      long nanos = System.nanoTime() - start;
      metrics.modelLoaded(nanos);
      var digest = release.manifests().get(prefix);
      return new Outcome(prefix, loaded(release, model, digest, nanos), null);
    } catch (ModelException e) {
      return new Outcome(prefix, null, e);
    } catch (InternalError e) {
      return new Outcome(prefix, null, changing(e));
    } catch (RuntimeException e) { // whatever is wrong with it, the others serve
      log.error("Model {} cannot be checked", prefix, e);
      return new Outcome(prefix, null, new ModelException(Reason.FORMAT, e.toString(), e));
    }
  }

  private Loaded loaded(Release release, PrefixModel model, String digest, long nanos) {
    if (!perRequest) return new Loaded(model, null, digest, clock.instant(), nanos);
    var manifest = model.manifest();
    model.release();
    return new Loaded(
        PrefixModel.absent(manifest, loader.engine()),
        () -> again(release, manifest),
        digest,
        clock.instant(),
        nanos);
  }

  private PrefixModel again(Release release, Manifest manifest) {
    long start = System.nanoTime();
    try {
      var model = loader.again(release, manifest);
      metrics.modelLoaded(System.nanoTime() - start);
      unreadable.remove(manifest.prefix());
      return model;
    } catch (ModelException e) {
      if (!e.getMessage().equals(unreadable.put(manifest.prefix(), e.getMessage()))) {
        log.error("Model {} can't be read for a request: {}", manifest.prefix(), e.getMessage());
      }
      throw Failure.NOT_READY.because(
          "The model of prefix %s can't be read: %s".formatted(manifest.prefix(), told(e)));
    }
  }

  /** New prefixes are answered before anybody asks for them, old ones until nobody does. */
  private void replace(
      Taken taken, SortedMap<String, Loaded> before, SortedMap<String, Loaded> next) {
    var both = new TreeSet<>(before.keySet());
    both.addAll(next.keySet());
    var leaving = new TreeMap<>(before);
    leaving.keySet().removeAll(next.keySet());
    var nationalBefore = serving.national();
    tell(both);
    serve(taken, next, leaving);
    tell(next.keySet());
    if (!leaving.isEmpty()) serve(taken, next, Collections.emptySortedMap());
    var stage = nationalBefore.stage();
    if (stage != null && stage != taken.national().stage()) stage.release();
    before.forEach(
        (prefix, loaded) -> {
          if (next.get(prefix) != loaded) loaded.model().release();
        });
  }

  private void tell(Set<String> prefixes) {
    var following = followers.stream().map(follower -> follower.follow(prefixes)).toList();
    try {
      // Not Future.await: this may be a worker of Vert.x.
      Future.join(following)
          .toCompletionStage()
          .toCompletableFuture()
          .get(FOLLOWING.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      log.error("Not every worker follows the models", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while replacing models", e);
    }
  }

  private void serve(
      Taken taken, SortedMap<String, Loaded> models, SortedMap<String, Loaded> leaving) {
    var before = serving.models().keySet();
    synchronized (swap) {
      serving = Serving.of(taken, models, leaving, loader.engine(), pincodeTrust);
    }
    meter(before, models.keySet());
  }

  /** A meter for each model there is, and for no other. */
  private void meter(Set<String> before, Set<String> now) {
    for (var prefix : before) if (!now.contains(prefix)) metrics.modelGone(prefix);
    for (var prefix : now) {
      if (before.contains(prefix)) continue;
      metrics.modelServes(prefix, () -> liveOf(prefix).outcomes(), () -> liveOf(prefix).right());
    }
  }

  private LiveAccuracy.Tally liveOf(String prefix) {
    var scoring = scoring(prefix);
    return scoring == null ? LiveAccuracy.Tally.NOTHING : live.of(prefix, scoring.fingerprint());
  }

  /**
   * What is known now of how right the models are.
   *
   * @param counted as {@link com.cpprediction.bus.Bus#OUTCOMES_COUNTED}
   */
  void counted(JsonObject counted) {
    live = LiveAccuracy.of(counted);
  }

  /** Logs what is new, and models with the same reason in one line. */
  private void report(SortedMap<String, ModelException> failed, Set<String> only) {
    var news = new TreeMap<String, List<String>>();
    var now = new TreeMap<>(failures);
    if (!failed.containsKey(RELEASE)) { // else nothing was looked at
      now.remove(RELEASE);
      now.keySet().removeIf(p -> !failed.containsKey(p) && (only == null || only.contains(p)));
    }
    failed.forEach(
        (what, e) -> {
          metrics.modelReloadFailed(e.reason().label());
          if (told(e).equals(now.put(what, told(e)))) return;
          news.computeIfAbsent(e.getMessage(), m -> new ArrayList<>()).add(what);
        });
    failures = Collections.unmodifiableSortedMap(now);
    news.forEach((reason, refused) -> log.error("Models {} refused: {}", refused, reason));
  }

  /** Tells {@code follower} from now on, and at once. */
  synchronized Future<?> follow(Follower follower) {
    followers.add(follower);
    return follower.follow(serving.models().keySet());
  }

  void unfollow(Follower follower) {
    followers.remove(follower);
  }

  /** From now on adds {@code trust} to the score of the CPs that own the given pincode. */
  public void trust(double trust) {
    synchronized (swap) {
      pincodeTrust = trust;
      serving =
          Serving.of(serving.taken(), serving.models(), serving.leaving(), loader.engine(), trust);
    }
  }

  /** {@link Release#signature} of what was last taken over, or tried to. */
  String signature() {
    return signature;
  }

  /** What can be answered now, here or, in a cluster, by others. */
  public Catalog catalog() {
    return serving.catalog();
  }

  /** Prefixes with a model, ascending. */
  public List<String> prefixes() {
    return List.copyOf(serving.models().keySet());
  }

  /**
   * What answers {@code prefix} now, to be released by the caller; null when nothing does.
   *
   * @throws ServiceException when it can't be read
   * @see PrefixModel#release
   */
  ScoringModel acquire(String prefix) {
    if (perRequest) return read(prefix);
    for (var scoring = scoring(prefix); scoring != null; scoring = scoring(prefix)) {
      if (scoring.model().lost()) throw lost(scoring.model());
      if (scoring.model().acquire()) return scoring;
    }
    return null;
  }

  private ScoringModel read(String prefix) {
    var now = serving;
    var scoring = now.scorings().get(prefix);
    if (scoring == null) return null;
    var loaded = now.models().getOrDefault(prefix, now.leaving().get(prefix));
    return new ScoringModel(loaded.again().get(), scoring.pincodeTrust(), scoring.fingerprint());
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

  /** What answers {@code prefix} now; null when nothing does. Safe while nobody reloads. */
  public ScoringModel scoring(String prefix) {
    return serving.scorings().get(prefix);
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

  /**
   * What of the release is not served here as it should be, in a sentence; empty when all is.
   * Doesn't block.
   */
  public Optional<String> degraded() {
    var now = serving;
    var unused = new TreeSet<>(failures.keySet());
    var reasons = new ArrayList<String>();
    if (unused.remove(RELEASE)) reasons.add("the release can't be read");
    boolean refused = unused.remove(NATIONAL);
    var stage = now.national().stage();
    if (!now.national().usable() || stage != null && stage.lost()) {
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
    int all = now.catalog().prefixes().size();
    if (!unused.isEmpty()) {
      reasons.add("%d of %d models can't be used: %s".formatted(unused.size(), all, some(unused)));
    }
    if (!older.isEmpty()) {
      reasons.add(
          "%d of %d models go on as they were loaded, since their files were refused: %s"
              .formatted(older.size(), all, some(older)));
    }
    return reasons.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", reasons));
  }

  private static String some(Set<String> prefixes) {
    var named = prefixes.stream().limit(NAMED).collect(Collectors.joining(", "));
    return prefixes.size() > NAMED ? named + " and " + (prefixes.size() - NAMED) + " more" : named;
  }

  /** Why models were refused, by prefix; empty when none was. */
  public SortedMap<String, String> failures() {
    return failures;
  }

  /** JSON as {@code GET /models/status}. */
  public JsonObject status() {
    var now = serving;
    var accuracy = live;
    var failed = new TreeMap<>(failures);
    var all = new JsonArray();
    for (var prefix : now.models().keySet()) {
      all.add(status(now, accuracy, prefix, failed.remove(prefix)));
    }
    var left = new JsonArray();
    failed.forEach(
        (prefix, reason) ->
            left.add(new JsonObject().put("prefix", prefix).put("last_error", reason)));
    return new JsonObject()
        .put("directory", directory.toString())
        .put("release", now.taken().id())
        .put("engine", loader.engine().label())
        .put("mapping", loader.mapping().label())
        .put("preload", perRequest ? "per_request" : "startup")
        .put("loaded", now.models().size())
        .put("national", now.national().stage() == null ? null : now.national().digest())
        .put("last_reload", lastReload)
        .put("live", accuracy.overall())
        .put("models", all)
        .put("failed", left);
  }

  /** JSON as {@code GET /models/{prefix}}; null when no model here has it. */
  JsonObject status(String prefix) {
    var now = serving;
    if (!now.models().containsKey(prefix)) return null;
    return status(now, live, prefix, failures.get(prefix));
  }

  private JsonObject status(Serving now, LiveAccuracy accuracy, String prefix, String lastError) {
    var loaded = now.models().get(prefix);
    var manifest = loaded.model().manifest();
    var fingerprint = now.scorings().get(prefix).fingerprint();
    var counted = requests.get(prefix);
    return new JsonObject()
        .put("prefix", prefix)
        .put("version", manifest.version())
        .put("model", Prediction.model(prefix, fingerprint))
        .put("fingerprint", fingerprint)
        .put("digest", loaded.digest())
        .put("engine", loader.engine().label())
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

  void counted(String prefix, int addresses) {
    requests.computeIfAbsent(prefix, p -> new LongAdder()).add(addresses);
  }

  /** Frees everything after its last use. */
  @Override
  public synchronized void close() {
    var before = serving.models();
    var stage = serving.national().stage();
    synchronized (swap) {
      serving = Serving.NOTHING;
    }
    if (stage != null) stage.release();
    meter(before.keySet(), Set.of());
    before.values().forEach(loaded -> loaded.model().release());
  }
}
