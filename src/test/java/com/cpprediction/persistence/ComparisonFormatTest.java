package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.ShadowComparison;
import com.cpprediction.prediction.ShadowComparison.Side;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ComparisonFormatTest {
  @Test
  void readsWhatItWrites() {
    var served = new Side("now", "CP1", 0.875, "3f9a1c2e");
    var shadow = new Side("next", "ಸಿಪಿ 2", Double.MIN_VALUE, "");
    var run = UUID.randomUUID();
    var id = PredictionIds.next();
    var all =
        List.of(
            new ShadowComparison(id, "S1", "560", false, null, served, shadow),
            new ShadowComparison(id, "é/ü", "", true, run, shadow, served),
            new ShadowComparison(id, "", "560", true, null, served, served));

    var body = ComparisonFormat.write(all);

    assertThat(ComparisonFormat.count(body)).isEqualTo(3);
    assertThat(ComparisonFormat.read(body)).isEqualTo(all);
  }

  @Test
  void aRecordIsOfOneKind() {
    var side = new Side("now", "CP1", 0.875, "3f9a1c2e");
    var comparison =
        new ShadowComparison(PredictionIds.next(), "S1", "560", false, null, side, side);

    assertThat(RowFormat.rows(ComparisonFormat.write(List.of(comparison)))).isEmpty();
    assertThat(ComparisonFormat.count(RowFormat.write(List.of(Predictions.row("S1"))))).isZero();
    assertThat(ComparisonFormat.count(new byte[0])).isZero();
  }
}
