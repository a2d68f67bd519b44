package com.cpprediction.http;

import com.cpprediction.http.Inferences.Inference;
import com.cpprediction.inference.InferenceModel;
import com.cpprediction.inference.InferenceRequest;
import com.cpprediction.json.StrictJson;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.Reply;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The Open Inference Protocol, version 2, over REST. */
final class InferenceRoutes {
  /** Before every path of the protocol. */
  static final String ROOT = "/v2";

  /** Names of path parameters. */
  static final String MODEL = "model_name";

  static final String VERSION = "model_version";

  private static final Pattern DIGITS = Pattern.compile("0*[1-9][0-9]{0,8}");

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
    var headers = ctx.request().headers();
    var jsonLengths = headers.getAll(InferenceRequest.JSON_LENGTH);
    var accept = headers.get(HttpHeaders.ACCEPT);
    return new Operation<>(
        Operation.Parser.ofBytes(
            (bytes, caller) -> {
              var request = parse(bytes, jsonLengths);
              checkAccepted(request, accept);
              return inferences.read(name, version, request, caller);
            },
            Inference::size,
            Inference::discard),
        (inference, deadline, requestId) ->
            inferences.infer(inference, deadline, requestId).<Reply>map(reply -> reply),
        context);
  }

  /** Parses JSON, and the bytes of tensors after it where a header says how long it is. */
  private static InferenceRequest parse(byte[] body, List<String> jsonLengths) {
    if (jsonLengths.isEmpty()) {
      return InferenceRequest.read(StrictJson.parseRequest(body), ByteBuffer.wrap(body, 0, 0));
    }
    int length = jsonLength(jsonLengths, body.length);
    var json = StrictJson.parseRequest(Arrays.copyOf(body, length));
    return InferenceRequest.read(json, ByteBuffer.wrap(body, length, body.length - length));
  }

  /** Refuses a request that does not accept the representation of the response it asks for. */
  private static void checkAccepted(InferenceRequest request, @Nullable String accept) {
    var type = request.binary().isEmpty() ? RouteContract.JSON : RouteContract.BINARY;
    if (Accept.weight(accept, type) > 0) return;
    throw Failure.NOT_ACCEPTABLE.because(
        "The response is %s, as the request asks for %s; accept it, or ask otherwise"
            .formatted(type, request.binary().isEmpty() ? "JSON alone" : "bytes"));
  }

  private static int jsonLength(List<String> headers, int most) {
    var given = headers.get(0);
    if (headers.size() == 1 && DIGITS.matcher(given).matches()) {
      int length = Integer.parseInt(given);
      if (length <= most) return length;
    }
    throw Failure.MALFORMED_REQUEST.because(
        "%s must be there once, as the number of bytes of the JSON: from 1 to the %d of the body"
            .formatted(InferenceRequest.JSON_LENGTH, most));
  }

  private InferenceModel requested(RoutingContext ctx) {
    return inferences.model(ctx.pathParam(MODEL), ctx.pathParam(VERSION));
  }
}
