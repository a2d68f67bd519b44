package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.Scoring;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class EvaluationTest {
  @Test
  void everyRowLooksItsModelUpOnce() {
    var rows = new ArrayList<LabelledRow>();
    for (var row : SmallRelease.rows("180")) {
      rows.add(new LabelledRow(row.typed(), row.pincode(), row.cp()));
    }
    rows.add(new LabelledRow("Gol Gujral", "180999", "CP1"));
    var asked = Collections.synchronizedList(new ArrayList<String>());

    try (var catalog = SmallRelease.catalog(SmallRelease.directory())) {
      Function<String, Scoring> scorings =
          pincode -> {
            asked.add(pincode);
            return pincode.equals("180999") ? null : catalog.scoringOf(pincode);
          };
      var overall = Evaluation.of(rows, Question.FULL, scorings, done -> {}).overall();

      assertThat(asked).containsExactlyElementsOf(pincodes(rows));
      assertThat(overall.getLong("rows")).isEqualTo(rows.size());
      assertThat(overall.getLong("answered")).isEqualTo(rows.size() - 1);
      assertThat(overall.getDouble("accuracy")).isGreaterThan(0.9);
    }
  }

  private static List<String> pincodes(List<LabelledRow> rows) {
    return rows.stream().map(LabelledRow::pincode).toList();
  }
}
