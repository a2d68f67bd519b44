package com.cpprediction.server;

import com.cpprediction.bus.Bus;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.cluster.ClusterVerticle;
import com.cpprediction.cluster.Membership;
import com.cpprediction.config.ClusterConfig;
import com.cpprediction.config.ConfigLoader;
import com.cpprediction.config.ConfigRule;
import com.cpprediction.config.ConfigWatcher;
import com.cpprediction.config.Findings;
import com.cpprediction.config.HttpConfig;
import com.cpprediction.config.LoadedConfig;
import com.cpprediction.config.PersistenceConfig.Ack;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.http.HttpVerticle;
import com.cpprediction.logging.Logging;
import com.cpprediction.logging.RequestId;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.Reload;
import com.cpprediction.model.Engine;
import com.cpprediction.model.ModelCatalog;
import com.cpprediction.model.ModelsVerticle;
import com.cpprediction.model.PrefixAssignment;
import com.cpprediction.model.ScoringVerticle;
import com.cpprediction.persistence.PersistenceVerticle;
import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.EmbeddedDatabase;
import com.cpprediction.prediction.Catalog;
import com.cpprediction.serving.HealthCheck;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.tls.IdentityWatcher;
import com.cpprediction.tls.KeyFiles;
import com.cpprediction.tls.TlsException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Deployable;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.micrometer.MetricsDomain;
import io.vertx.micrometer.MicrometerMetricsFactory;
import io.vertx.micrometer.MicrometerMetricsOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The whole wiring. Starts the flow from its end (database, storing, models, HTTP) and stops it
 * from its beginning, so that nothing is accepted that cannot be finished.
 */
public final class Service {
  private static final Logger log = LoggerFactory.getLogger(Service.class);

  private static final Duration HTTP_GRACE = Duration.ofSeconds(5);
  private static final Duration STORE_GRACE = Duration.ofSeconds(2);

  /** For PostgreSQL when the rest has stopped; kept for it by what stops before. */
  private static final Duration DATABASE_SHARE = Duration.ofSeconds(2);

  /** For the others to take over, PostgreSQL's share not counted. */
  private static final Duration LEAVING = Duration.ofSeconds(3).plus(DATABASE_SHARE);

  /** For a node to be taken into its cluster. */
  private static final Duration JOINING = Duration.ofSeconds(60);

  private static final long NANOS_PER_MILLI = 1_000_000;

  /** The directory of the journal inside {@code data_dir}. */
  public static final String JOURNAL = "journal";

  /**
   * A deployed verticle.
   *
   * @param end what its end is called in the log
   */
  private record Running(String deployment, String end) {}

  private final Home home;
  private final LoadedConfig loaded;
  private final Vertx vertx;
  private final Membership membership; // null: a node of its own
  private final ClusterVerticle cluster; // null as well
  private final ServiceMetrics metrics;
  private final Deque<Running> running = new ConcurrentLinkedDeque<>();
  private final PhaseLog phases = new PhaseLog(PhaseLog.EXPECTED);
  private final ConfigWatcher watcher;
  private final ModelCatalog models;
  private final PredictionCache cache;
  private final List<HealthCheck> checks;
  private volatile boolean stopping;
  private volatile boolean unclean; // a verticle failed to stop
  private volatile EmbeddedDatabase embedded;
  private volatile PersistenceVerticle persistence;
  private volatile HttpVerticle http;

  /**
   * @param loaded what {@code loader} read
   * @param modelsDir the release to serve
   * @param clustered whether to join others, which blocks until they are found, or none is
   */
  public Service(
      Home home, ConfigLoader loader, LoadedConfig loaded, Path modelsDir, boolean clustered) {
    this.home = home;
    this.loaded = loaded;
    var config = loaded.config();
    MeterRegistry registry =
        config.metrics().enabled()
            ? new PrometheusMeterRegistry(PrometheusConfig.DEFAULT)
            : new CompositeMeterRegistry(); // keeps nothing
    membership = clustered ? membership(home, config.cluster()) : null;
    vertx = vertx(registry, config.metrics().enabled(), membership);
    metrics = new ServiceMetrics(registry, Version.current());
    watcher =
        new ConfigWatcher(vertx, loader, loaded, metrics::configReloadFailed, Clock.systemUTC());
    metrics.lastReload(Reload.CONFIG, watcher::accepted);
    cluster =
        clustered
            ? new ClusterVerticle(
                membership,
                () -> current().cluster(),
                this::catalog,
                this::settings,
                ModelCatalog.releaseIn(modelsDir),
                metrics)
            : null;
    models =
        new ModelCatalog(
            modelsDir,
            Engine.of(config.models().engine()),
            config.models().heap(),
            config.models().perRequest(),
            config.prediction().pincodeTrust(),
            metrics,
            Clock.systemUTC(),
            clustered ? cluster : PrefixAssignment.ALL);
    cache = new PredictionCache(config.cache(), registry);
    metrics.cacheEnabled(cache::enabled);
    checks = checks();
  }

  /** Completes once the service accepts requests. Blocks the calling thread while it loads. */
  public Future<Void> start() {
    var config = loaded.config();
    Logging.apply(config.log());
    var identity = // first: it fails at once or not at all
        keyFiles(home, config.http().tls())
            .map(files -> new IdentityWatcher(vertx, files, metrics, Clock.systemUTC()));
    Bus.registerCodecs(vertx.eventBus());
    RequestId.travel(vertx.eventBus());
    if (config.database().embedded()) {
      var dataDir = home.resolve(config.dataDir());
      embedded =
          phases.run(
              "starting the embedded PostgreSQL",
              () -> EmbeddedDatabase.start(dataDir, config.database().embeddedPort()));
      if (stopping) embedded.close();
    } else {
      EmbeddedDatabase.secure(home.resolve(config.dataDir()));
    }
    goOn();
    if (cluster != null) {
      deploy("joining the cluster", "leaving the cluster", () -> cluster, new DeploymentOptions())
          .await();
    }
    goOn();
    phases.run(
        "loading models",
        () -> {
          models.reload();
          return null;
        });
    goOn();
    persistence =
        new PersistenceVerticle(
            () -> current().persistence(),
            config.journal(),
            home.resolve(config.dataDir()).resolve(JOURNAL),
            this::databaseUri,
            config.database().pool(),
            metrics,
            STORE_GRACE);
    http =
        new HttpVerticle(
            watcher::current,
            models::catalog,
            cache,
            cluster == null ? OwnerDirectory.ALONE : cluster,
            metrics,
            checks,
            watcher::toJson,
            identity,
            Clock.systemUTC(),
            HTTP_GRACE);
    return deploy(
            "connecting to the database and opening the journal",
            "storing what is queued",
            () -> persistence,
            new DeploymentOptions())
        .compose(ok -> deployScorers(config.prediction().workers()))
        .compose(ok -> deployModels())
        .compose(ok -> deployHttp())
        .onSuccess(ok -> watch())
        .compose(ok -> activate());
  }

  private Future<Void> activate() {
    return cluster == null
        ? Future.succeededFuture()
        : phases.await("taking prefixes over", cluster::activate);
  }

  private ServiceConfig current() {
    return watcher.current();
  }

  private Catalog catalog() {
    return models.catalog();
  }

  /** What beside the release decides the answers of this node. */
  private String settings() {
    var config = current();
    return "engine %s, pincode_trust %s"
        .formatted(config.models().engine(), config.prediction().pincodeTrust());
  }

  /** The rules of the packages that use the configuration. */
  public static List<ConfigRule> rules(Home home) {
    return List.of(Service::checkDatabaseUri, config -> checkKeyFiles(home, config.http().tls()));
  }

  /** With a warning where the connection may be plain text. */
  public static Findings checkDatabaseUri(ServiceConfig config) {
    if (config.database().embedded()) return Findings.NONE;
    try {
      return DatabaseUri.parse(config.database().uri())
          .warning()
          .map(Findings::warning)
          .orElse(Findings.NONE);
    } catch (IllegalArgumentException e) {
      return Findings.error(e.getMessage());
    }
  }

  private static Findings checkKeyFiles(Home home, HttpConfig.Tls tls) {
    try {
      keyFiles(home, tls);
      return Findings.NONE;
    } catch (TlsException e) {
      return Findings.error(e.getMessage());
    }
  }

  /**
   * What HTTPS shows, none for plain HTTP.
   *
   * @throws TlsException when the settings can't go together
   */
  private static Optional<KeyFiles> keyFiles(Home home, HttpConfig.Tls tls) {
    return tls.enabled()
        ? Optional.of(
            KeyFiles.of("http.tls", tls.certificate(), tls.key(), tls.password(), home::resolve))
        : Optional.empty();
  }

  private void goOn() {
    if (stopping) throw new StartException("Stopped while starting", null);
  }

  private Future<Void> cannotListen(Throwable cause) {
    if (!(cause instanceof IOException)) return Future.failedFuture(cause);
    var at = loaded.config().http();
    return Future.failedFuture(
        new StartException(
            "Cannot listen on %s port %d (%s); set http.host and http.port to others"
                .formatted(at.host(), at.port(), cause.getMessage()),
            cause));
  }

  /** The checks that keep it from answering. */
  public List<String> notReady() {
    return checks.stream().filter(c -> !c.ready().getAsBoolean()).map(HealthCheck::name).toList();
  }

  /** What does not work as it should, each in a sentence. */
  public List<String> degraded() {
    return checks.stream().flatMap(check -> check.degraded().get().stream()).toList();
  }

  /** The port it listens on. */
  public int port() {
    return http.port();
  }

  /** What its verticles run on. */
  public Vertx vertx() {
    return vertx;
  }

  /** Where it stores. */
  public String databaseUri() {
    return embedded == null ? loaded.config().database().uri() : embedded.uri();
  }

  /** Models that answer. */
  public int models() {
    return models.prefixes().size();
  }

  /**
   * Finishes what was accepted, stores it and frees everything. From any thread, once; a start that
   * is under way ends with a {@link StartException}.
   *
   * @param within how long this may take; 10.5 s are enough for everything to end well, and 2.5 s
   *     more in a cluster, whose other nodes take over first
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
              Math.min(end, System.nanoTime() + LEAVING.toNanos()));
    }
    // Vert.x would undeploy again what has not stopped yet; then the process ends without it.
    if (await(undeploy(), end)) {
      clean &= await(phases.await("closing connections", vertx::close), end);
      models.close(); // nobody is loading any more
    } else {
      clean = false;
    }
    if (embedded != null) {
      clean &= phases.run("stopping PostgreSQL", () -> embedded.close(DATABASE_SHARE));
    }
    phases.close();
    if (clean && !unclean && keptAll()) {
      log.info("Ended cleanly within {} ms", (System.nanoTime() - begin) / NANOS_PER_MILLI);
    }
  }

  /** Whether every row is stored, or in the journal for the next start. */
  private boolean keptAll() {
    return persistence == null
        || loaded.config().persistence().ack() == Ack.JOURNAL
        || persistence.health().getLong("waiting", 0L) == 0;
  }

  /** Whether {@code future} completed within the time that is not PostgreSQL's. */
  private static boolean await(Future<?> future, long end) {
    try {
      future.await(remaining(end, DATABASE_SHARE).toMillis(), TimeUnit.MILLISECONDS);
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
        () -> new ModelsVerticle(models, () -> watcher.current().models().poll()),
        new DeploymentOptions());
  }

  private Future<Void> deployHttp() {
    return deploy("opening the port", "finishing requests", () -> http, new DeploymentOptions())
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

  private void watch() {
    watcher.onChange(ServiceConfig::log, Logging::apply);
    watcher.onChange(ServiceConfig::cache, cache::apply);
    watcher.onChange(config -> config.prediction().pincodeTrust(), models::trust);
    watcher.onChange(
        config -> config.persistence().retentionDays(), days -> persistence.applyRetention());
    watcher.start();
  }

  private List<HealthCheck> checks() {
    var all = new ArrayList<HealthCheck>();
    all.add(new HealthCheck("models", this::modelsFit, models::degraded, this::modelsDetail));
    all.add(new HealthCheck("persistence", () -> persistence.ready(), () -> persistence.health()));
    all.add(
        new HealthCheck(
            "database",
            this::databaseFit,
            () -> persistence.degraded(),
            () -> persistence.database()));
    if (cluster != null) all.add(new HealthCheck("cluster", cluster::ready, cluster::health));
    all.add(
        new HealthCheck("config", () -> true, () -> watcher.toJson().getJsonObject("last_reload")));
    return all;
  }

  /** In a cluster others may hold all of them. */
  private boolean modelsFit() {
    return !models.catalog().here().isEmpty() || cluster != null && !cluster.releases().isEmpty();
  }

  /** Only those who wait for a commit need the database now. */
  private boolean databaseFit() {
    return loaded.config().persistence().ack() != Ack.COMMIT || persistence.databaseUp();
  }

  private JsonObject modelsDetail() {
    var failures = new JsonObject();
    models.failures().forEach(failures::put);
    return new JsonObject()
        .put("directory", models.directory().toString())
        .put("loaded", models.prefixes().size())
        .put("failed", failures);
  }

  private static Membership membership(Home home, ClusterConfig config) {
    try {
      return Membership.of(config, home.resolve("conf/hazelcast.xml"), home::resolve);
    } catch (IllegalArgumentException e) {
      throw new StartException(e.getMessage(), e);
    }
  }

  private static Vertx vertx(MeterRegistry registry, boolean measured, Membership membership) {
    var options =
        new VertxOptions()
            .setFileSystemOptions(
                new FileSystemOptions()
                    .setFileCachingEnabled(false)
                    .setClassPathResolvingEnabled(false));
    if (membership != null) options.setEventBusOptions(membership.bus());
    if (measured) {
      options.setMetricsOptions(
          new MicrometerMetricsOptions()
              .setEnabled(true)
              .setJvmMetricsEnabled(true)
              // Its labels hold the method, which a caller may make up.
              .addDisabledMetricsCategory(MetricsDomain.HTTP_SERVER));
    }
    var builder = Vertx.builder().with(options);
    if (measured) builder.withMetrics(new MicrometerMetricsFactory(registry));
    if (membership == null) return builder.build();
    try {
      return builder
          .withClusterManager(membership.manager())
          .buildClustered()
          .await(JOINING.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) { // as when it reaches some members and not others
      throw new StartException(
          "Not in the cluster after %d s; can this node reach every member, and they it?"
              .formatted(JOINING.toSeconds()),
          e);
    } catch (Exception e) { // await throws what the cause was, checked or not
      throw new StartException(
          "Cannot join the cluster (%s); see cluster.host, cluster.port and cluster.bus_port"
              .formatted(e.getMessage()),
          e);
    }
  }
}
