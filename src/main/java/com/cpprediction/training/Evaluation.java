package com.cpprediction.training;

import com.cpprediction.model.Scorer;
import com.cpprediction.prediction.Located;
import com.cpprediction.prediction.Scored;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.json.JsonObject;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Accuracy and calibration of models on labelled addresses.
 *
 * @param byPrefix by the three-digit prefix of the rows
 */
public record Evaluation(SortedMap<String, JsonObject> byPrefix, JsonObject overall) {
  /**
   * Predicts every row, prefixes in parallel.
   *
   * @param done called with the number of rows after each prefix
   */
  public static Evaluation of(
      List<LabelledRow> rows, QueryVariant variant, OfflinePredictor models, IntConsumer done) {
    var counts = new ConcurrentHashMap<String, AccuracyCounts>();
    var byPrefix = rows.stream().collect(Collectors.groupingBy(LabelledRow::prefix));
    byPrefix.entrySet().parallelStream()
        .forEach(
            entry -> {
              counts.put(entry.getKey(), count(entry.getValue(), variant, models));
              done.accept(entry.getValue().size());
            });
    var total = new AccuracyCounts();
    var sorted = new TreeMap<String, JsonObject>();
    for (var entry : new TreeMap<>(counts).entrySet()) {
      total.add(entry.getValue());
      sorted.put(entry.getKey(), entry.getValue().toJson());
    }
    return new Evaluation(sorted, total.toJson());
  }

  private static AccuracyCounts count(
      List<LabelledRow> rows, QueryVariant variant, OfflinePredictor models) {
    var counts = new AccuracyCounts();
    var scorer = new Scorer();
    var trained = new HashMap<String, int[]>();
    for (var row : rows) {
      counts.add(row.cp(), predict(row, variant, models, scorer, trained));
    }
    return counts;
  }

  /**
   * @param trained pincodes by prefix, filled here
   * @return the prediction, if there is one
   */
  private static @Nullable Scored predict(
      LabelledRow row,
      QueryVariant variant,
      OfflinePredictor models,
      Scorer scorer,
      Map<String, int[]> trained) {
    var prefix = models.release().prefixOf(row.pincode());
    if (prefix == null) return null;
    try {
      var pincodes =
          trained.computeIfAbsent(
              prefix, p -> models.scorings().apply(p).model().index().trainedPincodes());
      var address = variant.query(row, pincodes);
      if (address == null) return null;
      return variant.namesPrefix()
          ? models.predict(scorer, address, Located.byPincode(prefix))
          : models.predict(scorer, address);
    } catch (ServiceException e) {
      return null;
    }
  }
}
