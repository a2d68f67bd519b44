package com.cpprediction.shadow;

import com.cpprediction.bus.Bus;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.serving.OwnerDirectory.Owner;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Set;
import java.util.function.Function;

/** Has a promotion, or its rollback, made by this node, and then by all others. */
final class ClusterChange {
  private static final Duration TIMEOUT = Duration.ofMinutes(2); // of another node
  private static final Set<String> DONE = Set.of("promoted", "rolled-back", "unchanged");

  private final Vertx vertx;
  private final OwnerDirectory nodes;
  private final Function<JsonObject, Future<JsonObject>> own;

  /**
   * @param own makes a change on this node
   */
  ClusterChange(Vertx vertx, OwnerDirectory nodes, Function<JsonObject, Future<JsonObject>> own) {
    this.vertx = vertx;
    this.nodes = nodes;
    this.own = own;
  }

  /**
   * Makes {@code change}. The others are not asked where this node refuses.
   *
   * @return {@code {"result","release","nodes":[{"node","result","release"?,"reason"?},…]}}; the
   *     result is that of this node, or {@code partial} where another one did not follow
   */
  Future<JsonObject> everywhere(JsonObject change) {
    var self = nodes.self();
    var name = self == null ? "local" : self.name();
    return own.apply(change)
        .compose(
            mine -> {
              var all = new JsonArray().add(named(name, mine));
              if (!DONE.contains(mine.getString("result"))) {
                return Future.succeededFuture(response(mine, all));
              }
              var asked = nodes.peers().stream().map(node -> ask(node, change)).toList();
              return Future.all(asked)
                  .map(
                      replied -> {
                        replied.<JsonObject>list().forEach(all::add);
                        return response(mine, all);
                      });
            });
  }

  private Future<JsonObject> ask(Owner node, JsonObject change) {
    return vertx
        .eventBus()
        .<JsonObject>request(
            Bus.shadowOf(node.id()),
            change,
            new DeliveryOptions().setSendTimeout(TIMEOUT.toMillis()))
        .map(reply -> named(node.name(), reply.body()))
        .otherwise(
            cause ->
                new JsonObject()
                    .put("node", node.name())
                    .put("result", "unreachable")
                    .put("reason", String.valueOf(cause.getMessage())));
  }

  private static JsonObject named(String node, JsonObject result) {
    return new JsonObject().put("node", node).mergeIn(result);
  }

  private static JsonObject response(JsonObject mine, JsonArray all) {
    boolean done = DONE.contains(mine.getString("result"));
    boolean followed =
        all.stream()
            .map(JsonObject.class::cast)
            .allMatch(node -> DONE.contains(node.getString("result")) == done);
    return new JsonObject()
        .put("result", followed ? mine.getString("result") : "partial")
        .put("release", mine.getString("release"))
        .put("nodes", all);
  }
}
