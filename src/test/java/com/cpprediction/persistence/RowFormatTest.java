package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.prediction.PrefixSource;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class RowFormatTest {
  private static final PredictionRow ROW = Predictions.row("S1");

  @Test
  void readsRowsWithEveryBeliefAndWithout() {
    var rows =
        List.of(
            ROW,
            with(new StoredBelief(PrefixSource.CORRECTED, "560017", 0.75f, "411001", 0.15)),
            with(new StoredBelief(PrefixSource.TEXT, null, null, null, 0.002)),
            with(null));

    var body = RowFormat.write(rows);

    var read = Arrays.stream(RowFormat.rows(body)).mapToObj(at -> RowFormat.read(body, at));
    assertThat(read).containsExactlyElementsOf(rows);
  }

  @Test
  void aRowIsOfTheRequestWithItsPincodeFieldWhateverIsBelieved() {
    var row = with(new StoredBelief(PrefixSource.PINCODE, null, 0.1f, "560017", 0.01));

    assertThat(row.isOf("S1", ROW.typed(), null)).isTrue();
    assertThat(row.isOf("S1", ROW.typed(), "560017")).isFalse();
    assertThat(with(null).isOf("S1", ROW.typed(), "560017")).isTrue();
  }

  private static PredictionRow with(StoredBelief belief) {
    return new PredictionRow(
        ROW.id(),
        ROW.shipmentId(),
        ROW.typed(),
        ROW.pincode(),
        ROW.prefix(),
        ROW.candidates(),
        ROW.fingerprint(),
        ROW.source(),
        belief);
  }
}
