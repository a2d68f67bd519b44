package com.cpprediction.server;

import com.cpprediction.audit.AuditEntry;
import com.cpprediction.audit.AuditLog;
import com.cpprediction.bus.Bus;
import com.cpprediction.bus.DirectRecorder;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.cluster.ClusterVerticle;
import com.cpprediction.cluster.Membership;
import com.cpprediction.config.CacheConfig;
import com.cpprediction.config.ConfigLoader;
import com.cpprediction.config.ConfigWatcher;
import com.cpprediction.config.LoadedConfig;
import com.cpprediction.config.PersistenceConfig.Ack;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.http.HttpNode;
import com.cpprediction.http.HttpVerticle;
import com.cpprediction.logging.Logging;
import com.cpprediction.logging.RequestId;
import com.cpprediction.metrics.MeterRegistries;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.Reload;
import com.cpprediction.model.CallerPincodes;
import com.cpprediction.model.DriftVerticle;
import com.cpprediction.model.Engine;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.ModelsVerticle;
import com.cpprediction.model.PrefixAssignment;
import com.cpprediction.model.RequestScorer;
import com.cpprediction.model.ScoringVerticle;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.persistence.PersistenceVerticle;
import com.cpprediction.postgres.EmbeddedDatabase;
import com.cpprediction.prediction.Address;
import com.cpprediction.serving.HealthCheck;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.shadow.ServedReleases;
import com.cpprediction.shadow.ShadowRelease;
import com.cpprediction.shadow.ShadowVerticle;
import com.cpprediction.tls.IdentityWatcher;
import com.cpprediction.tracing.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.vertx.core.Deployable;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The wiring of the service. Starts the flow of data from its end (database, cluster, models,
 * persistence, scoring, HTTP) and stops it from its beginning, so that every accepted request can
 * be completed.
 */
public final class Service {
  private static final Logger log = LoggerFactory.getLogger(Service.class);

  private static final Duration HTTP_GRACE = Duration.ofSeconds(5);
  private static final Duration STORE_GRACE = Duration.ofSeconds(2);

  /** Timeout of sending the last traces, which runs beside the stop of PostgreSQL. */
  private static final Duration TRACE_GRACE = Duration.ofSeconds(1);

  /** Part of the stop timeout that is reserved for PostgreSQL, which stops last. */
  private static final Duration DATABASE_GRACE = Duration.ofSeconds(2);

  /** Timeout of handing prefixes over to other nodes, plus the reserve for PostgreSQL. */
  private static final Duration HANDOVER_TIMEOUT = Duration.ofSeconds(3).plus(DATABASE_GRACE);

  /** Contexts of other verticles and timers, at most, that are made after that of persistence. */
  private static final int OTHER_CONTEXTS = 8;

  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final int SHORT_ID = 8; // digits of a release's id

  /** Name of the journal's directory in {@code data_dir}. */
  public static final String JOURNAL = "journal";

  /** Name of the directory of promoted releases in {@code data_dir}. */
  static final String RELEASES = "releases";

  /**
   * A deployed verticle.
   *
   * @param end name of the undeployment in the log
   */
  private record Running(String deployment, String end) {}

  private final Home home;
  private final LoadedConfig loaded;
  private final @Nullable Tracing tracing; // where requests are traced
  private final Vertx vertx;
  private final @Nullable Membership membership;
  private final @Nullable ClusterVerticle cluster; // where the node is in one
  private final ServiceMetrics metrics;
  private final Deque<Running> running = new ConcurrentLinkedDeque<>();
  private final PhaseLog phases = new PhaseLog(PhaseLog.EXPECTED);
  private final ConfigWatcher watcher;
  private final AuditLog audit;
  private final ModelStore models;
  private final CallerPincodes wrongPincodes;
  private final ServedReleases releases;
  private final ShadowRelease shadow;
  private final DirectRecorder directRecorder = new DirectRecorder();
  private final PredictionCache cache;
  private final List<HealthCheck> checks;
  private volatile Set<String> here = Set.of(); // prefixes of the models in force
  private volatile Set<String> served = Set.of(); // fingerprints of the models in force
  private volatile boolean stopping;
  private volatile boolean unclean; // whether a verticle failed to stop
  private volatile @Nullable EmbeddedDatabase embedded;
  private volatile @Nullable PersistenceVerticle persistence;
  private volatile @Nullable HttpNode http;

  /**
   * @param loaded configuration read by {@code loader}
   * @param modelsDir directory of the release to serve, unless another one was promoted over it
   * @param clustered whether to join a cluster; blocks until joined, or until no member is found
   */
  public Service(
      Home home, ConfigLoader loader, LoadedConfig loaded, Path modelsDir, boolean clustered) {
    this.home = home;
    this.loaded = loaded;
    var config = loaded.config();
    MeterRegistry registry =
        config.metrics().enabled()
            ? MeterRegistries.prometheus(config.telemetry().traced())
            : new CompositeMeterRegistry(); // without a child: drops all meters
    releases = ServedReleases.of(home.resolve(config.dataDir()), modelsDir);
    membership = clustered ? VertxSetup.membership(home, config.cluster()) : null;
    tracing =
        config.telemetry().traced()
            ? new Tracing(
                config.telemetry().otlpEndpoint(),
                () -> current().telemetry().sampleRatio(),
                Version.current(),
                node())
            : null;
    vertx =
        VertxSetup.vertx(
            eventLoops(config), registry, config.metrics().enabled(), membership, tracing);
    metrics = new ServiceMetrics(registry, Version.current());
    watcher =
        new ConfigWatcher(vertx, loader, loaded, metrics::configReloadFailed, Clock.systemUTC());
    metrics.lastReload(Reload.CONFIG, watcher::accepted);
    cluster =
        membership != null
            ? new ClusterVerticle(
                membership,
                () -> current().cluster(),
                this::serving,
                this::settings,
                ModelStore.releaseIn(releases.served()),
                metrics)
            : null;
    audit =
        new AuditLog(
            vertx,
            cluster == null ? "" : config.cluster().host() + ':' + config.cluster().port(),
            Clock.systemUTC());
    models =
        new ModelStore(
            releases.served(),
            Engine.of(config.models().engine()),
            config.models().heap(),
            config.models().perRequest(),
            metrics,
            Clock.systemUTC(),
            cluster != null ? cluster : PrefixAssignment.ALL);
    models.limitDrop(() -> watcher.current().models().maxAccuracyDrop());
    wrongPincodes =
        new CallerPincodes(
            () -> current().prediction().wrongPincodes(), metrics, Clock.systemUTC());
    models.status().shows(wrongPincodes::toJson);
    shadow =
        new ShadowRelease(
            vertx, this::current, home::resolve, models, releases, metrics, Clock.systemUTC());
    cache = new PredictionCache(config.cache(), registry);
    models.onPublish(this::published);
    shadow.onReplace(() -> retainScores(models.current(), 0));
    metrics.cacheEnabled(cache::enabled);
    checks =
        new HealthChecks(
                models,
                this::persistence,
                cluster,
                watcher,
                config.persistence().ack() == Ack.COMMIT)
            .all();
  }

  /**
   * Vert.x deals event loops to contexts in turn, to workers as well: with so many, neither two
   * HTTP verticles nor one of them and persistence share one.
   */
  private static int eventLoops(ServiceConfig config) {
    return config.http().eventLoops() + config.prediction().workers() + OTHER_CONTEXTS;
  }

  /**
   * Completes once the service accepts requests. Blocks while PostgreSQL starts and models load.
   */
  public Future<Void> start() {
    var config = loaded.config();
    Logging.apply(config.log());
    var identity = // first, so that a bad certificate fails before anything starts
        StartupRules.keyFiles(home, config.http().tls())
            .map(files -> new IdentityWatcher(vertx, files, metrics, Clock.systemUTC()));
    Bus.registerCodecs(vertx.eventBus());
    RequestId.propagate(vertx.eventBus());
    var dataDir = home.resolve(config.dataDir());
    if (!config.database().embedded()) EmbeddedDatabase.secure(dataDir);
    checkNotStopping();
    if (cluster != null) {
      deploy("joining the cluster", "leaving the cluster", () -> cluster, new DeploymentOptions())
          .await();
    }
    checkNotStopping();
    persistence =
        new PersistenceVerticle(
                () -> current().persistence(),
                config.journal(),
                dataDir.resolve(JOURNAL),
                this::databaseUri,
                config.database().pool(),
                metrics,
                STORE_GRACE)
            .keepingHistoryOf(node())
            .readingHistoryFrom(() -> current().metrics())
            .recordingDirectly(directRecorder);
    // PostgreSQL and the journal start while models load: each waits for what the other doesn't.
    var storing =
        (config.database().embedded() ? startDatabase(dataDir) : Future.succeededFuture())
            .compose(ok -> deployPersistence());
    try {
      phases.run(
          "loading models",
          () -> {
            models.reload();
            return null;
          });
      http =
          new HttpNode(
              vertx,
              watcher::current,
              models::lease,
              () -> new RequestScorer(models, metrics)::serve,
              wrongPincodes,
              cache,
              cluster == null ? OwnerDirectory.ALONE : cluster,
              shadow,
              directRecorder,
              metrics,
              checks,
              watcher::toJson,
              identity,
              Clock.systemUTC(),
              HttpNode.Timeouts.of(HTTP_GRACE));
      if (!storing.failed()) warmUp(); // else the failure is told at once
      checkNotStopping();
    } catch (RuntimeException e) {
      storing.otherwiseEmpty().await(); // what has started is stopped
      throw e;
    }
    return storing
        .compose(ok -> deployScorers(config.prediction().workers()))
        .compose(ok -> deployModels())
        .compose(ok -> deployShadow())
        .compose(ok -> deployDrift())
        .compose(ok -> deployHttp())
        .onSuccess(ok -> watch())
        .compose(ok -> activate())
        .onSuccess(ok -> http().refillCache());
  }

  /** On the thread of the reload; one release at a time. */
  private void published(ServingRelease release) {
    var replaced = retainScores(release, current().cache().warmPopular());
    boolean further = !here.containsAll(release.here());
    here = release.here();
    markReload(release);
    var node = http;
    if (node == null) return; // a start: it refills at its end
    if (further) node.refillCache();
    node.refillCache(replaced);
  }

  /** Keeps scores of {@code release} and of the shadow release only. */
  private List<Address> retainScores(ServingRelease release, int most) {
    var inForce = new HashSet<>(release.fingerprints().values());
    inForce.addAll(shadow.fingerprints());
    return cache.retain(inForce, most);
  }

  /** Marks another release than the one served before, or more or fewer models of it. */
  private void markReload(ServingRelease release) {
    var fingerprints = Set.copyOf(release.fingerprints().values());
    if (http != null && !stopping && !fingerprints.equals(served)) {
      var id = release.release();
      Bus.publishLocal(
          vertx,
          Bus.MARK,
          Bus.mark(
              "reload",
              "release %s, %d models"
                  .formatted(id.substring(0, Math.min(SHORT_ID, id.length())), here.size())));
    }
    served = fingerprints;
  }

  /** The name of this node: that in the cluster, else host and port. */
  private String node() {
    if (membership != null) return membership.name();
    var http = loaded.config().http();
    return hostName() + ':' + http.port();
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }

  private void warmUp() {
    var limit = loaded.config().server().warmUp(cluster != null);
    if (limit.isZero()) return;
    var warmUp = new WarmUp(current(), models);
    phases.run(
        "warming up",
        () -> {
          Logging.withoutRequests(() -> warmUp.run(limit, () -> stopping));
          return null;
        });
  }

  private Future<Void> startDatabase(Path dataDir) {
    return vertx.executeBlocking(
        () -> {
          var database =
              phases.run(
                  "starting the embedded PostgreSQL",
                  () -> EmbeddedDatabase.start(dataDir, loaded.config().database().embeddedPort()));
          embedded = database;
          if (stopping) database.close();
          return null;
        },
        false);
  }

  private Future<Void> deployPersistence() {
    checkNotStopping();
    return deploy(
        "connecting to the database and opening the journal",
        "storing what is queued",
        this::persistence,
        new DeploymentOptions());
  }

  private PersistenceVerticle persistence() {
    return Objects.requireNonNull(persistence, "not started");
  }

  private HttpNode http() {
    return Objects.requireNonNull(http, "not started");
  }

  private Future<Void> activate() {
    return cluster == null
        ? Future.succeededFuture()
        : phases.await("taking prefixes over", cluster::activate);
  }

  private ServiceConfig current() {
    return watcher.current();
  }

  private ServingRelease serving() {
    return models.current();
  }

  /** The settings that determine predictions besides the release; compared between nodes. */
  private String settings() {
    var config = current();
    return "engine " + config.models().engine();
  }

  private void checkNotStopping() {
    if (stopping) throw new StartException("Stopped while starting", null);
  }

  private Future<Void> cannotListen(Throwable cause) {
    if (!(cause instanceof IOException)) return Future.failedFuture(cause);
    var config = loaded.config();
    boolean grpc = http().port() != 0; // HTTP listens before it
    return Future.failedFuture(
        new StartException(
            "Cannot listen on %s port %d (%s); set http.host and %s to others"
                .formatted(
                    config.http().host(),
                    grpc ? config.grpc().port() : config.http().port(),
                    cause.getMessage(),
                    grpc ? "grpc.port" : "http.port"),
            cause));
  }

  /** Names of the failing checks that keep the service from accepting requests. */
  public List<String> notReady() {
    return checks.stream().filter(c -> !c.ready().getAsBoolean()).map(HealthCheck::name).toList();
  }

  /** Impaired functions, a sentence each. */
  public List<String> degraded() {
    return checks.stream().flatMap(check -> check.degraded().get().stream()).toList();
  }

  /** The HTTP port, once started. */
  public int port() {
    return http().port();
  }

  /** The port of gRPC, once started; 0 without one. */
  public int grpcPort() {
    return http().grpcPort();
  }

  /** The Vert.x instance of all verticles. */
  public Vertx vertx() {
    return vertx;
  }

  /** URI of the database in use, with its password. */
  public String databaseUri() {
    return embedded == null ? loaded.config().database().uri() : embedded.uri();
  }

  /** Leases on generations of the models, by requests that have not ended. */
  public int leases() {
    return models.leases();
  }

  /** Number of loaded models. */
  public int models() {
    return models.prefixes().size();
  }

  /**
   * Completes accepted requests, stores their rows and releases all resources. To be called once,
   * on any thread; a start in progress fails with a {@link StartException}.
   *
   * @param within timeout; a clean stop takes at most 10.5 s, in a cluster 13 s, since other nodes
   *     take over first
   */
  public void stop(Duration within) {
    long begin = System.nanoTime();
    long end = begin + within.toNanos();
    stopping = true;
    watcher.stop();
    boolean clean = true;
    if (http != null && cluster != null) {
      clean =
          await(
              phases.await("handing prefixes over", cluster::leave),
              Math.min(end, System.nanoTime() + HANDOVER_TIMEOUT.toNanos()));
    }
    // Closing Vert.x would undeploy a verticle a second time that has not stopped yet.
    boolean undeployed = await(undeploy(), end);
    var traced = stopTraces();
    if (undeployed) {
      clean &= await(phases.await("closing connections", vertx::close), end);
      models.close(); // no verticle uses them any more
    } else {
      clean = false;
    }
    var database = embedded;
    if (database != null) {
      clean &= phases.run("stopping PostgreSQL", () -> database.close(DATABASE_GRACE));
    }
    traced.join();
    phases.close();
    if (clean && !unclean && (persistence == null || persistence.keptAll())) {
      log.info("Ended cleanly within {} ms", (System.nanoTime() - begin) / NANOS_PER_MILLI);
    }
  }

  /** Completes within {@link #TRACE_GRACE}: the receiver of traces may be away. */
  private CompletableFuture<Void> stopTraces() {
    return tracing == null
        ? CompletableFuture.completedFuture(null)
        : tracing.stop().completeOnTimeout(null, TRACE_GRACE.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Whether {@code future} completed before {@code end} less the reserve for PostgreSQL. */
  private static boolean await(Future<?> future, long end) {
    try {
      future.await(remaining(end, DATABASE_GRACE).toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      log.error("Not everything stopped in time");
      return false;
    }
  }

  private static Duration remaining(long end, Duration kept) {
    var left = Duration.ofNanos(end - System.nanoTime()).minus(kept);
    return left.isNegative() ? Duration.ZERO : left;
  }

  /** Undeploys newest first; {@code vertx.close()} alone stops every verticle at the same time. */
  private Future<Void> undeploy() {
    if (running.isEmpty()) return Future.succeededFuture();
    var newest = running.pop();
    return phases
        .await(newest.end(), () -> vertx.undeploy(newest.deployment()))
        .recover(
            failure -> {
              unclean = true;
              log.error("A verticle did not stop cleanly", failure);
              return Future.succeededFuture();
            })
        .compose(done -> undeploy());
  }

  private Future<Void> deployModels() {
    return deploy(
        "watching the release",
        "giving models up",
        () -> new ModelsVerticle(models, () -> watcher.current().models().poll(), audit),
        new DeploymentOptions());
  }

  private Future<Void> deployDrift() {
    return deploy(
        "looking at the drift",
        "ending looks at the drift",
        () ->
            new DriftVerticle(
                models, () -> watcher.current().models().drift(), metrics, Clock.systemUTC()),
        new DeploymentOptions());
  }

  private Future<Void> deployShadow() {
    var verticle =
        new ShadowVerticle(
            shadow,
            () -> watcher.current().models().poll(),
            cluster == null ? OwnerDirectory.ALONE : cluster,
            audit);
    watcher.onChange(config -> config.models().shadow().dir(), dir -> verticle.reload());
    watcher.onChange(config -> config.models().canary().share(), share -> verticle.update());
    return deploy(
        "watching the shadow release",
        "ending comparisons",
        () -> verticle,
        new DeploymentOptions());
  }

  private Future<Void> deployHttp() {
    return deploy(
            "opening the port",
            "finishing requests",
            () -> new HttpVerticle(http()),
            new DeploymentOptions().setInstances(http().instances()))
        .recover(this::cannotListen);
  }

  private Future<Void> deployScorers(int workers) {
    var options =
        new DeploymentOptions()
            .setThreadingModel(ThreadingModel.WORKER)
            .setWorkerPoolName("cp-score")
            .setWorkerPoolSize(workers)
            .setInstances(workers);
    var number = new AtomicInteger();
    return deploy(
        "starting scorers",
        "ending scorers",
        () -> new ScoringVerticle(number.getAndIncrement(), models, metrics),
        options);
  }

  private Future<Void> deploy(
      String begin, String end, Supplier<Deployable> verticle, DeploymentOptions options) {
    return phases
        .await(begin, () -> vertx.deployVerticle(verticle, options))
        .onSuccess(deployment -> running.push(new Running(deployment, end)))
        .mapEmpty();
  }

  /** On a worker, one change after the other. */
  private void resize(CacheConfig changed) {
    vertx
        .executeBlocking(
            () -> {
              cache.apply(changed);
              return null;
            })
        .onFailure(cause -> log.error("The cache keeps its size", cause));
  }

  private void audit(ConfigWatcher.Edit edit) {
    var after = edit.after().copy();
    if (!edit.waiting().isEmpty()) after.put("pending_restart", new JsonArray(edit.waiting()));
    audit.record(new AuditEntry(AuditEntry.FILE, "edit-config", "", edit.before(), after));
  }

  private void watch() {
    watcher.onEdit(this::audit);
    watcher.onChange(ServiceConfig::log, Logging::apply);
    watcher.onChange(ServiceConfig::cache, this::resize);
    watcher.onChange(
        config -> config.persistence().retentionDays(), days -> persistence().applyRetention());
    watcher.onEdit(
        edit ->
            Bus.publishLocal(
                vertx, Bus.MARK, Bus.mark("config", String.join(", ", edit.after().fieldNames()))));
    watcher.start();
  }
}
