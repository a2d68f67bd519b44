package com.cpprediction.http;

import com.cpprediction.inference.InferenceModel;
import com.cpprediction.inference.InferenceReply;
import com.cpprediction.inference.InferenceRequest;
import com.cpprediction.model.CallerPincodes;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.HealthReport;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.serving.PredictionService;
import com.cpprediction.serving.Reply;
import com.cpprediction.serving.Shipments;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The Open Inference Protocol, version 2, over REST. */
final class InferenceRoutes {
  /** Before every path of the protocol. */
  static final String ROOT = "/v2";

  /** Names of path parameters. */
  static final String MODEL = "model_name";

  static final String VERSION = "model_version";

  private static final String SERVER = "cp-prediction-service";

  private final PredictionService service;
  private final Supplier<ServingRelease> leases;
  private final CallerPincodes pincodes;
  private final OwnerDirectory owners;
  private final HealthReport health;
  private final String version;
  private final Operation.OperationContext context;

  /** A request of a model, and its shipments. */
  private record Inference(
      String name, @Nullable String version, InferenceRequest request, Shipments shipments) {
    /** The model that served it: that of the request, or of a release that came meanwhile. */
    InferenceModel model() {
      return InferenceModel.of(name, version, shipments.servedWith());
    }
  }

  /**
   * @param leases gives a lease on the models in force
   * @param version of this service
   */
  InferenceRoutes(
      PredictionService service,
      Supplier<ServingRelease> leases,
      CallerPincodes pincodes,
      OwnerDirectory owners,
      HealthReport health,
      String version,
      Operation.OperationContext context) {
    this.service = service;
    this.leases = leases;
    this.pincodes = pincodes;
    this.owners = owners;
    this.health = health;
    this.version = version;
    this.context = context;
  }

  /** Whether failures at {@code path} are those of the protocol. */
  static boolean isPath(@Nullable String path) {
    return path != null && (path.equals(ROOT) || path.startsWith(ROOT + '/'));
  }

  /** {@code GET /v2}. */
  void server(RoutingContext ctx) {
    Exchange.respond(
        ctx,
        new JsonObject()
            .put("name", SERVER)
            .put("version", version)
            .put("extensions", new JsonArray()));
  }

  /** {@code GET /v2/health/live}. */
  void live(RoutingContext ctx) {
    Exchange.respond(ctx, new JsonObject().put("live", true));
  }

  /** {@code GET /v2/health/ready}. */
  void ready(RoutingContext ctx) {
    checkReady();
    Exchange.respond(ctx, new JsonObject().put("ready", true));
  }

  /** {@code GET /v2/models/:model_name}, with a version or without. */
  void model(RoutingContext ctx) {
    try (var lease = leases.get()) {
      Exchange.respond(ctx, model(ctx, lease).metadata());
    }
  }

  /** {@code GET /v2/models/:model_name/ready}, with a version or without. */
  void modelReady(RoutingContext ctx) {
    checkReady();
    try (var lease = leases.get()) {
      var model = model(ctx, lease);
      var prefix = model.prefix();
      if (prefix != null
          && !lease.here().contains(prefix)
          && owners.of(prefix, lease.release()).isEmpty()) {
        throw Failure.NOT_READY.because("No node serves the model of prefix " + prefix + " now");
      }
      Exchange.respond(ctx, new JsonObject().put("name", model.name()).put("ready", true));
    }
  }

  private void checkReady() {
    var reasons = health.notReady();
    if (!reasons.isEmpty()) throw Failure.NOT_READY.because("Not ready: " + reasons);
  }

  /** Refuses a request before its body is received where there is no such model, or no room. */
  void rejectEarly(RoutingContext ctx) {
    try (var lease = leases.get()) {
      model(ctx, lease);
    }
    infer(ctx).rejectIfFull(ctx);
  }

  /** {@code POST /v2/models/:model_name/infer}, with a version or without. */
  void handle(RoutingContext ctx) {
    infer(ctx).handle(ctx);
  }

  private Operation<?> infer(RoutingContext ctx) {
    var name = ctx.pathParam(MODEL);
    var version = ctx.pathParam(VERSION);
    return new Operation<>(
        new Operation.Parser<>(
            (bytes, caller) -> null,
            (body, caller) -> read(name, version, body, caller),
            inference -> inference.shipments().items().size(),
            inference -> inference.shipments().close()),
        this::infer,
        context);
  }

  private Inference read(String name, @Nullable String version, JsonObject body, String caller) {
    var request = InferenceRequest.read(body);
    try (var lease = leases.get()) {
      var model = InferenceModel.of(name, version, lease);
      var prefix = model.prefix();
      var shipments =
          prefix == null
              ? service.batch(request.shipments(), pincodes.of(caller))
              : service.batch(request.shipments(), prefix, pincodes.of(caller));
      return new Inference(name, version, request, shipments);
    }
  }

  private Future<Reply> infer(Inference inference, Deadline deadline, String requestId) {
    var shipments = inference.shipments();
    return service
        .predictBatch(shipments, deadline, requestId)
        .map(
            served -> {
              var only = shipments.items().size() == 1 ? shipments.items().get(0).failure() : null;
              if (only != null) throw only;
              return new InferenceReply(inference.model(), inference.request(), shipments);
            });
  }

  private static InferenceModel model(RoutingContext ctx, ServingRelease lease) {
    return InferenceModel.of(ctx.pathParam(MODEL), ctx.pathParam(VERSION), lease);
  }
}
