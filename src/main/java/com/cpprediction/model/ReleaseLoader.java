package com.cpprediction.model;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.ReleaseContent.National;
import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.Mapping;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.ModelException.Reason;
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Failure;
import java.io.File;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the models and the national stage of a release for a {@link ModelStore}, and checks those
 * in force against their files. Thread-safe; blocks.
 */
final class ReleaseLoader {
  private static final Logger log = LoggerFactory.getLogger(ReleaseLoader.class);

  private final Map<String, String> stamps = new ConcurrentHashMap<>(); // of files, as last checked
  private final Map<String, String> unreadable = new ConcurrentHashMap<>(); // as logged, by prefix
  private volatile Path directory;
  private final ModelLoader models;
  private final boolean perRequest;
  private final ServiceMetrics metrics;
  private final Clock clock;

  /** The result of loading the model of one prefix: one of {@code loaded} and {@code failure}. */
  private record Outcome(
      String prefix, @Nullable LoadedModel loaded, @Nullable ModelException failure) {}

  /**
   * @param directory of the release
   * @param perRequest whether models are checked and then read for each request
   */
  ReleaseLoader(
      Path directory, ModelLoader models, boolean perRequest, ServiceMetrics metrics, Clock clock) {
    this.directory = directory;
    this.models = models;
    this.perRequest = perRequest;
    this.metrics = metrics;
    this.clock = clock;
  }

  /** From now on loads the release in {@code another}. */
  void directory(Path another) {
    directory = another;
  }

  Engine engine() {
    return models.engine();
  }

  Mapping.Kind mapping() {
    return models.mapping();
  }

  boolean perRequest() {
    return perRequest;
  }

  /** The reason for callers: files are named within the release. */
  String reason(ModelException e) {
    return e.getMessage().replace(directory + File.separator, "");
  }

  /** The state of a model in force whose manifest the release still names. */
  enum Standing {
    /** Usable, whether or not its files are. */
    INTACT,
    /** Not usable; its files are. */
    DAMAGED,
    /** Not usable, and neither are its files. */
    LOST
  }

  /**
   * The state of {@code loaded}. Its files are read only if they seem to have changed.
   *
   * @param failed gets what is wrong with them
   */
  Standing standing(Release release, LoadedModel loaded, SortedMap<String, ModelException> failed) {
    var model = loaded.model();
    var stamp = stamp(release, model.manifest());
    if (stamp.equals(stamps.get(model.prefix())) && !model.lost()) return Standing.INTACT;
    boolean intact = model.intact();
    try {
      models.verify(release, model.prefix());
    } catch (ModelException e) {
      failed.put(model.prefix(), e);
      return intact && loaded.reader() == null ? Standing.INTACT : Standing.LOST;
    }
    if (!intact) return Standing.DAMAGED;
    stamps.put(model.prefix(), stamp);
    return Standing.INTACT;
  }

  private static String stamp(Release release, Manifest manifest) {
    return release.stamp(
        manifest.prefix() + '/' + Manifest.FILE, manifest.index().path(), manifest.ranker().path());
  }

  /** The failure of reading a mapping whose file got shorter meanwhile. */
  private static ModelException changing(InternalError fault) {
    return new ModelException(Reason.UNREADABLE, "changed while it was read", fault);
  }

  /**
   * The national stage of {@code release}: {@code now} unless it changed or was lost.
   *
   * @throws ModelException when it can't be used; the message says why
   */
  National national(Release release, National now) {
    var file = release.national();
    if (file == null) return National.NONE;
    var stamp = release.stamp(file.path());
    if (file.sha256().equals(now.digest())
        && now.stage() != null
        && !now.stage().lost()
        && stamp.equals(stamps.get(ModelStore.NATIONAL))) {
      return now;
    }
    try {
      var fresh = new National(models.national(release), file.sha256());
      stamps.put(ModelStore.NATIONAL, stamp);
      return fresh;
    } catch (InternalError e) {
      throw changing(e);
    }
  }

  /**
   * Loads the models of {@code prefixes}.
   *
   * @param threads that load
   * @param loaded gets those that can be used, each in use once
   * @param failed gets why the others can't
   */
  void load(
      Release release,
      Set<String> prefixes,
      int threads,
      Map<String, LoadedModel> loaded,
      Map<String, ModelException> failed) {
    if (prefixes.isEmpty()) return;
    var pool = Executors.newFixedThreadPool(threads);
    try {
      var tasks = new ArrayList<Callable<Outcome>>();
      for (var prefix : prefixes) tasks.add(() -> load(release, prefix));
      for (var task : pool.invokeAll(tasks)) {
        var outcome = task.get();
        if (outcome.failure() == null) loaded.put(outcome.prefix(), outcome.loaded());
        else failed.put(outcome.prefix(), outcome.failure());
      }
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
      var model = models.load(release, prefix);
      stamps.put(prefix, stamp);
      long nanos = System.nanoTime() - start;
      metrics.modelLoaded(nanos);
      var digest = Objects.requireNonNull(release.manifests().get(prefix));
      return new Outcome(prefix, loaded(release, model, digest, nanos), null);
    } catch (ModelException e) {
      return new Outcome(prefix, null, e);
    } catch (InternalError e) {
      return new Outcome(prefix, null, changing(e));
    } catch (RuntimeException e) { // the others serve all the same
      log.error("Model {} cannot be checked", prefix, e);
      return new Outcome(prefix, null, new ModelException(Reason.FORMAT, e.toString(), e));
    }
  }

  private LoadedModel loaded(Release release, PrefixModel model, String digest, long nanos) {
    if (!perRequest) return new LoadedModel(model, null, digest, clock.instant(), nanos);
    var manifest = model.manifest();
    model.release();
    return new LoadedModel(
        PrefixModel.absent(manifest, models.engine()),
        () -> again(release, manifest),
        digest,
        clock.instant(),
        nanos);
  }

  private PrefixModel again(Release release, Manifest manifest) {
    long start = System.nanoTime();
    try {
      var model = models.again(release, manifest);
      metrics.modelLoaded(System.nanoTime() - start);
      unreadable.remove(manifest.prefix());
      return model;
    } catch (ModelException e) {
      if (!e.getMessage().equals(unreadable.put(manifest.prefix(), e.getMessage()))) {
        log.error("Model {} can't be read for a request: {}", manifest.prefix(), e.getMessage());
      }
      throw Failure.NOT_READY.because(
          "The model of prefix %s can't be read: %s".formatted(manifest.prefix(), reason(e)));
    }
  }
}
