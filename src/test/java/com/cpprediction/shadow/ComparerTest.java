package com.cpprediction.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.Engine;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.Scored;
import com.cpprediction.testing.TestScores;
import com.cpprediction.training.SmallRelease;
import com.cpprediction.training.SmallRelease.Row;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ComparerTest {
  private static final UUID RUN = new UUID(0, 1);

  @Test
  void keepsScoresUntilTheirAddressIsForgotten() {
    var unread = ServiceMetrics.unread("test");
    var models =
        new ModelStore(SmallRelease.directory(), Engine.MAPPED, false, unread, Clock.systemUTC());
    models.reload();
    var comparer = new Comparer(models, unread, () -> 0);
    var erased = SmallRelease.rows().get(0);
    var other = SmallRelease.rows().get(1);
    try (var lease = models.lease()) {
      for (var row : List.of(erased, other, erased)) {
        comparer.compare(
            new ComparisonThread.Sent(predicted(row), lease.release(), false, null), lease, lease);
      }
    }
    int kept = comparer.kept();

    comparer.forget(Set.of(Address.canonical(erased.typed())));
    int left = comparer.kept();
    comparer.forget(Set.of(Address.canonical(other.typed())));

    assertThat(left).isPositive().isLessThan(kept);
    assertThat(comparer.kept()).isZero();
    models.close();
  }

  @Test
  void countsToARunOfTheReleasesComparedOnly() {
    try (var models = SmallRelease.models(SmallRelease.directory());
        var lease = models.lease()) {
      var comparer = new Comparer(models, ServiceMetrics.unread("test"), () -> 0);
      var id = lease.release();

      assertThat(runOfComparison(comparer, lease, run(id, id))).isEqualTo(RUN);
      assertThat(runOfComparison(comparer, lease, run("before", id))).isNull();
      assertThat(runOfComparison(comparer, lease, run(id, "before"))).isNull();
    }
  }

  private static @Nullable UUID runOfComparison(
      Comparer comparer, ServingRelease lease, Canary.Run run) {
    var sent =
        new ComparisonThread.Sent(
            predicted(SmallRelease.rows().get(0)), lease.release(), true, run);
    return Objects.requireNonNull(comparer.compare(sent, lease, lease).comparison()).run();
  }

  private static Canary.Run run(String served, String shadow) {
    return new Canary.Run(RUN, served, shadow, Instant.EPOCH, null, new ErrorPairs());
  }

  static Prediction predicted(Row row) {
    var address = Address.of(row.typed(), row.pincode());
    var prefix = row.pincode().substring(0, 3);
    var scored = new Scored("3f9a1c2e".repeat(8), List.of(new Candidate("CP1", 1)));
    return new PredictionRequest(
            PredictionIds.next(),
            "S1",
            row.typed(),
            address,
            Hypotheses.certain(prefix, address, PincodeErrors.of(0.01)))
        .predicted(TestScores.believing(address, prefix, scored), Prediction.Source.MODEL);
  }
}
