package com.cpprediction.http;

import com.cpprediction.http.Inferences.Inference;
import com.cpprediction.inference.InferenceModel;
import com.cpprediction.inference.InferenceRequest;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.Reply;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import org.jspecify.annotations.Nullable;

/** The Open Inference Protocol, version 2, over REST. */
final class InferenceRoutes {
  /** Before every path of the protocol. */
  static final String ROOT = "/v2";

  /** Names of path parameters. */
  static final String MODEL = "model_name";

  static final String VERSION = "model_version";

  private final Inferences inferences;
  private final Operation.OperationContext context;

  InferenceRoutes(Inferences inferences, Operation.OperationContext context) {
    this.inferences = inferences;
    this.context = context;
  }

  /** Whether failures at {@code path} are those of the protocol. */
  static boolean isPath(@Nullable String path) {
    return path != null && (path.equals(ROOT) || path.startsWith(ROOT + '/'));
  }

  /** {@code GET /v2}. */
  void server(RoutingContext ctx) {
    Exchange.respond(ctx, inferences.server());
  }

  /** {@code GET /v2/health/live}. */
  void live(RoutingContext ctx) {
    Exchange.respond(ctx, new JsonObject().put("live", true));
  }

  /** {@code GET /v2/health/ready}. */
  void ready(RoutingContext ctx) {
    inferences.checkReady();
    Exchange.respond(ctx, new JsonObject().put("ready", true));
  }

  /** {@code GET /v2/models/:model_name}, with a version or without. */
  void model(RoutingContext ctx) {
    Exchange.respond(ctx, requested(ctx).metadata());
  }

  /** {@code GET /v2/models/:model_name/ready}, with a version or without. */
  void modelReady(RoutingContext ctx) {
    inferences.checkReady();
    var name = ctx.pathParam(MODEL);
    if (!inferences.ready(name, ctx.pathParam(VERSION))) {
      throw Failure.NOT_READY.because("No node serves the model of prefix " + name + " now");
    }
    Exchange.respond(ctx, new JsonObject().put("name", name).put("ready", true));
  }

  /** Refuses a request before its body is received where there is no such model, or no room. */
  void rejectEarly(RoutingContext ctx) {
    requested(ctx);
    infer(ctx).rejectIfFull(ctx);
  }

  /** {@code POST /v2/models/:model_name/infer}, with a version or without. */
  void handle(RoutingContext ctx) {
    infer(ctx).handle(ctx);
  }

  private Operation<Inference> infer(RoutingContext ctx) {
    var name = ctx.pathParam(MODEL);
    var version = ctx.pathParam(VERSION);
    return new Operation<>(
        new Operation.Parser<>(
            (bytes, caller) -> null,
            (body, caller) -> inferences.read(name, version, InferenceRequest.read(body), caller),
            Inference::size,
            Inference::discard),
        (inference, deadline, requestId) ->
            inferences.infer(inference, deadline, requestId).<Reply>map(reply -> reply),
        context);
  }

  private InferenceModel requested(RoutingContext ctx) {
    return inferences.model(ctx.pathParam(MODEL), ctx.pathParam(VERSION));
  }
}
