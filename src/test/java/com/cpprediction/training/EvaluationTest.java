package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EvaluationTest {
  @Test
  void looksEachModelUpOnce() {
    var rows = new ArrayList<LabelledRow>();
    for (var row : SmallRelease.rows("180")) {
      rows.add(new LabelledRow(row.typed(), row.pincode(), row.cp()));
    }
    rows.add(new LabelledRow("Gol Gujral", "190999", "CP1"));

    try (var models = SmallRelease.models(SmallRelease.directory())) {
      var predictor = OfflinePredictor.of(models, 1);
      var overall = Evaluation.of(rows, QueryVariant.FULL, predictor, done -> {}).overall();

      assertThat(overall.getLong("rows")).isEqualTo(rows.size());
      assertThat(overall.getLong("answered")).isEqualTo(rows.size() - 1);
      assertThat(overall.getDouble("accuracy")).isGreaterThan(0.9);
    }
  }

  @Test
  void withoutPrefixTheWordsLocateAnAddress() throws IOException {
    var rows =
        SmallRelease.rows().stream()
            .map(row -> new LabelledRow(row.typed(), row.pincode(), row.cp()))
            .toList();
    try (var models = SmallRelease.models(SmallRelease.directory())) {
      var sure = ask(rows, QueryVariant.NO_PREFIX, OfflinePredictor.of(models, 0.5));
      var all = ask(rows, QueryVariant.NO_PREFIX, OfflinePredictor.of(models, 0));
      var known = ask(rows, QueryVariant.PREFIX_ONLY, OfflinePredictor.of(models, 0.5));

      assertThat(all.getLong("answered")).isEqualTo(known.getLong("answered"));
      assertThat(sure.getLong("answered")).isLessThan(all.getLong("answered"));
      assertThat(all.getDouble("accuracy"))
          .isGreaterThan(0.7)
          .isLessThanOrEqualTo(known.getDouble("accuracy"));
    }
  }

  private static JsonObject ask(
      List<LabelledRow> rows, QueryVariant question, OfflinePredictor models) {
    return Evaluation.of(rows, question, models, done -> {}).overall();
  }
}
