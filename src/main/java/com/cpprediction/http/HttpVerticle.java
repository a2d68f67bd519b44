package com.cpprediction.http;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.OwnerRequest;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.dashboard.DashboardState;
import com.cpprediction.dashboard.EventStream;
import com.cpprediction.dashboard.EventStream.Topic;
import com.cpprediction.http.Operation.Parser;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.model.WrongPincodes;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.AdmissionControl;
import com.cpprediction.serving.CacheWarmer;
import com.cpprediction.serving.Dispatcher;
import com.cpprediction.serving.HealthCheck;
import com.cpprediction.serving.HealthReport;
import com.cpprediction.serving.LocalRouter;
import com.cpprediction.serving.OutcomeService;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.serving.OwnerEndpoint;
import com.cpprediction.serving.OwnerRouter;
import com.cpprediction.serving.ParsingPool;
import com.cpprediction.serving.PredictionService;
import com.cpprediction.serving.ScoringWorkers;
import com.cpprediction.serving.ShipmentParser;
import com.cpprediction.serving.ShipmentReader;
import com.cpprediction.serving.Shipments;
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

/** The HTTP server and the consumers of the public bus addresses. One per node. */
public final class HttpVerticle extends VerticleBase {
  private static final Duration IDLE = Duration.ofSeconds(60);

  /**
   * Delay before closing the server, so that busy keep-alive connections get a response with {@code
   * Connection: close}.
   */
  private static final Duration CLOSE_DELAY = Duration.ofMillis(200);

  /** Time limit for the first request head of a connection, and for every body. */
  private static final Duration RECEIVE_TIMEOUT = Duration.ofSeconds(10);

  private static final int TIMEOUT_CHECKS = 20; // per RECEIVE_TIMEOUT

  private static final Duration STATE_PERIOD = Duration.ofSeconds(1);

  private static final String MODELS = "models";

  /** Dashboard periods between refreshes of the models; a change refreshes them at once. */
  private static final int MODEL_PERIODS = 5;

  private static final Set<String> TLS = Set.of("TLSv1.3", "TLSv1.2");

  private final Supplier<ServiceConfig> config;
  private final Supplier<ServingRelease> leases;
  private final WrongPincodes wrongPincodes;
  private final PredictionCache cache;
  private final OwnerDirectory owners;
  private final ServiceMetrics metrics;
  private final List<HealthCheck> checks;
  private final Supplier<JsonObject> configView;
  private final Clock clock;
  private final Duration grace;
  private final Duration closeDelay;
  private final Duration receiveTimeout;
  private final Optional<IdentityWatcher> identity;
  private final StaticRoutes pages;
  private final RouteMeters meters;
  private final SameOrigin origins;

  private final List<MessageConsumer<?>> consumers = new ArrayList<>();
  private final List<MessageConsumer<?>> ownerConsumers = new ArrayList<>();
  private RequestTimeout<RoutingContext> bodyTimeout;
  private ConnectionLimits connections;
  private Handshakes handshakes;
  private AdmissionControl admission;
  private ByteBudget budget;
  private EventStream events;
  private NdjsonStream stream;
  private HttpServer server;
  private Routes routes;
  private LoadShedder shedder;
  private volatile boolean stopping;
  private volatile int port;

  /**
   * Blocks: reads pages from the jar and may resolve {@code http.host}.
   *
   * @param config the active configuration; {@code http} is read once, {@code prediction} per
   *     request
   * @param leases gives a lease on the models in force
   * @param wrongPincodes the share of wrong pincodes to assume, which predictions tell
   * @param owners the other nodes of the cluster
   * @param checks for {@code /health} and {@code /health/ready}
   * @param configView for {@code GET /config}: secrets masked; doesn't block
   * @param identity the TLS certificate, empty for plain HTTP; started and stopped here
   * @param clock validates the time in a caller's {@code prediction_id}
   * @param grace time limit on stop for requests in flight
   */
  public HttpVerticle(
      Supplier<ServiceConfig> config,
      Supplier<ServingRelease> leases,
      WrongPincodes wrongPincodes,
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
        leases,
        wrongPincodes,
        cache,
        owners,
        metrics,
        checks,
        configView,
        identity,
        clock,
        grace,
        CLOSE_DELAY,
        RECEIVE_TIMEOUT);
  }

  HttpVerticle(
      Supplier<ServiceConfig> config,
      Supplier<ServingRelease> leases,
      WrongPincodes wrongPincodes,
      PredictionCache cache,
      OwnerDirectory owners,
      ServiceMetrics metrics,
      List<HealthCheck> checks,
      Supplier<JsonObject> configView,
      Optional<IdentityWatcher> identity,
      Clock clock,
      Duration grace,
      Duration closeDelay,
      Duration receiveTimeout) {
    this.config = config;
    this.leases = leases;
    this.wrongPincodes = wrongPincodes;
    this.cache = cache;
    this.owners = owners;
    this.metrics = metrics;
    this.checks = List.copyOf(checks);
    this.configView = configView;
    this.identity = identity;
    this.clock = clock;
    this.grace = grace;
    this.closeDelay = closeDelay;
    this.receiveTimeout = receiveTimeout;
    var contract = OpenApiContract.read(metrics.version());
    pages = new StaticRoutes(contract);
    meters = new RouteMeters(contract, metrics);
    boolean loopback = Guard.isLoopbackHost(config.get().http().host());
    origins = new SameOrigin(loopback, () -> config.get().http().allowedHosts());
  }

  /** Methods by path, once started. */
  Map<String, List<HttpMethod>> served() {
    return routes.served();
  }

  /** The listening port, once started. */
  public int port() {
    return port;
  }

  @Override
  public Future<?> start() {
    bodyTimeout = new RequestTimeout<>(receiveTimeout, this::disconnect);
    connections =
        new ConnectionLimits(
            () -> config.get().http().maxConnections(), metrics, receiveTimeout, IDLE);
    handshakes = new Handshakes(connections::remaining, metrics);
    vertx.setPeriodic(
        receiveTimeout.toMillis() / TIMEOUT_CHECKS,
        tick -> {
          bodyTimeout.expire();
          connections.expire();
        });
    if (metrics.on()) new EventLoopLag(metrics).start(vertx);
    var reader = new ShipmentReader(clock, wrongPincodes::errors);
    budget = new ByteBudget(() -> config.get().http().maxPendingBytes(), metrics);
    admission = new AdmissionControl(() -> prediction().maxInFlight(), metrics);
    var dispatcher =
        new Dispatcher(
            vertx,
            new ScoringWorkers(
                vertx, prediction().workers(), Runtime.getRuntime().availableProcessors()));
    var local = new LocalRouter(vertx, this::prediction, cache, dispatcher);
    var lookups = new OwnerRouter(vertx, () -> config.get().cluster(), local, owners, metrics);
    var service =
        new PredictionService(
            vertx,
            this::prediction,
            leases,
            lookups,
            owners,
            dispatcher,
            metrics,
            reader,
            wrongPincodes::observe,
            admission);
    var pool = new ParsingPool(vertx, BodyReceiver.MAX_BYTES, metrics);
    var bodyReader = new BodyReader(pool);
    var warmer =
        new CacheWarmer(
            vertx,
            this::prediction,
            leases,
            cache,
            lookups,
            owners,
            dispatcher,
            reader,
            pool,
            admission);
    var cacheRoutes = new CacheRoutes(cache, bodyReader, warmer);
    var sharedContext =
        new Operation.OperationContext(
            () -> prediction().timeout(), pool, bodyReader, admission, metrics::failed);
    var predict = new Operation<>(single(service, false), service::predict, sharedContext);
    var explain = new Operation<>(single(service, true), service::predict, sharedContext);
    var predictBatch = new Operation<>(batch(service), service::predictBatch, sharedContext);
    var outcomeContext = // outcome reports don't count in cp_predictions_total
        new Operation.OperationContext(
            () -> prediction().timeout(), pool, bodyReader, admission, failure -> {});
    var outcomes =
        new Operation<>(
            Parser.of(OutcomeService::read), new OutcomeService(vertx)::report, outcomeContext);
    stream =
        new NdjsonStream(vertx, config, service, pool, admission, budget, metrics, bodyTimeout);
    var registered = new ArrayList<Future<Void>>();
    registered.add(consume(Bus.PREDICT, message -> predict(message, predict, explain)));
    registered.add(consume(Bus.PREDICT_BATCH, predictBatch::handle));
    registered.add(consume(Bus.OUTCOMES, outcomes::handle));
    registered.add(consume(Bus.MODELS_CHANGED, message -> events.refresh(MODELS)));
    registered.add(consume(Bus.CACHE_STATS, cacheRoutes::stats));
    registered.add(consume(Bus.CACHE_CLEAR, cacheRoutes::clear));
    if (owners.self() != null) { // until the end: others ask as long as they think it serves
      var endpoint = new OwnerEndpoint(vertx, leases, local, dispatcher, admission);
      var forOthers =
          vertx.eventBus().<OwnerRequest>consumer(Bus.owner(owners.self().id()), endpoint::serve);
      ownerConsumers.add(forOthers);
      registered.add(forOthers.completion());
    }
    shedder =
        new LoadShedder(
            Set.of(Routes.PREDICT, Routes.PREDICT_BATCH),
            admission,
            origins,
            new Guard(() -> config.get().http())::mayPredict,
            metrics);
    setRoutes(predict, explain, predictBatch, outcomes, cacheRoutes, bodyReader);
    server =
        vertx
            .createHttpServer(options())
            .connectionHandler(connections::opened)
            .requestHandler(this::dispatch)
            .invalidRequestHandler(ProblemHandler::refuse);
    var http = config.get().http();
    return Future.all(registered)
        .compose(ok -> server.listen(http.port(), http.host()))
        .onSuccess(
            listening -> {
              port = listening.actualPort();
              identity.ifPresent(watcher -> watcher.start(this::useCertificate));
            });
  }

  /** Applies to new connections. */
  private Future<?> useCertificate(Identity renewed) {
    return server.updateSSLOptions(
        new ServerSSLOptions()
            .setKeyCertOptions(renewed.options())
            .setEnabledSecureTransportProtocols(TLS));
  }

  /** Fails readiness, stops accepting, then gives requests in flight {@code grace} to finish. */
  @Override
  public Future<?> stop() {
    stopping = true; // from here on responses have Connection: close
    identity.ifPresent(IdentityWatcher::stop);
    events.close();
    stream.stop();
    bodyTimeout.expireAll(); // requests still sending their body are not accepted yet
    return Future.join(unregister(consumers))
        .transform(done -> vertx.timer(closeDelay.toMillis(), TimeUnit.MILLISECONDS))
        .transform(
            done -> {
              handshakes.closeAll();
              return Future.join(
                  server.shutdown(grace.toMillis(), TimeUnit.MILLISECONDS),
                  Deadline.in(grace).bound(vertx, admission.drained()).otherwiseEmpty());
            })
        .transform(done -> Future.join(unregister(ownerConsumers)));
  }

  private static List<Future<Void>> unregister(List<MessageConsumer<?>> consumers) {
    return consumers.stream().map(MessageConsumer::unregister).toList();
  }

  private static Parser<Shipments> single(PredictionService service, boolean explain) {
    return new Parser<>(
        body -> {
          var shipment = ShipmentParser.shipment(body);
          return shipment == null ? null : service.single(shipment, explain);
        },
        body -> service.single(body, explain));
  }

  private static Parser<Shipments> batch(PredictionService service) {
    return new Parser<>(
        body -> {
          var shipments = ShipmentParser.batch(body);
          return shipments == null ? null : service.batch(shipments);
        },
        service::batch);
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
            .setUseAlpn(false) // the connection limits rely on HTTP/1.1
            .setSslHandshakeTimeout(receiveTimeout.toMillis())
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

  private void setRoutes(
      Operation<?> predict,
      Operation<?> explain,
      Operation<?> predictBatch,
      Operation<?> outcomes,
      CacheRoutes cacheRoutes,
      BodyReader bodyReader) {
    var guard = new Guard(() -> config.get().http());
    var queries = new QueryRoutes(vertx, this::prediction, budget);
    var report = new HealthReport(checks, () -> stopping);
    var state = new DashboardState(vertx, metrics, cache, owners, admission, report, clock);
    events =
        new EventStream(
            vertx,
            metrics,
            STATE_PERIOD,
            List.of(
                new Topic("state", 1, state::state),
                new Topic(MODELS, MODEL_PERIODS, state::models)),
            guard::isOperator);
    var problems = new ProblemHandler(this::exchange);
    routes =
        new Routes(vertx, meters, guard, origins, budget, bodyTimeout, problems, this::beginRequest)
            .predictions(predict, explain, predictBatch, stream, outcomes, queries)
            .models(queries, new ModelRoutes(vertx, bodyReader))
            .cache(cacheRoutes)
            .state(
                new HealthRoutes(report, guard::isOperator),
                new MetricsRoute(vertx, metrics, cache),
                owners::describe,
                configView)
            .pages(pages, events);
  }

  private void disconnect(RoutingContext ctx) {
    if (!stopping) metrics.shed(Shed.SLOW_BODY);
    ctx.request().connection().close();
  }

  private void dispatch(HttpServerRequest request) {
    if (!stopping && shedder.shed(request)) {
      connections.requestStarted(request.connection());
      connections.responseEnded(request.connection());
    } else {
      routes.router().handle(request);
    }
  }

  private void beginRequest(RoutingContext ctx) {
    exchange(ctx);
    if (ctx.request().headers().getAll(HttpHeaders.HOST).size() > 1) {
      throw Failure.MALFORMED_REQUEST.because("A request has one Host header");
    }
    if (ProblemHandler.hasUnsupportedTransferEncoding(ctx.request()))
      throw ProblemHandler.unsupportedTransferEncoding();
    if (ctx.response().writeQueueFull()) {
      awaitDrain(ctx);
    } else {
      connections.requestStarted(ctx.request().connection());
      ctx.next();
    }
  }

  /** Delays a pipelined request until its caller has read earlier responses. */
  private void awaitDrain(RoutingContext ctx) {
    ctx.request().pause();
    ctx.response()
        .drainHandler(
            drained -> {
              connections.requestStarted(ctx.request().connection());
              ctx.request().resume();
              ctx.next();
            });
  }

  /** The exchange of {@code ctx}, created once; recorded in the meters when it ends. */
  private Exchange exchange(RoutingContext ctx) {
    var begun = Exchange.begun(ctx);
    if (begun != null) return begun;
    var exchange = Exchange.begin(ctx, budget);
    ctx.addHeadersEndHandler(
        headers -> {
          if (stopping) ctx.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
          Exchange.setCachingHeaders(ctx.response());
        });
    ctx.addEndHandler(
        end -> {
          bodyTimeout.cancel(ctx);
          connections.responseEnded(ctx.request().connection());
          long nanos = exchange.nanos();
          AccessLog.write(exchange, nanos, end.failed());
          if (end.failed()) return; // the caller disconnected
          metrics.httpRequest(exchange.route(), exchange.method(), exchange.status(), nanos);
        });
    return exchange;
  }
}
