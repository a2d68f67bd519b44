package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.PrefixSource;
import com.cpprediction.prediction.Refusal;
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
            with(belief(PrefixSource.CORRECTED, "560017", 0.75f, "411001", 0.15, 0.02, 0.003)),
            with(belief(PrefixSource.TEXT, null, null, null, 0, 0.002, 1e-6)),
            with(null));

    assertReadsBack(rows);
  }

  @Test
  void readsRefusalsAmongPredictions() {
    var guesses =
        List.of(new Refusal.Guess("CP1", 0.09, "560"), new Refusal.Guess("CP7", 0.01, "411"));
    var id = PredictionIds.next();
    assertReadsBack(
        List.of(
            new RefusalRow(new Refusal(id, "S1", "Pune", null, "no", List.of(), null, null)),
            ROW,
            new RefusalRow(
                new Refusal(id, "é", "MG Road", "560017", "why", guesses, 0.75f, "f".repeat(64)))));
  }

  private static void assertReadsBack(List<? extends JournalRow> rows) {
    var body = RowFormat.write(rows);

    var read = Arrays.stream(RowFormat.rows(body)).mapToObj(at -> RowFormat.read(body, at));
    assertThat(read).hasSize(rows.size()).map(Object.class::cast).isEqualTo(rows);
  }

  @Test
  void aRowIsOfTheRequestWithItsPincodeFieldWhateverIsBelieved() {
    var row = with(belief(PrefixSource.PINCODE, null, 0.1f, "560017", 0.01, 0.002, 0.001));

    assertThat(row.isOf("S1", ROW.typed(), null)).isTrue();
    assertThat(row.isOf("S1", ROW.typed(), "560017")).isFalse();
    assertThat(with(null).isOf("S1", ROW.typed(), "560017")).isTrue();
  }

  private static StoredBelief belief(
      PrefixSource source,
      String pincodeField,
      Float doubt,
      String believed,
      double slips,
      double near,
      double far) {
    var errors = new PincodeErrors(slips, near, far);
    return new StoredBelief(source, pincodeField, doubt, believed, errors);
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
