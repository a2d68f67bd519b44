package com.cpprediction.http;

import com.cpprediction.cache.PredictionCache;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Bus;
import com.cpprediction.prediction.Catalog;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.handler.PlatformHandler;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Both doors of the service: HTTP and the public addresses of the event bus. One per node. */
public final class HttpVerticle extends VerticleBase {
  /** Bytes of a body at most. */
  static final int MAX_BODY = 4 * 1024 * 1024;

  private static final int IDLE_SECONDS = 60;

  /** For busy connections to learn from an answer that they close. */
  private static final Duration FAREWELL = Duration.ofMillis(200);

  private static final Duration BODY_TIME = Duration.ofSeconds(30);
  private static final int SWEEPS = 20; // looks at slow bodies, within the time a body may take

  private final Supplier<ServiceConfig> config;
  private final Supplier<Catalog> catalog;
  private final PredictionCache cache;
  private final ServiceMetrics metrics;
  private final List<HealthCheck> checks;
  private final Supplier<JsonObject> configView;
  private final Clock clock;
  private final Duration grace;
  private final Duration bodyTime;

  private final List<MessageConsumer<Object>> consumers = new ArrayList<>();
  private SlowBodies slowBodies;
  private InFlight inFlight;
  private HttpServer server;
  private volatile boolean stopping;
  private volatile int port;

  /**
   * @param config in force now; {@code http} is read once, {@code prediction} per request
   * @param catalog what this node can answer now
   * @param checks what {@code /health} shows and {@code /health/ready} waits for
   * @param configView answers {@code GET /config}: secrets masked; doesn't block
   * @param clock judges the time in a caller's {@code prediction_id}
   * @param grace how long requests in flight may take to finish when this stops
   */
  public HttpVerticle(
      Supplier<ServiceConfig> config,
      Supplier<Catalog> catalog,
      PredictionCache cache,
      ServiceMetrics metrics,
      List<HealthCheck> checks,
      Supplier<JsonObject> configView,
      Clock clock,
      Duration grace) {
    this(config, catalog, cache, metrics, checks, configView, clock, grace, BODY_TIME);
  }

  HttpVerticle(
      Supplier<ServiceConfig> config,
      Supplier<Catalog> catalog,
      PredictionCache cache,
      ServiceMetrics metrics,
      List<HealthCheck> checks,
      Supplier<JsonObject> configView,
      Clock clock,
      Duration grace,
      Duration bodyTime) {
    this.config = config;
    this.catalog = catalog;
    this.cache = cache;
    this.metrics = metrics;
    this.checks = List.copyOf(checks);
    this.configView = configView;
    this.clock = clock;
    this.grace = grace;
    this.bodyTime = bodyTime;
  }

  /** The port it listens on, once started. */
  public int port() {
    return port;
  }

  @Override
  public Future<?> start() {
    slowBodies = new SlowBodies(bodyTime);
    vertx.setPeriodic(bodyTime.toMillis() / SWEEPS, tick -> slowBodies.hangUp());
    var reader = new ShipmentReader(clock);
    inFlight = new InFlight(() -> prediction().maxInFlight());
    var predictions =
        new Predictions(vertx, this::prediction, catalog, cache, metrics, reader, inFlight);
    var warming =
        new Warming(vertx, this::prediction, catalog, cache, predictions, reader, inFlight);
    var bodies = new BodyReader(vertx);
    var cacheRoutes = new CacheRoutes(cache, bodies, warming);
    var predict =
        new Door<>(
            predictions::one, body -> false, predictions::predict, bodies, inFlight, metrics);
    var explain =
        new Door<>(
            predictions::explained, body -> false, predictions::predict, bodies, inFlight, metrics);
    var predictBatch =
        new Door<>(
            predictions::many,
            Predictions::big,
            predictions::predictBatch,
            bodies,
            inFlight,
            metrics);
    var registered =
        List.of(
            consume(Bus.PREDICT, message -> predict(message, predict, explain)),
            consume(Bus.PREDICT_BATCH, predictBatch::handle),
            consume(Bus.CACHE_STATS, cacheRoutes::stats));
    server =
        vertx
            .createHttpServer(options())
            .requestHandler(router(predict, explain, predictBatch, cacheRoutes, bodies))
            .invalidRequestHandler(Problems::refuse);
    var http = config.get().http();
    return Future.all(registered)
        .compose(ok -> server.listen(http.port(), http.host()))
        .onSuccess(listening -> port = listening.actualPort());
  }

  /** Not ready, then deaf, then quiet: what is in flight has {@code grace} to finish. */
  @Override
  public Future<?> stop() {
    stopping = true; // from here on every answer tells its connection to close
    slowBodies.hangUpAll();
    var unregistered = consumers.stream().map(MessageConsumer::unregister).toList();
    return Future.join(unregistered)
        .transform(done -> vertx.timer(FAREWELL.toMillis(), TimeUnit.MILLISECONDS))
        .transform(
            done ->
                Future.join(
                    server.shutdown(grace.toMillis(), TimeUnit.MILLISECONDS),
                    Deadline.in(grace).bound(vertx, inFlight.drained()).otherwiseEmpty()));
  }

  private PredictionConfig prediction() {
    return config.get().prediction();
  }

  private static HttpServerOptions options() {
    return new HttpServerOptions()
        .setHttp2ClearTextEnabled(false)
        .setCompressionSupported(false)
        .setDecompressionSupported(false)
        .setIdleTimeout(IDLE_SECONDS);
  }

  private static void predict(Message<Object> message, Door<?> predict, Door<?> explain) {
    try {
      (Explain.asked(message.headers()) ? explain : predict).handle(message);
    } catch (ServiceException e) {
      message.fail(e.failure().code(), e.getMessage());
    }
  }

  private Future<Void> consume(String address, Handler<Message<Object>> handler) {
    MessageConsumer<Object> consumer = vertx.eventBus().consumer(address, handler);
    consumers.add(consumer);
    return consumer.completion();
  }

  private Router router(
      Door<?> predict,
      Door<?> explain,
      Door<?> predictBatch,
      CacheRoutes cacheRoutes,
      BodyReader bodies) {
    var router = Router.router(vertx);
    var problems = new Problems(this::exchange);
    for (int status : Problems.STATUSES) router.errorHandler(status, problems);
    router.route().handler(this::begin);

    post(router, "/predict")
        .handler(ctx -> (Explain.asked(ctx.queryParams()) ? explain : predict).handle(ctx));
    post(router, "/predict/batch").handler(predictBatch::handle);
    var reads = new Reads(vertx, this::prediction);
    get(router, "/predictions/:shipment_id").handler(reads::stored);
    var health = new HealthRoutes(checks, () -> stopping);
    get(router, "/health").handler(health::all);
    get(router, "/health/live").handler(health::live);
    get(router, "/health/ready").handler(health::ready);
    get(router, "/metrics", MetricsRoute.TEXT, Endpoint.JSON)
        .handler(new MetricsRoute(metrics, cache)::handle);
    route(router, "/cache", List.of(HttpMethod.DELETE), Endpoint.JSON).handler(cacheRoutes::clear);
    get(router, "/cache/stats").handler(cacheRoutes::stats);
    post(router, "/cache/warm").handler(cacheRoutes::warm);
    get(router, "/models/status").handler(reads::models);
    post(router, "/models/reload").handler(new ModelRoutes(vertx, bodies)::reload);
    get(router, "/models/:prefix").handler(reads::model);
    get(router, "/config").handler(ctx -> Exchange.answer(ctx, configView.get()));
    return router;
  }

  private static Route get(Router router, String path) {
    return get(router, path, Endpoint.JSON);
  }

  private static Route get(Router router, String path, String... types) {
    return route(router, path, List.of(HttpMethod.GET, HttpMethod.HEAD), types);
  }

  private Route post(Router router, String path) {
    return route(router, path, List.of(HttpMethod.POST), Endpoint.JSON)
        .handler((PlatformHandler) slowBodies::begin)
        .handler(BodyHandler.create(false).setBodyLimit(MAX_BODY))
        .handler(slowBodies::done);
  }

  private static Route route(
      Router router, String path, List<HttpMethod> methods, String... types) {
    return router
        .route(path)
        .handler(new Endpoint(path.replaceAll(":(\\w+)", "{$1}"), methods, List.of(types)));
  }

  private void begin(RoutingContext ctx) {
    exchange(ctx);
    if (ctx.request().headers().getAll(HttpHeaders.HOST).size() > 1) {
      throw Failure.MALFORMED_REQUEST.because("A request has one Host header");
    }
    ctx.next();
  }

  /** The exchange of {@code ctx}; counted when it ends. */
  private Exchange exchange(RoutingContext ctx) {
    var begun = Exchange.of(ctx);
    if (begun != null) return begun;
    var exchange = Exchange.begin(ctx);
    ctx.addHeadersEndHandler(
        headers -> {
          if (stopping) ctx.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        });
    ctx.addEndHandler(
        end -> {
          slowBodies.forget(ctx);
          if (end.failed()) return; // the caller left
          metrics.httpRequest(
              exchange.route(), exchange.method(), exchange.status(), exchange.nanos());
        });
    return exchange;
  }
}
