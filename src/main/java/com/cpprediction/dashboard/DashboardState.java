package com.cpprediction.dashboard;

import com.cpprediction.bus.Bus;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.dashboard.EventStream.Told;
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
import java.util.List;

/**
 * What the dashboard shows, as JSON: what the meters, the health checks and the neighbours know.
 * Free of secrets and of addresses, as those are.
 */
public final class DashboardState {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** What the dashboard needs of a model. */
  private static final List<String> OF_MODEL =
      List.of(
          "prefix",
          "version",
          "model",
          "cps",
          "training_rows",
          "load_ms",
          "mapped_bytes",
          "requests",
          "last_error");

  /** What the dashboard needs of the release. */
  private static final List<String> OF_RELEASE =
      List.of("release", "engine", "mapping", "loaded", "last_reload");

  /** What it needs of how right models were in service. */
  private static final List<String> OF_LIVE = List.of("outcomes", "right", "accuracy");

  /** Which of the tests of a model it shows: with its pincode, and without. */
  private static final List<String> TRIALS = List.of("full", "prefix_only");

  private final Vertx vertx;
  private final ServiceMetrics metrics;
  private final PredictionCache cache;
  private final OwnerDirectory owners;
  private final AdmissionControl inFlight;
  private final HealthReport health;
  private final Clock clock;

  public DashboardState(
      Vertx vertx,
      ServiceMetrics metrics,
      PredictionCache cache,
      OwnerDirectory owners,
      AdmissionControl inFlight,
      HealthReport health,
      Clock clock) {
    this.vertx = vertx;
    this.metrics = metrics;
    this.cache = cache;
    this.owners = owners;
    this.inFlight = inFlight;
    this.health = health;
    this.clock = clock;
  }

  /** What changes from one second to the next. */
  public Future<Told> state() {
    var full = health.describe();
    var figures = health.figures();
    var json =
        new JsonObject()
            .put("version", metrics.version())
            .put(
                "in_flight",
                new JsonObject()
                    .put("shipments", inFlight.shipments())
                    .put("limit", inFlight.limit()));
    return vertx.executeBlocking( // walks meters and reads /proc
        () -> {
          json.put("at", clock.millis())
              .put("uptime_ms", ManagementFactory.getRuntimeMXBean().getUptime())
              .put("cache", cache.stats())
              .put("meters", MetricsSummary.brief(metrics));
          var operators = json.put("health", full).encode();
          return new Told(operators, json.put("health", figures).encode());
        },
        false);
  }

  /** The models of this node, one by one, and the nodes of its cluster. */
  public Future<Told> models() {
    return Bus.<JsonObject>ask(vertx, Bus.MODELS_STATUS, null, Deadline.in(PATIENCE))
        .compose(
            status -> {
              var cluster = owners.describe();
              return vertx.executeBlocking(
                  () -> // a country's models are hundreds
                  Told.all(models(status).put("cluster", cluster(cluster)).encode()),
                  false);
            });
  }

  private static JsonObject models(JsonObject status) {
    var models = new JsonArray();
    for (var item : status.getJsonArray("models")) {
      var model = (JsonObject) item;
      var json = part(model, OF_MODEL);
      var scores = model.getJsonObject("scores");
      if (scores != null) json.put("trained", trained(scores));
      var live = model.getJsonObject("live");
      if (live != null) json.put("live", part(live, OF_LIVE));
      models.add(json);
    }
    var live = status.getJsonObject("live");
    return part(status, OF_RELEASE)
        .put("live", live == null ? null : part(live, OF_LIVE))
        .put("models", models);
  }

  /** How right a model was on the addresses that were kept back from its training. */
  private static JsonObject trained(JsonObject scores) {
    var trained = new JsonObject();
    for (var trial : TRIALS) {
      if (scores.getValue(trial) instanceof JsonObject score) {
        trained.put(trial, score.getValue("accuracy"));
      }
    }
    return trained;
  }

  /** Who owns which prefix is for {@code GET /cluster} to say. */
  private static JsonObject cluster(JsonObject described) {
    var json = described.copy();
    json.remove("owners");
    return json;
  }

  private static JsonObject part(JsonObject whole, List<String> fields) {
    var part = new JsonObject();
    for (var field : fields) part.put(field, whole.getValue(field));
    return part;
  }
}
