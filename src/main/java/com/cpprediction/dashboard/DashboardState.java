package com.cpprediction.dashboard;

import com.cpprediction.bus.Bus;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.dashboard.EventStream.Snapshot;
import com.cpprediction.metrics.MetricsSummary;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.serving.AdmissionControl;
import com.cpprediction.serving.HealthReport;
import com.cpprediction.serving.OwnerDirectory;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;

/**
 * State of the dashboard as JSON, from meters, health checks, models and cluster. Contains neither
 * secrets nor addresses of shipments.
 */
public final class DashboardState {
  private static final Duration STATUS_TIMEOUT = Duration.ofSeconds(5);

  private static final List<String> MODEL_FIELDS =
      List.of(
          "prefix",
          "districts",
          "version",
          "model",
          "cps",
          "training_rows",
          "load_ms",
          "mapped_bytes",
          "requests",
          "last_error");

  private static final List<String> RELEASE_FIELDS =
      List.of("release", "engine", "mapping", "loaded", "last_reload", "wrong_pincodes");

  /** Fields of a model's accuracy in service. */
  private static final List<String> LIVE_FIELDS = List.of("outcomes", "right", "accuracy");

  /** Test variants of a model: addresses with and without pincode. */
  private static final List<String> TEST_VARIANTS = List.of("full", "prefix_only");

  private final Vertx vertx;
  private final ServiceMetrics metrics;
  private final PredictionCache cache;
  private final OwnerDirectory owners;
  private final AdmissionControl admission;
  private final HealthReport health;
  private final Alerts alerts;
  private final Clock clock;

  public DashboardState(
      Vertx vertx,
      ServiceMetrics metrics,
      PredictionCache cache,
      OwnerDirectory owners,
      AdmissionControl admission,
      HealthReport health,
      Alerts alerts,
      Clock clock) {
    this.vertx = vertx;
    this.metrics = metrics;
    this.cache = cache;
    this.owners = owners;
    this.admission = admission;
    this.health = health;
    this.alerts = alerts;
    this.clock = clock;
  }

  /** Health and meters, which change every second. */
  public Future<Snapshot> state() {
    var full = health.describe();
    var figures = health.figures();
    var json =
        new JsonObject()
            .put("version", metrics.version())
            .put("alerts", alerts.firing())
            .put(
                "in_flight",
                new JsonObject()
                    .put("shipments", admission.shipments())
                    .put("limit", admission.limit()));
    return vertx.executeBlocking( // walks meters and reads /proc
        () -> {
          json.put("at", clock.millis())
              .put("uptime_ms", ManagementFactory.getRuntimeMXBean().getUptime())
              .put("cache", cache.stats())
              .put("meters", MetricsSummary.brief(metrics));
          var operators = json.put("health", full).encode();
          return new Snapshot(operators, json.put("health", figures).encode());
        },
        false);
  }

  /** Models of this node and nodes of its cluster. */
  public Future<Snapshot> models() {
    var places =
        Bus.<JsonArray>ask(vertx, Bus.PREFIXES, new JsonObject(), Deadline.in(STATUS_TIMEOUT))
            .otherwise(new JsonArray()); // models are shown without them
    return Bus.<JsonObject>ask(vertx, Bus.MODELS_STATUS, null, Deadline.in(STATUS_TIMEOUT))
        .compose(status -> places.map(found -> place(status, found)))
        .compose(
            status -> {
              var cluster = owners.describe();
              return vertx.executeBlocking(
                  () -> // a country's models are hundreds
                  Snapshot.same(models(status).put("cluster", cluster(cluster)).encode()),
                  false);
            });
  }

  /** Adds to each model the districts of its CPs. */
  private static JsonObject place(JsonObject status, JsonArray places) {
    var districts = new HashMap<String, JsonArray>();
    for (var place : places) {
      var of = (JsonObject) place;
      districts.put(of.getString("prefix"), of.getJsonArray("districts"));
    }
    for (var item : status.getJsonArray("models")) {
      var model = (JsonObject) item;
      model.put("districts", districts.get(model.getString("prefix")));
    }
    return status;
  }

  private static JsonObject models(JsonObject status) {
    var models = new JsonArray();
    for (var item : status.getJsonArray("models")) {
      var model = (JsonObject) item;
      var json = select(model, MODEL_FIELDS);
      var scores = model.getJsonObject("scores");
      if (scores != null) json.put("trained", trained(scores));
      var live = model.getJsonObject("live");
      if (live != null) json.put("live", select(live, LIVE_FIELDS));
      models.add(json);
    }
    var live = status.getJsonObject("live");
    return select(status, RELEASE_FIELDS)
        .put("live", live == null ? null : select(live, LIVE_FIELDS))
        .put("models", models);
  }

  /** Accuracy of a model on its test addresses. */
  private static JsonObject trained(JsonObject scores) {
    var trained = new JsonObject();
    for (var variant : TEST_VARIANTS) {
      if (scores.getValue(variant) instanceof JsonObject score) {
        trained.put(variant, score.getValue("accuracy"));
      }
    }
    return trained;
  }

  /** Omits the owners of each prefix, which {@code GET /cluster} lists. */
  private static JsonObject cluster(JsonObject described) {
    var json = described.copy();
    json.remove("owners");
    return json;
  }

  private static JsonObject select(JsonObject whole, List<String> fields) {
    var selected = new JsonObject();
    for (var field : fields) selected.put(field, whole.getValue(field));
    return selected;
  }
}
