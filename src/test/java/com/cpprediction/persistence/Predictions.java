package com.cpprediction.persistence;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.Scored;
import com.cpprediction.testing.TestScores;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;

/** Test data: predictions and their rows. */
public final class Predictions {
  private Predictions() {}

  public static Prediction of(String shipmentId) {
    return of(PredictionIds.next(), shipmentId, "14 MG Road, Bengaluru 560017");
  }

  public static Prediction of(UUID id, String shipmentId, String typed) {
    var candidates =
        List.of(
            new Candidate("CP1", 0.97), new Candidate("CP2", 0.02), new Candidate("CP3", 0.004));
    var address = Address.of(typed, null);
    var scored = new Scored("3f9a1c2e".repeat(8), candidates);
    return new PredictionRequest(
            id,
            shipmentId,
            typed,
            address,
            Hypotheses.certain("560", address, PincodeErrors.of(0.01)))
        .predicted(TestScores.believing(address, "560", scored), Source.MODEL);
  }

  static List<Prediction> many(int count) {
    return IntStream.range(0, count).mapToObj(i -> of("S" + i)).toList();
  }

  static PredictionRow row(String shipmentId) {
    return PredictionRow.of(of(shipmentId));
  }

  static List<JournalRow> rows(int count) {
    return many(count).stream().<JournalRow>map(PredictionRow::of).toList();
  }

  static List<String> shipments(List<JournalRow> rows) {
    return rows.stream().map(JournalRow::shipmentId).toList();
  }

  static ServiceMetrics metrics() {
    return new ServiceMetrics(new SimpleMeterRegistry(), "test");
  }
}
