package com.cpprediction.http;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.OwnerRequest;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.dashboard.DashboardState;
import com.cpprediction.dashboard.EventStream;
import com.cpprediction.dashboard.EventStream.Topic;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Catalog;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.AdmissionControl;
import com.cpprediction.serving.AnswerRouter;
import com.cpprediction.serving.CacheWarmer;
import com.cpprediction.serving.Dispatcher;
import com.cpprediction.serving.HealthCheck;
import com.cpprediction.serving.HealthReport;
import com.cpprediction.serving.OutcomeService;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.serving.OwnerEndpoint;
import com.cpprediction.serving.ParsingPool;
import com.cpprediction.serving.PredictionService;
import com.cpprediction.serving.ShipmentReader;
import com.cpprediction.tls.Identity;
import com.cpprediction.tls.IdentityWatcher;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.ext.web.RoutingContext;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Both doors of the service: HTTP and the public addresses of the event bus. One per node. */
public final class HttpVerticle extends VerticleBase {
  private static final Duration IDLE = Duration.ofSeconds(60);

  /** For busy connections to learn from an answer that they close. */
  private static final Duration FAREWELL = Duration.ofMillis(200);

  /** For the headers of a connection's first request, and for any body. */
  private static final Duration SENDING = Duration.ofSeconds(10);

  private static final int SWEEPS = 20; // looks at slow callers, within the time they may take

  /** From one snapshot for the dashboard to the next. */
  private static final Duration TICK = Duration.ofSeconds(1);

  private static final String MODELS = "models";

  /** Ticks from one look at every model to the next, unless they change. */
  private static final int MODEL_TICKS = 5;

  private static final Set<String> TLS = Set.of("TLSv1.3", "TLSv1.2");

  private final Supplier<ServiceConfig> config;
  private final Supplier<Catalog> catalog;
  private final PredictionCache cache;
  private final OwnerDirectory owners;
  private final ServiceMetrics metrics;
  private final List<HealthCheck> checks;
  private final Supplier<JsonObject> configView;
  private final Clock clock;
  private final Duration grace;
  private final Duration farewell;
  private final Duration sending;
  private final Optional<IdentityWatcher> identity;
  private final StaticRoutes web;
  private final RouteMeters meters;
  private final SameOrigin origins;

  private final List<MessageConsumer<?>> consumers = new ArrayList<>();
  private final List<MessageConsumer<?>> forNodes = new ArrayList<>();
  private RequestTimeout<RoutingContext> bodies;
  private ConnectionLimits connections;
  private Handshakes handshakes;
  private AdmissionControl inFlight;
  private ByteBudget budget;
  private EventStream events;
  private NdjsonStream streaming;
  private HttpServer server;
  private Routes routes;
  private LoadShedder shedder;
  private volatile boolean stopping;
  private volatile int port;

  /**
   * Reads what pages are made of from the jar, and may look {@code http.host} up: blocks.
   *
   * @param config in force now; {@code http} is read once, {@code prediction} per request
   * @param catalog what can be answered now
   * @param owners the other nodes of the cluster
   * @param checks what {@code /health} shows and {@code /health/ready} waits for
   * @param configView answers {@code GET /config}: secrets masked; doesn't block
   * @param identity what HTTPS shows, none for plain HTTP; started and stopped here
   * @param clock judges the time in a caller's {@code prediction_id}
   * @param grace how long requests in flight may take to finish when this stops
   */
  public HttpVerticle(
      Supplier<ServiceConfig> config,
      Supplier<Catalog> catalog,
      PredictionCache cache,
      OwnerDirectory owners,
      ServiceMetrics metrics,
      List<HealthCheck> checks,
      Supplier<JsonObject> configView,
      Optional<IdentityWatcher> identity,
      Clock clock,
      Duration grace) {
    this(
        config,
        catalog,
        cache,
        owners,
        metrics,
        checks,
        configView,
        identity,
        clock,
        grace,
        FAREWELL,
        SENDING);
  }

  HttpVerticle(
      Supplier<ServiceConfig> config,
      Supplier<Catalog> catalog,
      PredictionCache cache,
      OwnerDirectory owners,
      ServiceMetrics metrics,
      List<HealthCheck> checks,
      Supplier<JsonObject> configView,
      Optional<IdentityWatcher> identity,
      Clock clock,
      Duration grace,
      Duration farewell,
      Duration sending) {
    this.config = config;
    this.catalog = catalog;
    this.cache = cache;
    this.owners = owners;
    this.metrics = metrics;
    this.checks = List.copyOf(checks);
    this.configView = configView;
    this.identity = identity;
    this.clock = clock;
    this.grace = grace;
    this.farewell = farewell;
    this.sending = sending;
    var contract = OpenApiContract.read(metrics.version());
    web = new StaticRoutes(contract);
    meters = new RouteMeters(contract, metrics);
    boolean loopback = Guard.isLoopbackHost(config.get().http().host());
    origins = new SameOrigin(loopback, () -> config.get().http().allowedHosts());
  }

  /** Methods by path, once started. */
  Map<String, List<HttpMethod>> served() {
    return routes.served();
  }

  /** The port it listens on, once started. */
  public int port() {
    return port;
  }

  @Override
  public Future<?> start() {
    bodies = new RequestTimeout<>(sending, this::hangUp);
    connections =
        new ConnectionLimits(() -> config.get().http().maxConnections(), metrics, sending, IDLE);
    handshakes = new Handshakes(connections::remaining, metrics);
    vertx.setPeriodic(
        sending.toMillis() / SWEEPS,
        tick -> {
          bodies.expire();
          connections.expire();
        });
    if (metrics.on()) new EventLoopLag(metrics).start(vertx);
    var reader = new ShipmentReader(clock);
    budget = new ByteBudget(() -> config.get().http().maxPendingBytes(), metrics);
    inFlight = new AdmissionControl(() -> prediction().maxInFlight(), metrics);
    var dispatcher =
        new Dispatcher(vertx, prediction().workers(), Runtime.getRuntime().availableProcessors());
    var scores = new AnswerRouter(vertx, config, cache, owners, metrics, dispatcher);
    var predictions =
        new PredictionService(vertx, this::prediction, catalog, scores, metrics, reader, inFlight);
    var pool = new ParsingPool(vertx, BodyReceiver.MAX_BYTES, metrics);
    var bodyReader = new BodyReader(pool);
    var warming =
        new CacheWarmer(vertx, this::prediction, catalog, cache, scores, reader, pool, inFlight);
    var cacheRoutes = new CacheRoutes(cache, bodyReader, warming);
    var common =
        new Operation.OperationContext(
            () -> prediction().timeout(), pool, bodyReader, inFlight, metrics::failed);
    var predict = new Operation<>(predictions::one, predictions::predict, common);
    var explain = new Operation<>(predictions::explained, predictions::predict, common);
    var predictBatch = new Operation<>(predictions::many, predictions::predictBatch, common);
    var uncounted = // what fails here is no shipment without its prediction
        new Operation.OperationContext(
            () -> prediction().timeout(), pool, bodyReader, inFlight, failure -> {});
    var outcomes =
        new Operation<>(OutcomeService::read, new OutcomeService(vertx)::report, uncounted);
    streaming =
        new NdjsonStream(vertx, config, predictions, pool, inFlight, budget, metrics, bodies);
    var registered = new ArrayList<Future<Void>>();
    registered.add(consume(Bus.PREDICT, message -> predict(message, predict, explain)));
    registered.add(consume(Bus.PREDICT_BATCH, predictBatch::handle));
    registered.add(consume(Bus.OUTCOMES, outcomes::handle));
    registered.add(consume(Bus.MODELS_CHANGED, message -> events.refresh(MODELS)));
    registered.add(consume(Bus.CACHE_STATS, cacheRoutes::stats));
    registered.add(consume(Bus.CACHE_CLEAR, cacheRoutes::clear));
    if (owners.self() != null) registered.addAll(openToNodes(owners.self().id(), scores));
    shedder =
        new LoadShedder(
            Set.of(Routes.PREDICT, Routes.PREDICT_BATCH),
            inFlight,
            origins,
            new Guard(() -> config.get().http())::mayPredict,
            metrics);
    routes = routes(predict, explain, predictBatch, outcomes, cacheRoutes, bodyReader);
    server =
        vertx
            .createHttpServer(options())
            .connectionHandler(connections::opened)
            .requestHandler(this::accept)
            .invalidRequestHandler(ProblemHandler::refuse);
    var http = config.get().http();
    return Future.all(registered)
        .compose(ok -> server.listen(http.port(), http.host()))
        .onSuccess(
            listening -> {
              port = listening.actualPort();
              identity.ifPresent(watcher -> watcher.start(this::show));
            });
  }

  /** For new connections; those there are go on. */
  private Future<?> show(Identity fresh) {
    return server.updateSSLOptions(
        new ServerSSLOptions()
            .setKeyCertOptions(fresh.options())
            .setEnabledSecureTransportProtocols(TLS));
  }

  /** Not ready, then deaf, then quiet: what is in flight has {@code grace} to finish. */
  @Override
  public Future<?> stop() {
    stopping = true; // from here on every answer tells its connection to close
    identity.ifPresent(IdentityWatcher::stop);
    events.close();
    streaming.stop();
    bodies.expireAll(); // nothing was accepted yet from those that are still sending
    return Future.join(unregister(consumers))
        .transform(done -> vertx.timer(farewell.toMillis(), TimeUnit.MILLISECONDS))
        .transform(
            done -> {
              handshakes.closeAll();
              return Future.join(
                  server.shutdown(grace.toMillis(), TimeUnit.MILLISECONDS),
                  Deadline.in(grace).bound(vertx, inFlight.drained()).otherwiseEmpty());
            })
        .transform(done -> Future.join(unregister(forNodes)));
  }

  private static List<Future<Void>> unregister(List<MessageConsumer<?>> consumers) {
    return consumers.stream().map(MessageConsumer::unregister).toList();
  }

  /** Until the end: others may ask for what this node answers as long as they think it does. */
  private List<Future<Void>> openToNodes(String id, AnswerRouter scores) {
    var door = new OwnerEndpoint(vertx, catalog, scores, inFlight, () -> prediction().timeout());
    var bus = vertx.eventBus();
    forNodes.add(bus.<OwnerRequest>consumer(Bus.owner(id), door::answer));
    forNodes.add(bus.<JsonObject>consumer(Bus.explainAt(id), door::explain));
    return forNodes.stream().map(MessageConsumer::completion).toList();
  }

  private PredictionConfig prediction() {
    return config.get().prediction();
  }

  private HttpServerOptions options() {
    var options =
        new HttpServerOptions()
            .setHttp2ClearTextEnabled(false)
            .setCompressionSupported(false)
            .setDecompressionSupported(false)
            .setIdleTimeout((int) IDLE.toSeconds())
            .setUseAlpn(false) // the limits of this class are those of HTTP/1.1
            .setSslHandshakeTimeout(sending.toMillis())
            .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
    identity.ifPresent(
        watcher ->
            options
                .setSsl(true)
                .setSslEngineOptions(handshakes.engine())
                .setKeyCertOptions(watcher.current().options())
                .setEnabledSecureTransportProtocols(TLS));
    return options;
  }

  private static void predict(Message<Object> message, Operation<?> predict, Operation<?> explain) {
    try {
      (ExplainFlag.requested(message.headers()) ? explain : predict).handle(message);
    } catch (ServiceException e) {
      message.fail(e.failure().code(), e.getMessage());
    }
  }

  private Future<Void> consume(String address, Handler<Message<Object>> handler) {
    MessageConsumer<Object> consumer = vertx.eventBus().consumer(address, handler);
    consumers.add(consumer);
    return consumer.completion();
  }

  private Routes routes(
      Operation<?> predict,
      Operation<?> explain,
      Operation<?> predictBatch,
      Operation<?> outcomes,
      CacheRoutes cacheRoutes,
      BodyReader bodyReader) {
    var guard = new Guard(() -> config.get().http());
    var queries = new QueryRoutes(vertx, this::prediction, budget);
    var report = new HealthReport(checks, () -> stopping);
    var state = new DashboardState(vertx, metrics, cache, owners, inFlight, report, clock);
    events =
        new EventStream(
            vertx,
            metrics,
            TICK,
            List.of(
                new Topic("state", 1, state::state), new Topic(MODELS, MODEL_TICKS, state::models)),
            guard::isOperator);
    var problems = new ProblemHandler(this::exchange);
    return new Routes(vertx, meters, guard, origins, budget, bodies, problems, this::begin)
        .predictions(predict, explain, predictBatch, streaming, outcomes, queries)
        .models(queries, new ModelRoutes(vertx, bodyReader))
        .cache(cacheRoutes)
        .state(
            new HealthRoutes(report, guard::isOperator),
            new MetricsRoute(vertx, metrics, cache),
            owners::describe,
            configView)
        .pages(web, events);
  }

  private void hangUp(RoutingContext ctx) {
    if (!stopping) metrics.shed(Shed.SLOW_BODY);
    ctx.request().connection().close();
  }

  private void accept(HttpServerRequest request) {
    if (!stopping && shedder.shed(request)) {
      connections.requestStarted(request.connection());
      connections.responseEnded(request.connection());
    } else {
      routes.router().handle(request);
    }
  }

  private void begin(RoutingContext ctx) {
    exchange(ctx);
    if (ctx.request().headers().getAll(HttpHeaders.HOST).size() > 1) {
      throw Failure.MALFORMED_REQUEST.because("A request has one Host header");
    }
    if (ProblemHandler.hasUnsupportedTransferEncoding(ctx.request()))
      throw ProblemHandler.unsupportedTransferEncoding();
    if (ctx.response().writeQueueFull()) {
      awaitReader(ctx);
    } else {
      connections.requestStarted(ctx.request().connection());
      ctx.next();
    }
  }

  /** Whoever asks on without reading its answers waits until it has; they would pile up here. */
  private void awaitReader(RoutingContext ctx) {
    ctx.request().pause();
    ctx.response()
        .drainHandler(
            drained -> {
              connections.requestStarted(ctx.request().connection());
              ctx.request().resume();
              ctx.next();
            });
  }

  /** The exchange of {@code ctx}; counted when it ends. */
  private Exchange exchange(RoutingContext ctx) {
    var begun = Exchange.of(ctx);
    if (begun != null) return begun;
    var exchange = Exchange.begin(ctx, budget);
    ctx.addHeadersEndHandler(
        headers -> {
          if (stopping) ctx.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
          Exchange.setCachingHeaders(ctx.response());
        });
    ctx.addEndHandler(
        end -> {
          bodies.cancel(ctx);
          connections.responseEnded(ctx.request().connection());
          long nanos = exchange.nanos();
          AccessLog.write(exchange, nanos, end.failed());
          if (end.failed()) return; // the caller left
          metrics.httpRequest(exchange.route(), exchange.method(), exchange.status(), nanos);
        });
    return exchange;
  }
}
