package com.cpprediction.http;

import com.cpprediction.audit.AuditEntry;
import com.cpprediction.audit.AuditLog;
import com.cpprediction.bus.Bus;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.OutcomeReport;
import com.cpprediction.serving.ShipmentReader;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The calls of {@code /review}. Shipment ids are in bodies only, since paths are logged by proxies.
 */
final class ReviewRoutes {
  static final int BODY_BYTES = 4 * 1024;

  private static final Set<String> KINDS =
      Set.of("low-confidence", "pincode-doubt", "corrected", "refused");
  private static final Set<String> ORDERS = Set.of("newest", "worst");
  private static final Set<String> CLAIM = Set.of("count", "desk", "kind", "prefix", "order");
  private static final Set<String> DECISION = Set.of("shipment_id", "cp", "confirmed", "desk");
  private static final Set<String> SHIPMENT = Set.of("shipment_id", "desk");
  private static final Set<String> LIST = Set.of("kind", "prefix", "order", "limit", "after");
  private static final Set<String> SEARCH = Set.of("q", "limit");
  private static final Pattern NUMBER = Pattern.compile("[1-9][0-9]{0,3}");
  private static final Pattern PREFIX = Pattern.compile("[1-9][0-9]{0,5}");
  private static final int USUAL_PAGE = 20;
  private static final int MAX_PAGE = 100;
  private static final int MAX_CLAIM = 20;
  private static final int MAX_FOUND = 50;
  private static final int USUAL_FOUND = 10;
  private static final int MAX_DESK = 64;
  private static final int MAX_QUERY = 100;
  private static final int MAX_AFTER = 64;

  private final Vertx vertx;
  private final Supplier<ServiceConfig> config;
  private final BodyReader bodies;
  private final AuditLog audit;

  ReviewRoutes(Vertx vertx, Supplier<ServiceConfig> config, BodyReader bodies, AuditLog audit) {
    this.vertx = vertx;
    this.config = config;
    this.bodies = bodies;
    this.audit = audit;
  }

  /** Whether a browser asks for the page rather than for the list. */
  static boolean wantsPage(RoutingContext ctx) {
    var accept = ctx.request().getHeader(HttpHeaders.ACCEPT);
    return accept != null
        && Accept.weight(accept, StaticRoutes.HTML) > Accept.weight(accept, RouteContract.JSON);
  }

  /** {@code GET /review?kind=&prefix=&order=&limit=&after=}. */
  void list(RoutingContext ctx) {
    onlyKnown(ctx, LIST);
    var call = call("list", ctx);
    call.mergeIn(selection(query(ctx, "kind"), query(ctx, "prefix"), query(ctx, "order")));
    var after = query(ctx, "after");
    call.put("limit", number(query(ctx, "limit"), "limit", USUAL_PAGE, MAX_PAGE))
        .put("after", after == null ? null : ShipmentReader.text(after, "after", MAX_AFTER));
    respond(ctx, ask(call).compose(this::named));
  }

  /** {@code POST /review/claims}. */
  void claim(RoutingContext ctx) {
    respond(
        ctx,
        bodies
            .read(ctx, body -> claimed(body, ctx))
            .compose(call -> ask(call).compose(this::named)));
  }

  private JsonObject claimed(JsonObject body, RoutingContext ctx) {
    ShipmentReader.onlyKnown(body, CLAIM);
    if (!(body.getValue("count") instanceof Number count)
        || count.doubleValue() != count.intValue()
        || count.intValue() < 1
        || count.intValue() > MAX_CLAIM) {
      throw ShipmentReader.malformed("count must be a whole number from 1 to " + MAX_CLAIM);
    }
    return call("claim", ctx)
        .put("count", count.intValue())
        .put("desk", desk(body))
        .mergeIn(selection(text(body, "kind"), text(body, "prefix"), text(body, "order")));
  }

  /** {@code POST /review/decisions}. */
  void decide(RoutingContext ctx) {
    respond(
        ctx,
        bodies
            .read(
                ctx,
                body -> {
                  ShipmentReader.onlyKnown(body, DECISION);
                  return of("decide", body, ctx)
                      .put("cp", OutcomeReport.cp(body))
                      .put("confirmed", flag(body, "confirmed"));
                })
            .compose(this::known)
            .compose(
                call ->
                    ask(call)
                        .compose(
                            outcome -> {
                              var result = outcome.getString("result");
                              var after = new JsonObject().put("result", result);
                              return audited(call, "review", after).map(outcome);
                            })));
  }

  /** {@code POST /review/skips}. */
  void skip(RoutingContext ctx) {
    respond(ctx, bodies.read(ctx, body -> ofShipment("skip", body, ctx)).compose(this::ask));
  }

  /** {@code POST /review/undo}. */
  void undo(RoutingContext ctx) {
    respond(
        ctx,
        bodies
            .read(ctx, body -> ofShipment("undo", body, ctx))
            .compose(
                call ->
                    ask(call).compose(undone -> audited(call, "review-undo", null).map(undone))));
  }

  /** Records a choice without the CP, which would say of an erased shipment where it went. */
  private Future<Void> audited(JsonObject call, String action, @Nullable JsonObject after) {
    var target = AuditEntry.shipment(call.getString("shipment_id"));
    return audit.record(new AuditEntry(call.getString("caller"), action, target, null, after));
  }

  private JsonObject ofShipment(String action, JsonObject body, RoutingContext ctx) {
    ShipmentReader.onlyKnown(body, SHIPMENT);
    return of(action, body, ctx);
  }

  private JsonObject of(String action, JsonObject body, RoutingContext ctx) {
    var id = ShipmentReader.required(body, "shipment_id", ShipmentReader.MAX_SHIPMENT_ID);
    return call(action, ctx).put("shipment_id", id).put("desk", desk(body));
  }

  /** Refuses a CP that the release lacks, unless it is confirmed. */
  private Future<JsonObject> known(JsonObject call) {
    var cp = call.getString("cp");
    if (cp == null || call.getBoolean("confirmed")) return Future.succeededFuture(call);
    return cps(new JsonObject().put("codes", new JsonArray().add(cp)))
        .map(
            found -> {
              if (!found.isEmpty()) return call;
              throw Failure.UNKNOWN_CP.because(
                  "The release has no CP of this code; check it with GET /review/cps, or send"
                      + " confirmed as true");
            });
  }

  /** {@code GET /review/cps?q=&limit=}. */
  void search(RoutingContext ctx) {
    onlyKnown(ctx, SEARCH);
    var query = ShipmentReader.text(query(ctx, "q"), "q", MAX_QUERY);
    int limit = number(query(ctx, "limit"), "limit", USUAL_FOUND, MAX_FOUND);
    respond(
        ctx,
        cps(new JsonObject().put("query", query).put("limit", limit))
            .map(found -> new JsonObject().put("cps", found)));
  }

  /** Adds office, district and pincode to the candidates of {@code page}, where they are known. */
  private Future<JsonObject> named(JsonObject page) {
    var codes = new TreeSet<String>();
    for (var candidate : candidates(page)) codes.add(candidate.getString("cp"));
    if (codes.isEmpty()) return Future.succeededFuture(page);
    return cps(new JsonObject().put("codes", new JsonArray(List.copyOf(codes))))
        .map(
            found -> {
              var names = new HashMap<String, JsonObject>();
              for (var cp : found) names.put(((JsonObject) cp).getString("cp"), (JsonObject) cp);
              for (var candidate : candidates(page)) {
                var name = names.get(candidate.getString("cp"));
                if (name != null) candidate.mergeIn(name);
              }
              return page;
            });
  }

  private static Iterable<JsonObject> candidates(JsonObject page) {
    return page.getJsonArray("shipments").stream()
        .flatMap(shipment -> ((JsonObject) shipment).getJsonArray("candidates").stream())
        .map(JsonObject.class::cast)
        .toList();
  }

  private Future<JsonArray> cps(JsonObject asked) {
    return Bus.ask(vertx, Bus.CPS, asked, deadline());
  }

  private Future<JsonObject> ask(JsonObject call) {
    return Bus.ask(vertx, Bus.REVIEW, call, deadline());
  }

  private Deadline deadline() {
    return Deadline.in(config.get().prediction().timeout());
  }

  private JsonObject call(String action, RoutingContext ctx) {
    var review = config.get().review();
    return new JsonObject()
        .put("action", action)
        .put("caller", Exchange.of(ctx).caller())
        .put("below", review.below())
        .put("doubt", review.doubt())
        .put("days", review.days())
        .put("claim_seconds", review.claim().toSeconds());
  }

  private static JsonObject selection(
      @Nullable String kind, @Nullable String prefix, @Nullable String order) {
    if (kind != null && !KINDS.contains(kind)) throw oneOf("kind", KINDS);
    if (order != null && !ORDERS.contains(order)) throw oneOf("order", ORDERS);
    if (prefix != null && !PREFIX.matcher(prefix).matches()) {
      throw ShipmentReader.malformed("prefix must be digits, such as 560");
    }
    return new JsonObject()
        .put("kind", kind == null ? "" : kind)
        .put("prefix", prefix)
        .put("order", order);
  }

  private static ServiceException oneOf(String field, Set<String> values) {
    return ShipmentReader.malformed(
        field + " must be one of " + String.join(", ", new TreeSet<>(values)));
  }

  private static String desk(JsonObject body) {
    var desk = text(body, "desk");
    return desk == null ? "" : ShipmentReader.text(desk, "desk", MAX_DESK);
  }

  private static @Nullable String text(JsonObject body, String field) {
    var value = body.getValue(field);
    if (value == null) return null;
    if (value instanceof String text) return text;
    throw ShipmentReader.malformed(field + " must be a string");
  }

  private static boolean flag(JsonObject body, String field) {
    var value = body.getValue(field);
    if (value == null) return false;
    if (value instanceof Boolean flag) return flag;
    throw ShipmentReader.malformed(field + " must be true or false");
  }

  private static int number(@Nullable String given, String field, int usual, int most) {
    if (given == null) return usual;
    if (!NUMBER.matcher(given).matches() || Integer.parseInt(given) > most) {
      throw ShipmentReader.malformed(field + " must be a whole number from 1 to " + most);
    }
    return Integer.parseInt(given);
  }

  private static void onlyKnown(RoutingContext ctx, Set<String> known) {
    for (var name : ctx.queryParams().names()) {
      if (!known.contains(name)) {
        throw ShipmentReader.malformed("Unknown parameter \"" + name + '"');
      }
    }
  }

  private static @Nullable String query(RoutingContext ctx, String name) {
    var given = ctx.queryParam(name);
    if (given.size() > 1) throw ShipmentReader.malformed("Send one " + name);
    return given.isEmpty() || given.get(0).isEmpty() ? null : given.get(0);
  }

  private static void respond(RoutingContext ctx, Future<JsonObject> json) {
    json.onSuccess(body -> Exchange.respond(ctx, body)).onFailure(ctx::fail);
  }
}
