package com.cpprediction.http;

import com.cpprediction.config.Role;
import com.cpprediction.dashboard.Alerts;
import com.cpprediction.dashboard.EventStream;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.PlatformHandler;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * The table of routes: path, methods, media types, authorization and body limit of each, as {@code
 * openapi.json} describes them.
 */
final class Routes {
  static final String PREDICT = "/predict";
  static final String PREDICT_BATCH = "/predict/batch";

  /** Before the shipment id in the path of a stored prediction. */
  static final String PREDICTIONS = "/predictions/";

  /** Before the shipment id in the path of a shipment. */
  static final String SHIPMENTS = "/shipments/";

  /** Body limit of a shipment in bytes, with room for every character as two escapes. */
  static final int SHIPMENT_BYTES = 32 * 1024;

  static final int OUTCOMES_BYTES = 512 * 1024;
  static final int RELOAD_BYTES = 64 * 1024; // every possible prefix, by name

  private static final List<String> JSON = List.of(RouteContract.JSON);
  private static final List<HttpMethod> POST = List.of(HttpMethod.POST);
  private static final List<HttpMethod> GET = List.of(HttpMethod.GET, HttpMethod.HEAD);
  private static final List<HttpMethod> DELETE = List.of(HttpMethod.DELETE);

  private final Vertx vertx;
  private final Router router;
  private final RouteMeters meters;
  private final Guard guard;
  private final SameOrigin origins;
  private final ByteBudget budget;
  private final RequestTimeout<HttpServerRequest> bodyTimeout;

  /**
   * @param first runs before every route
   * @param bodyTimeout disconnects callers that send a body too slowly
   */
  Routes(
      Vertx vertx,
      RouteMeters meters,
      Guard guard,
      SameOrigin origins,
      ByteBudget budget,
      RequestTimeout<HttpServerRequest> bodyTimeout,
      ProblemHandler problems,
      Handler<RoutingContext> first) {
    this.vertx = vertx;
    this.meters = meters;
    this.guard = guard;
    this.origins = origins;
    this.budget = budget;
    this.bodyTimeout = bodyTimeout;
    router = Router.router(vertx);
    for (int status : ProblemHandler.STATUSES) router.errorHandler(status, problems);
    router.route().handler(first);
    meters.registerOther();
  }

  /** Predictions, their outcomes and the stored ones. */
  Routes predictions(
      Operation<?> predict,
      Operation<?> explain,
      Operation<?> predictBatch,
      NdjsonStream stream,
      Operation<?> outcomes,
      QueryRoutes queries) {
    post(PREDICT, SHIPMENT_BYTES, guard.require(Role.PREDICT), predict::rejectIfFull)
        .handler(ctx -> (ExplainFlag.requested(ctx.queryParams()) ? explain : predict).handle(ctx));
    post(
            PREDICT_BATCH,
            BodyReceiver.MAX_BYTES,
            guard.require(Role.PREDICT),
            predictBatch::rejectIfFull)
        .handler(predictBatch::handle);
    route("/predict/stream", POST, List.of(RouteContract.NDJSON), RouteContract.NDJSON)
        .handler(guard.require(Role.PREDICT))
        .handler(stream::handle);
    post("/outcomes", OUTCOMES_BYTES, guard.require(Role.PREDICT), outcomes::rejectIfFull)
        .handler(outcomes::handle);
    get(PREDICTIONS + ":shipment_id")
        .useNormalizedPath(false) // ".." is a valid shipment id
        .handler(guard.require(Role.READ))
        .handler(queries::stored);
    get("/predictions").handler(guard.require(Role.READ)).handler(queries::storedByQuery);
    get("/outcomes/weeks").handler(guard.require(Role.READ)).handler(queries::outcomeWeeks);
    get("/outcomes/shipment").handler(guard.require(Role.READ)).handler(queries::outcomeOf);
    return this;
  }

  Routes models(QueryRoutes queries, ModelRoutes models) {
    get("/models/status").handler(queries::models);
    post("/models/reload", RELOAD_BYTES, guard.require(Role.OPERATE)).handler(models::reload);
    get("/models/shadow").handler(queries::shadow);
    post("/models/shadow/promote", RELOAD_BYTES, guard.require(Role.OPERATE))
        .handler(models::promote);
    post("/models/shadow/rollback", RELOAD_BYTES, guard.require(Role.OPERATE))
        .handler(models::rollBack);
    get("/models/drift").handler(queries::drift);
    get("/models/names").handler(guard.require(Role.READ)).handler(queries::names);
    get("/models/:prefix").handler(queries::model);
    return this;
  }

  Routes cache(CacheRoutes cache) {
    route("/cache", DELETE, JSON, RouteContract.JSON)
        .handler(guard.require(Role.OPERATE))
        .handler(cache::clear);
    get("/cache/stats").handler(cache::stats);
    post("/cache/warm", BodyReceiver.MAX_BYTES, guard.require(Role.OPERATE)).handler(cache::warm);
    return this;
  }

  Routes erasure(ErasureRoutes erasure) {
    route(SHIPMENTS + ":shipment_id", DELETE, JSON, RouteContract.JSON)
        .useNormalizedPath(false) // ".." is a valid shipment id
        .handler(guard.require(Role.OPERATE))
        .handler(erasure::erase);
    route("/shipments", DELETE, JSON, RouteContract.JSON)
        .handler(guard.require(Role.OPERATE))
        .handler(erasure::eraseByQuery);
    return this;
  }

  /**
   * State of this node.
   *
   * @param cluster serves {@code GET /cluster}, on this event loop
   * @param config serves {@code GET /config}, on this event loop
   */
  Routes state(
      HealthRoutes health,
      MetricsRoute metrics,
      Supplier<JsonObject> cluster,
      Supplier<JsonObject> config,
      AuditRoutes audit) {
    get("/health").handler(health::all);
    get("/health/live").handler(health::live);
    get("/health/ready").handler(health::ready);
    get("/metrics", metrics.types()).handler(metrics::handle);
    get("/cluster").handler(shared(cluster));
    get("/config").handler(guard.require(Role.OPERATE)).handler(shared(config));
    get("/audit").handler(guard.require(Role.OPERATE)).handler(audit::list);
    return this;
  }

  /** The Open Inference Protocol: of each model its newest version, or the one in the path. */
  Routes inference(InferenceRoutes inference) {
    get(InferenceRoutes.ROOT).handler(inference::server);
    get(InferenceRoutes.ROOT + "/health/live").handler(inference::live);
    get(InferenceRoutes.ROOT + "/health/ready").handler(inference::ready);
    var model = InferenceRoutes.ROOT + "/models/:" + InferenceRoutes.MODEL;
    for (var path : List.of(model, model + "/versions/:" + InferenceRoutes.VERSION)) {
      get(path).handler(inference::model);
      get(path + "/ready").handler(inference::modelReady);
      var types = List.of(RouteContract.JSON, RouteContract.BINARY);
      var infer = path + "/infer";
      post(
              route(infer, POST, types, RouteContract.JSON, RouteContract.BINARY),
              new BodyReceiver.Limit(BodyReceiver.MAX_BYTES, infer),
              guard.require(Role.PREDICT),
              inference::rejectEarly)
          .handler(inference::handle);
    }
    return this;
  }

  /** What happened on this node, and over time. */
  Routes history(HistoryRoutes history, FailureRoutes failures, Alerts alerts) {
    get("/history").handler(guard.require(Role.READ)).handler(history::history);
    get("/failures").handler(guard.require(Role.READ)).handler(failures::newest);
    get("/alerts")
        .handler(guard.require(Role.READ))
        .handler(ctx -> Exchange.respond(ctx, new JsonObject().put("alerts", alerts.firing())));
    return this;
  }

  /** What people review, and the page that they review it with. */
  Routes review(ReviewRoutes review, StaticRoutes pages) {
    var page = pages.page("review.html");
    PlatformHandler onPage =
        ctx -> {
          if (ReviewRoutes.wantsPage(ctx)) page.handle(ctx);
          else ctx.next();
        };
    get("/review", RouteContract.JSON, StaticRoutes.HTML)
        .handler(onPage)
        .handler(guard.require(Role.REVIEW))
        .handler(review::list);
    post("/review/claims", ReviewRoutes.BODY_BYTES, guard.require(Role.REVIEW))
        .handler(review::claim);
    post("/review/decisions", ReviewRoutes.BODY_BYTES, guard.require(Role.REVIEW))
        .handler(review::decide);
    post("/review/skips", ReviewRoutes.BODY_BYTES, guard.require(Role.REVIEW))
        .handler(review::skip);
    post("/review/undo", ReviewRoutes.BODY_BYTES, guard.require(Role.REVIEW)).handler(review::undo);
    get("/review/cps").handler(guard.require(Role.REVIEW)).handler(review::search);
    return this;
  }

  /** The dashboard, its events and the documentation. */
  Routes pages(StaticRoutes pages, EventStream events) {
    get("/", StaticRoutes.HTML).handler(pages.page("dashboard.html"));
    get("/events", EventStream.TYPE).handler(events::listen);
    get("/openapi.json").handler(pages::contract);
    get("/docs", StaticRoutes.HTML).handler(pages.page("docs.html"));
    get("/web/:file", StaticRoutes.FILE_TYPES).handler(pages::file);
    return this;
  }

  Router router() {
    return router;
  }

  /** Methods by path, as the contract writes it. */
  Map<String, List<HttpMethod>> served() {
    var served = new TreeMap<String, List<HttpMethod>>();
    for (var route : router.getRoutes()) {
      if (route.getPath() == null) continue; // runs before every route
      RouteContract contract = route.getMetadata(RouteContract.KEY);
      served.put(contract.pattern(), contract.methods());
    }
    return served;
  }

  private Handler<RoutingContext> shared(Supplier<JsonObject> json) {
    return SharedResponse.json(vertx, () -> Future.succeededFuture(json.get()))::handle;
  }

  private Route get(String path) {
    return get(path, RouteContract.JSON);
  }

  private Route get(String path, String... produces) {
    return route(path, GET, JSON, produces);
  }

  /**
   * @param maxBytes body limit
   * @param beforeBody handlers that run before the body is received
   */
  private Route post(String path, int maxBytes, PlatformHandler... beforeBody) {
    return post(
        route(path, POST, JSON, RouteContract.JSON),
        new BodyReceiver.Limit(maxBytes, path),
        beforeBody);
  }

  private Route post(Route route, BodyReceiver.Limit limit, PlatformHandler... beforeBody) {
    for (var handler : beforeBody) route.handler(handler);
    return route.handler(new BodyReceiver(limit, budget, bodyTimeout));
  }

  private Route route(
      String path, List<HttpMethod> methods, List<String> consumes, String... produces) {
    var pattern = path.replaceAll(":(\\w+)", "{$1}");
    meters.register(pattern, methods);
    var contract = new RouteContract(pattern, methods, consumes, List.of(produces), origins);
    return router.route(path).putMetadata(RouteContract.KEY, contract).handler(contract);
  }
}
