package com.cpprediction.http;

import com.cpprediction.audit.AuditLog;
import com.cpprediction.auth.Callers;
import com.cpprediction.bus.DirectRecorder;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.common.Slots;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.dashboard.Alerts;
import com.cpprediction.dashboard.DashboardState;
import com.cpprediction.dashboard.EventStream;
import com.cpprediction.dashboard.EventStream.Topic;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.CallerPincodes;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.serving.AdmissionControl;
import com.cpprediction.serving.CacheRefill;
import com.cpprediction.serving.HealthCheck;
import com.cpprediction.serving.HealthReport;
import com.cpprediction.serving.InlineScorer;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.serving.RefusalBudget;
import com.cpprediction.serving.ScoringWorkers;
import com.cpprediction.serving.SecondRelease;
import com.cpprediction.tls.IdentityWatcher;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the {@link HttpVerticle}s of a node share: its limits hold for all event loops
 * together. Thread-safe.
 */
public final class HttpNode {
  /**
   * Time limits.
   *
   * @param grace of requests in flight, on stop
   * @param closeDelay before closing the server, so that busy keep-alive connections get a response
   *     with {@code Connection: close}
   * @param receive of the first request head of a connection, and of every body
   */
  public record Timeouts(Duration grace, Duration closeDelay, Duration receive) {
    private static final Duration CLOSE_DELAY = Duration.ofMillis(200);
    private static final Duration RECEIVE = Duration.ofSeconds(10);

    /** The usual ones. */
    public static Timeouts of(Duration grace) {
      return new Timeouts(grace, CLOSE_DELAY, RECEIVE);
    }
  }

  private static final Duration STATE_PERIOD = Duration.ofSeconds(1);

  /** Name of the events that describe models. */
  static final String MODELS = "models";

  /** Dashboard periods between refreshes of the models; a change refreshes them at once. */
  private static final int MODEL_PERIODS = 5;

  private final Supplier<ServiceConfig> config;
  private final Supplier<ServingRelease> leases;
  private final Supplier<Function<ScoreRequest, Future<ScoreReply>>> scorers;
  private final CallerPincodes wrongPincodes;
  private final PredictionCache cache;
  private final OwnerDirectory owners;
  private final SecondRelease second;
  private final DirectRecorder directRecorder;
  private final ServiceMetrics metrics;
  private final HealthReport health;
  private final Supplier<JsonObject> configView;
  private final Optional<IdentityWatcher> identity;
  private final Clock clock;
  private final Timeouts timeouts;

  private final int instances;
  private final AtomicInteger registered = new AtomicInteger();
  private final AtomicInteger turn = new AtomicInteger();
  private final StaticRoutes pages;
  private final RouteMeters meters;
  private final boolean loopback;
  private final Callers callers;
  private final AuditLog audit;
  private final ByteBudget budget;
  private final AdmissionControl admission;
  private final RefusalBudget refusals;
  private final ScoringWorkers workers;
  private final Slots connections = new Slots();
  private final Slots streams = new Slots();
  private final Slots watches = new Slots();
  private final Slots parsing = new Slots();
  private final Slots warming = new Slots();
  private final Handshakes handshakes;
  private final Alerts alerts;
  private final EventStream events;
  private volatile List<HttpVerticle> loops = List.of();
  private volatile @Nullable CacheRefill refill; // of the first verticle
  private volatile boolean stopping;
  private volatile int port;
  private volatile int grpcPort;

  /**
   * Blocks: reads pages from the jar and may resolve {@code http.host}.
   *
   * @param config the active configuration; {@code http} is read once, {@code prediction} per
   *     request
   * @param leases gives a lease on the models in force
   * @param scorers makes a scorer for one event loop
   * @param wrongPincodes of each caller, which predictions assume and tell
   * @param owners the other nodes of the cluster
   * @param second the shadow release
   * @param directRecorder open while the journal of the node takes predictions
   * @param checks for {@code /health} and {@code /health/ready}
   * @param configView for {@code GET /config}: secrets masked; doesn't block
   * @param identity the TLS certificate, empty for plain HTTP; started and stopped by the server
   * @param clock validates the time in a caller's {@code prediction_id}
   */
  public HttpNode(
      Vertx vertx,
      Supplier<ServiceConfig> config,
      Supplier<ServingRelease> leases,
      Supplier<Function<ScoreRequest, Future<ScoreReply>>> scorers,
      CallerPincodes wrongPincodes,
      PredictionCache cache,
      OwnerDirectory owners,
      SecondRelease second,
      DirectRecorder directRecorder,
      ServiceMetrics metrics,
      List<HealthCheck> checks,
      Supplier<JsonObject> configView,
      Optional<IdentityWatcher> identity,
      Clock clock,
      Timeouts timeouts) {
    this.config = config;
    this.leases = leases;
    this.scorers = scorers;
    this.wrongPincodes = wrongPincodes;
    this.cache = cache;
    this.owners = owners;
    this.second = second;
    this.directRecorder = directRecorder;
    this.metrics = metrics;
    health = new HealthReport(checks, () -> stopping);
    this.configView = configView;
    this.identity = identity;
    this.clock = clock;
    this.timeouts = timeouts;
    var http = config.get().http();
    instances = http.eventLoops();
    var contract = OpenApiContract.read(metrics.version());
    pages = new StaticRoutes(contract);
    meters = new RouteMeters(contract, metrics);
    loopback = Guard.isLoopbackHost(http.host());
    callers = new Callers(vertx, config, metrics, clock);
    var self = owners.self();
    audit = new AuditLog(vertx, self == null ? "" : self.name(), clock);
    budget = new ByteBudget(() -> config.get().http().maxPendingBytes(), metrics);
    admission =
        new AdmissionControl(() -> config.get().prediction().maxInFlight(), instances, metrics);
    refusals = new RefusalBudget(() -> config.get().review().refusalsPerHour(), System::nanoTime);
    workers =
        new ScoringWorkers(
            vertx, config.get().prediction().workers(), Runtime.getRuntime().availableProcessors());
    handshakes =
        new Handshakes(() -> config.get().http().maxConnections() - connections.used(), metrics);
    alerts = new Alerts(health, metrics, this::certificateExpiry, clock);
    var state = new DashboardState(vertx, metrics, cache, owners, admission, health, alerts, clock);
    events =
        new EventStream(
            vertx,
            metrics,
            STATE_PERIOD,
            List.of(
                new Topic("state", 1, state::state),
                new Topic(MODELS, MODEL_PERIODS, state::models)),
            new Guard(callers)::isOperator);
  }

  /** Verticles to deploy, each on an event loop of its own. */
  public int instances() {
    return instances;
  }

  /** The listening port, once all verticles have started. */
  public int port() {
    return port;
  }

  /** The listening port of gRPC, once all verticles have started; 0 without one. */
  public int grpcPort() {
    return grpcPort;
  }

  private Optional<Instant> certificateExpiry() {
    return identity.map(watcher -> watcher.current().certificate().getNotAfter().toInstant());
  }

  /** The alerts of the node. */
  Alerts alerts() {
    return alerts;
  }

  /** Registers a verticle; returns whether it is the first. */
  boolean register() {
    return registered.getAndIncrement() == 0;
  }

  /** Has messages dealt to {@code verticle}, too. */
  synchronized void join(HttpVerticle verticle) {
    loops = Stream.concat(loops.stream(), Stream.of(verticle)).toList();
  }

  /** Has no more messages dealt to {@code verticle}. */
  synchronized void leave(HttpVerticle verticle) {
    loops = loops.stream().filter(other -> other != verticle).toList();
  }

  /** The verticle whose turn it is to serve a message; the one that asks has joined. */
  HttpVerticle next() {
    var now = loops;
    return now.get(Math.floorMod(turn.getAndIncrement(), now.size()));
  }

  /** Refills the cache with the most frequent recent addresses, once a verticle has started. */
  public void refillCache() {
    var own = refill;
    if (own != null) own.popular();
  }

  /**
   * Refills the cache with addresses of replaced scores, once a verticle has started.
   *
   * @param replaced the most used ones first
   */
  public void refillCache(List<Address> replaced) {
    var own = refill;
    if (own != null) own.replaced(replaced);
  }

  void refillWith(CacheRefill own) {
    refill = own;
  }

  void listening(int actualPort) {
    port = actualPort;
  }

  void listeningGrpc(int actualPort) {
    grpcPort = actualPort;
  }

  /** Whether the service is stopping: readiness fails, and responses close their connections. */
  boolean stopping() {
    return stopping;
  }

  void stop() {
    stopping = true;
    var own = refill;
    if (own != null) own.stop();
    events.close();
  }

  Supplier<ServiceConfig> config() {
    return config;
  }

  Supplier<ServingRelease> leases() {
    return leases;
  }

  /** A scorer of its own for an event loop. */
  InlineScorer inlineScorer() {
    boolean reads = config.get().models().perRequest(); // which blocks
    return new InlineScorer(() -> reads ? 0 : config.get().prediction().inlineUs(), scorers.get());
  }

  CallerPincodes wrongPincodes() {
    return wrongPincodes;
  }

  PredictionCache cache() {
    return cache;
  }

  OwnerDirectory owners() {
    return owners;
  }

  SecondRelease second() {
    return second;
  }

  ServiceMetrics metrics() {
    return metrics;
  }

  HealthReport health() {
    return health;
  }

  Supplier<JsonObject> configView() {
    return configView;
  }

  Optional<IdentityWatcher> identity() {
    return identity;
  }

  Clock clock() {
    return clock;
  }

  Timeouts timeouts() {
    return timeouts;
  }

  StaticRoutes pages() {
    return pages;
  }

  RouteMeters meters() {
    return meters;
  }

  /** Callers and their roles. */
  Callers callers() {
    return callers;
  }

  /** Records operators' calls. */
  AuditLog audit() {
    return audit;
  }

  ByteBudget budget() {
    return budget;
  }

  DirectRecorder directRecorder() {
    return directRecorder;
  }

  RefusalBudget refusals() {
    return refusals;
  }

  AdmissionControl admission() {
    return admission;
  }

  ScoringWorkers workers() {
    return workers;
  }

  /** Counts connections. */
  Slots connections() {
    return connections;
  }

  /** Counts streams of {@code POST /predict/stream}. */
  Slots streams() {
    return streams;
  }

  /** Counts watches of health over gRPC. */
  Slots watches() {
    return watches;
  }

  /** The state of the node, computed once for the listeners of all event loops. */
  EventStream events() {
    return events;
  }

  /** Counts big requests that wait to be parsed. */
  Slots parsing() {
    return parsing;
  }

  /** Counts warmings of the cache. */
  Slots warming() {
    return warming;
  }

  Handshakes handshakes() {
    return handshakes;
  }

  /** A check of its own for an event loop. */
  SameOrigin origins() {
    return new SameOrigin(loopback, () -> config.get().http().allowedHosts());
  }
}
