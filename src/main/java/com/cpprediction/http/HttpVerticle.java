package com.cpprediction.http;

import com.cpprediction.bus.Bus;
import com.cpprediction.config.BearerTokens;
import com.cpprediction.config.MetricsConfig;
import com.cpprediction.config.PersistenceConfig.Ack;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.dashboard.Alerts;
import com.cpprediction.http.Operation.Parser;
import com.cpprediction.logging.RequestId;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.CacheRefill;
import com.cpprediction.serving.CacheWarmer;
import com.cpprediction.serving.Dispatcher;
import com.cpprediction.serving.LocalRouter;
import com.cpprediction.serving.OutcomeService;
import com.cpprediction.serving.OwnerEndpoint;
import com.cpprediction.serving.OwnerRouter;
import com.cpprediction.serving.ParsingPool;
import com.cpprediction.serving.PredictionService;
import com.cpprediction.serving.ShipmentParser;
import com.cpprediction.serving.ShipmentReader;
import com.cpprediction.serving.Shipments;
import com.cpprediction.tls.Identity;
import com.cpprediction.tls.IdentityWatcher;
import com.cpprediction.tracing.TraceStep;
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
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server and the consumers of the public bus addresses, on one event loop. A node has
 * several, which share its port and its {@link HttpNode}.
 */
public final class HttpVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(HttpVerticle.class);

  private static final Duration IDLE = Duration.ofSeconds(60);

  private static final int TIMEOUT_CHECKS = 20; // per time limit for a body

  /** Any free port, the same for all verticles of a node. */
  private static final int ANY_SHARED_PORT = -1;

  static final Set<String> TLS = Set.of("TLSv1.3", "TLSv1.2");

  private final HttpNode node;
  private final boolean first;
  private final SameOrigin origins;

  /** Of the public addresses of the event bus and that of an owner. */
  private final Map<String, Handler<Message<Object>>> handlers = new HashMap<>();

  private final List<MessageConsumer<?>> consumers = new ArrayList<>();
  private final List<MessageConsumer<?>> ownerConsumers = new ArrayList<>();
  private RequestTimeout<HttpServerRequest> bodyTimeout;
  private ConnectionLimits connections;
  private NdjsonStream stream;
  private ErasureRoutes erasure;
  private HttpServer server;
  private Routes routes;
  private LoadShedder shedder;
  private DirectRoute direct;
  private @Nullable GrpcPort grpc; // where it is enabled

  public HttpVerticle(HttpNode node) {
    this.node = node;
    first = node.register();
    origins = node.origins();
  }

  /** Methods by path, once started. */
  Map<String, List<HttpMethod>> served() {
    return routes.served();
  }

  @Override
  public Future<?> start() {
    bodyTimeout = new RequestTimeout<>(node.timeouts().receive(), this::disconnect);
    connections =
        new ConnectionLimits(
            () -> node.config().get().http().maxConnections(),
            node.connections(),
            node.metrics(),
            node.timeouts().receive(),
            IDLE);
    vertx.setPeriodic(
        node.timeouts().receive().toMillis() / TIMEOUT_CHECKS,
        tick -> {
          bodyTimeout.expire();
          connections.expire();
        });
    if (node.metrics().on()) new EventLoopLag(node.metrics()).start(vertx);
    if (first) watchAlerts();
    var reader =
        new ShipmentReader(
            node.clock(),
            node.wrongPincodes().of(BearerTokens.UNNAMED)::errors,
            node.cache().addresses());
    var dispatcher = new Dispatcher(vertx, node.workers(), node.inlineScorer());
    var local = new LocalRouter(vertx, this::prediction, node.cache(), dispatcher);
    var lookups =
        new OwnerRouter(
            vertx, () -> node.config().get().cluster(), local, node.owners(), node.metrics());
    var service =
        new PredictionService(
            vertx,
            this::prediction,
            node.leases(),
            lookups,
            node.owners(),
            node.second(),
            dispatcher,
            node.metrics(),
            reader,
            node.admission(),
            node.refusals(),
            node.directRecorder(),
            node.config().get().persistence().ack() != Ack.COMMIT);
    var pool = new ParsingPool(vertx, BodyReceiver.MAX_BYTES, node.parsing(), node.metrics());
    var bodyReader = new BodyReader(pool);
    var warmer =
        new CacheWarmer(
            vertx,
            this::prediction,
            node.leases(),
            node.cache(),
            lookups,
            node.owners(),
            dispatcher,
            reader,
            pool,
            node.admission(),
            node.warming());
    if (first) {
      node.refillWith(
          new CacheRefill(
              vertx,
              node.config(),
              node.leases(),
              node.cache(),
              local,
              dispatcher,
              reader,
              pool,
              node.admission(),
              node.metrics(),
              CacheRefill.RETRY));
    }
    var cacheRoutes = new CacheRoutes(vertx, node.cache(), bodyReader, warmer, node.audit());
    var failures = new FailedRequests(node.metrics().failures());
    var problems = new ProblemHandler(this::exchange, failures);
    var sharedContext =
        new Operation.OperationContext(
            () -> prediction().timeout(),
            pool,
            bodyReader,
            node.admission(),
            node.metrics()::failed,
            failures);
    var predict = new Operation<>(single(service, false), service::predict, sharedContext);
    var explain = new Operation<>(single(service, true), service::predict, sharedContext);
    var predictBatch = new Operation<>(batch(service), service::predictBatch, sharedContext);
    var outcomeContext = // outcome reports don't count in cp_predictions_total
        new Operation.OperationContext(
            () -> prediction().timeout(),
            pool,
            bodyReader,
            node.admission(),
            failure -> {},
            failures);
    var outcomes =
        new Operation<>(
            new Parser<>((bytes, caller) -> null, OutcomeService::read, List::size, read -> {}),
            new OutcomeService(vertx)::report,
            outcomeContext);
    var guard = new Guard(node.callers());
    stream =
        new NdjsonStream(
            vertx,
            node.config(),
            service,
            pool,
            node.admission(),
            node.budget(),
            node.metrics(),
            bodyTimeout,
            node.streams(),
            node.wrongPincodes(),
            guard);
    handlers.put(Bus.PREDICT, message -> predict(message, predict, explain));
    handlers.put(Bus.PREDICT_BATCH, predictBatch::handle);
    handlers.put(Bus.OUTCOMES, outcomes::handle);
    erasure = new ErasureRoutes(vertx, node.cache(), node.audit(), node.metrics().failures());
    handlers.put(Bus.SHIPMENTS_ERASE, erasure::erase);
    handlers.put(Bus.CACHE_STATS, cacheRoutes::stats);
    handlers.put(Bus.CACHE_CLEAR, cacheRoutes::clear);
    var self = node.owners().self();
    if (self != null) {
      var endpoint = new OwnerEndpoint(vertx, node.leases(), local, dispatcher, node.admission());
      handlers.put(Bus.owner(self.id()), endpoint::serve);
    }
    node.join(this);
    shedder =
        new LoadShedder(
            Set.of(Routes.PREDICT, Routes.PREDICT_BATCH),
            node.admission(),
            origins,
            guard::caller,
            node.metrics());
    var inferences =
        new Inferences(
            service,
            node.leases(),
            node.wrongPincodes(),
            node.owners(),
            node.health(),
            node.metrics().version());
    setRoutes(
        problems,
        predict,
        explain,
        predictBatch,
        outcomes,
        cacheRoutes,
        bodyReader,
        new InferenceRoutes(inferences, sharedContext));
    direct =
        new DirectRoute(
            new PlainRequests(Set.of(Routes.PREDICT), origins, guard::caller),
            predict,
            node.budget(),
            bodyTimeout,
            connections,
            node::stopping,
            node.metrics().requests(Routes.PREDICT, HttpMethod.POST.name()),
            failures);
    server =
        vertx
            .createHttpServer(options())
            .connectionHandler(connections::opened)
            .requestHandler(this::dispatch)
            .invalidRequestHandler(problems::refuse);
    if (node.config().get().grpc().enabled()) {
      grpc = new GrpcPort(vertx, node, guard, origins, inferences, sharedContext);
    }
    var http = node.config().get().http();
    return Future.all(first ? register() : List.of())
        .compose(ok -> server.listen(http.port() == 0 ? ANY_SHARED_PORT : http.port(), http.host()))
        .onSuccess(listening -> node.listening(listening.actualPort()))
        .compose(ok -> grpc == null ? Future.succeededFuture() : grpc.listen())
        .onSuccess(
            ok -> {
              if (first) node.identity().ifPresent(watcher -> watcher.start(this::useCertificate));
            });
  }

  /** Evaluates the alerts on a worker, one time after the other, until this is undeployed. */
  private void watchAlerts() {
    Callable<Void> evaluation =
        () -> {
          node.alerts().evaluate();
          return null;
        };
    vertx.setPeriodic(
        Alerts.PERIOD.toMillis(),
        tick ->
            vertx
                .executeBlocking(evaluation)
                .onFailure(cause -> log.error("Cannot evaluate the alerts", cause)));
  }

  /** Applies to new connections. */
  private Future<?> useCertificate(Identity renewed) {
    var options =
        new ServerSSLOptions()
            .setKeyCertOptions(renewed.options())
            .setEnabledSecureTransportProtocols(TLS);
    return Future.all(
        server.updateSSLOptions(options),
        grpc == null ? Future.succeededFuture() : grpc.useCertificate(options.copy()));
  }

  /** Fails readiness, stops accepting, then gives requests in flight {@code grace} to finish. */
  @Override
  public Future<?> stop() {
    node.stop(); // from here on responses have Connection: close
    node.identity().ifPresent(IdentityWatcher::stop);
    stream.stop();
    bodyTimeout.expireAll(); // requests still sending their body are not accepted yet
    return Future.join(unregister(consumers))
        .transform(
            done -> vertx.timer(node.timeouts().closeDelay().toMillis(), TimeUnit.MILLISECONDS))
        .transform(
            done -> {
              node.handshakes().closeAll();
              long grace = node.timeouts().grace().toMillis();
              return Future.join(
                  server.shutdown(grace, TimeUnit.MILLISECONDS),
                  grpc == null ? Future.succeededFuture() : grpc.shutdown(grace),
                  node.admission()
                      .drained()
                      .timeout(grace, TimeUnit.MILLISECONDS)
                      .otherwiseEmpty());
            })
        .transform(
            done -> {
              if (!first) node.leave(this);
              return Future.join(unregister(ownerConsumers));
            });
  }

  private static List<Future<Void>> unregister(List<MessageConsumer<?>> consumers) {
    return consumers.stream().map(MessageConsumer::unregister).toList();
  }

  private Parser<Shipments> single(PredictionService service, boolean explain) {
    var pincodes = node.wrongPincodes();
    return new Parser<>(
        (body, caller) -> {
          var shipment = ShipmentParser.shipment(body);
          return shipment == null ? null : service.single(shipment, explain, pincodes.of(caller));
        },
        (body, caller) -> service.single(body, explain, pincodes.of(caller)),
        shipments -> shipments.items().size(),
        Shipments::close);
  }

  private Parser<Shipments> batch(PredictionService service) {
    var pincodes = node.wrongPincodes();
    return new Parser<>(
        (body, caller) -> {
          var shipments = ShipmentParser.batch(body);
          return shipments == null ? null : service.batch(shipments, pincodes.of(caller));
        },
        (body, caller) -> service.batch(body, pincodes.of(caller)),
        shipments -> shipments.items().size(),
        Shipments::close);
  }

  private PredictionConfig prediction() {
    return node.config().get().prediction();
  }

  private HttpServerOptions options() {
    var options =
        new HttpServerOptions()
            .setHttp2ClearTextEnabled(false)
            .setCompressionSupported(false)
            .setDecompressionSupported(false)
            .setPerFrameWebSocketCompressionSupported(false) // no handlers for them, which see
            .setPerMessageWebSocketCompressionSupported(false) // every request and response
            .setIdleTimeout((int) IDLE.toSeconds())
            .setUseAlpn(false) // the connection limits rely on HTTP/1.1
            .setSslHandshakeTimeout(node.timeouts().receive().toMillis())
            .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
    node.identity()
        .ifPresent(
            watcher ->
                options
                    .setSsl(true)
                    .setSslEngineOptions(node.handshakes().engine())
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

  /** Registers each address once for the node: in a cluster that writes to a map of all nodes. */
  private List<Future<Void>> register() {
    var bus = vertx.eventBus();
    var self = node.owners().self();
    for (var address : handlers.keySet()) {
      // Owners until the end: others ask this node as long as they think it serves.
      boolean owner = self != null && address.equals(Bus.owner(self.id()));
      (owner ? ownerConsumers : consumers)
          .add(bus.consumer(address, message -> node.next().receive(address, message)));
    }
    consumers.add(bus.<JsonObject>consumer(Bus.ERASED, erasure::erased));
    consumers.add(bus.<JsonObject>localConsumer(Bus.FORGET_HERE, erasure::forgetHere));
    consumers.add(bus.<JsonObject>consumer(Bus.FORGET, erasure::forget));
    consumers.add(
        bus.localConsumer(Bus.MODELS_CHANGED, message -> node.events().refresh(HttpNode.MODELS)));
    return Stream.of(consumers, ownerConsumers)
        .flatMap(List::stream)
        .map(MessageConsumer::completion)
        .toList();
  }

  /** Serves a message to {@code address} on this event loop; called on any. */
  private void receive(String address, Message<Object> message) {
    var handler = Objects.requireNonNull(handlers.get(address), address);
    if (first) { // where the address is registered
      handler.handle(message);
      return;
    }
    var requestId = RequestId.current();
    var step = TraceStep.current();
    ((ContextInternal) context)
        .duplicate()
        .runOnContext(
            turn -> {
              if (requestId != null) RequestId.set(requestId);
              step.adopt();
              handler.handle(message);
            });
  }

  private void setRoutes(
      ProblemHandler problems,
      Operation<?> predict,
      Operation<?> explain,
      Operation<?> predictBatch,
      Operation<?> outcomes,
      CacheRoutes cacheRoutes,
      BodyReader bodyReader,
      InferenceRoutes inference) {
    var guard = new Guard(node.callers());
    var queries = new QueryRoutes(vertx, this::prediction, node.budget());
    routes =
        new Routes(
                vertx,
                node.meters(),
                guard,
                origins,
                node.budget(),
                bodyTimeout,
                problems,
                this::beginRequest)
            .predictions(predict, explain, predictBatch, stream, outcomes, queries)
            .models(queries, new ModelRoutes(vertx, bodyReader))
            .cache(cacheRoutes)
            .erasure(erasure)
            .inference(inference)
            .state(
                new HealthRoutes(node.health(), guard::isOperator),
                new MetricsRoute(
                    vertx, node.metrics(), node.cache(), node.config().get().telemetry().traced()),
                node.owners()::describe,
                node.configView(),
                new AuditRoutes(vertx, this::prediction, node.audit()))
            .history(
                new HistoryRoutes(vertx, node.budget(), this::historyTimeout, node.clock()),
                new FailureRoutes(node.metrics().failures()),
                node.alerts())
            .review(new ReviewRoutes(vertx, node.config(), bodyReader, node.audit()), node.pages())
            .pages(node.pages(), node.events());
  }

  /** PostgreSQL is asked once Prometheus has failed. */
  private Duration historyTimeout() {
    var timeout = prediction().timeout();
    return node.config().get().metrics().hasPrometheus()
        ? timeout.plus(MetricsConfig.PROMETHEUS_TIMEOUT)
        : timeout;
  }

  private void disconnect(HttpServerRequest request) {
    if (!node.stopping()) node.metrics().shed(Shed.SLOW_BODY);
    request.connection().close();
  }

  private void dispatch(HttpServerRequest request) {
    if (!node.stopping() && shedder.shed(request)) {
      connections.requestStarted(request.connection());
      connections.responseEnded(request.connection());
    } else if (node.stopping() || node.admission().full() || !direct.serve(request)) {
      routes.router().handle(request);
    }
  }

  private void beginRequest(RoutingContext ctx) {
    exchange(ctx);
    boolean unread = ctx.response().writeQueueFull();
    if (!unread) connections.requestStarted(ctx.request().connection()); // even if refused below
    CanonicalPath.check(ctx);
    if (ctx.request().headers().getAll(HttpHeaders.HOST).size() > 1) {
      throw Failure.MALFORMED_REQUEST.because("A request has one Host header");
    }
    if (ProblemHandler.hasUnsupportedTransferEncoding(ctx.request()))
      throw ProblemHandler.unsupportedTransferEncoding();
    if (unread) awaitDrain(ctx);
    else ctx.next();
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

  /**
   * The exchange of {@code ctx}, created once; recorded in the meters of its route when it ends.
   */
  private Exchange exchange(RoutingContext ctx) {
    var begun = Exchange.begun(ctx);
    if (begun != null) return begun;
    var exchange = Exchange.begin(ctx, node.budget());
    ctx.addHeadersEndHandler(
        headers -> {
          if (node.stopping()) ctx.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
          Exchange.setCachingHeaders(ctx.response());
        });
    ctx.addEndHandler(
        end -> {
          bodyTimeout.cancel(ctx.request());
          connections.responseEnded(ctx.request().connection());
          long nanos = exchange.nanos();
          AccessLog.write(exchange, nanos, end.failed());
          if (end.failed()) return; // the caller disconnected
          node.metrics().httpRequest(exchange.route(), exchange.method(), exchange.status(), nanos);
        });
    return exchange;
  }
}
