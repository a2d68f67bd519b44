package com.cpprediction.benchmarks;

import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.handler.BodyHandler;

/**
 * A bare Vert.x-Web server on one event loop, the measure of {@link HotPath}: {@code POST /predict}
 * parses the request and responds with a JSON object as large as a prediction, which {@code PUT
 * /response} sets.
 */
final class JsonEcho {
  private JsonEcho() {}

  /** Runs until the process is ended; prints the line that {@link ServerProcess} waits for. */
  public static void main(String[] arguments) {
    var vertx = Vertx.vertx();
    var router = Router.router(vertx);
    var response = new JsonObject[] {new JsonObject()}; // on the event loop
    router.route().handler(BodyHandler.create(false));
    router
        .post("/predict")
        .handler(
            ctx -> {
              var request = ctx.body().asJsonObject();
              ctx.json(response[0].copy().put("shipment_id", request.getString("shipment_id")));
            });
    router
        .put("/response")
        .handler(
            ctx -> {
              response[0] = ctx.body().asJsonObject();
              ctx.end();
            });
    router.get("/health/ready").handler(ctx -> ctx.end());
    var server = vertx.createHttpServer().requestHandler(router).listen(0, "127.0.0.1").await();
    System.out.printf("Ready: http://127.0.0.1:%d, the echo%n", server.actualPort());
  }
}
