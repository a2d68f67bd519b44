package com.cpprediction.model;

import com.cpprediction.bus.Bus;
import com.cpprediction.prediction.Prediction;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Accuracy of models in service, from the outcomes that were reported.
 *
 * @param window the time counted, as {@code GET /models/status} shows it; absent before that
 * @param models by prefix and scoring fingerprint; those without an outcome are absent
 */
record LiveAccuracy(@Nullable JsonObject window, Map<String, Map<String, Tally>> models) {
  /**
   * @param outcomes of predictions of one model
   * @param right those whose CP was predicted
   * @param top3 those whose CP was predicted or an alternative
   */
  record Tally(long outcomes, long right, long top3) {
    static final Tally NOTHING = new Tally(0, 0, 0);

    Tally plus(Tally other) {
      return new Tally(outcomes + other.outcomes, right + other.right, top3 + other.top3);
    }

    /** Shares of nothing are null. */
    JsonObject toJson() {
      return new JsonObject()
          .put("outcomes", outcomes)
          .put("right", right)
          .put("top3", top3)
          .put("accuracy", share(right))
          .put("accuracy_top3", share(top3));
    }

    private @Nullable Double share(long part) {
      return outcomes == 0 ? null : (double) part / outcomes;
    }
  }

  /** Before anything was counted. */
  static final LiveAccuracy UNKNOWN = new LiveAccuracy(null, Map.of());

  /**
   * @param counted as {@link Bus#OUTCOMES_COUNTED}
   */
  static LiveAccuracy of(JsonObject counted) {
    var models = new HashMap<String, Map<String, Tally>>();
    for (var item : counted.getJsonArray("models")) {
      var model = (JsonObject) item;
      models
          .computeIfAbsent(model.getString("prefix"), prefix -> new TreeMap<>())
          .put(
              model.getString("fingerprint"),
              new Tally(model.getLong("outcomes"), model.getLong("right"), model.getLong("top3")));
    }
    var window = counted.copy();
    window.remove("models");
    return new LiveAccuracy(window, models);
  }

  Tally of(String prefix, String fingerprint) {
    return models.getOrDefault(prefix, Map.of()).getOrDefault(fingerprint, Tally.NOTHING);
  }

  /** Over all models, other nodes' included, once something was counted. */
  @Nullable JsonObject overall() {
    if (window == null) return null;
    var all =
        models.values().stream()
            .flatMap(ofPrefix -> ofPrefix.values().stream())
            .reduce(Tally.NOTHING, Tally::plus);
    return all.toJson().mergeIn(window);
  }

  /**
   * Of the model in force for {@code prefix}, and of others that were, once something was counted.
   *
   * @param fingerprint of the model in force
   */
  @Nullable JsonObject json(String prefix, String fingerprint) {
    if (window == null) return null;
    var others = new JsonArray();
    models
        .getOrDefault(prefix, Map.of())
        .forEach(
            (other, tally) -> {
              if (other.equals(fingerprint)) return;
              others.add(
                  new JsonObject()
                      .put("model", Prediction.model(prefix, other))
                      .put("fingerprint", other)
                      .mergeIn(tally.toJson()));
            });
    return of(prefix, fingerprint).toJson().put("others", others);
  }
}
