package com.cpprediction.model;

import static com.cpprediction.model.HeldBackAccuracyTest.scores;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.logging.CapturedLog;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.training.SmallRelease;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Releases that are more or less accurate than the one in force. */
class ModelAccuracyTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private double maxDrop = 0.02;
  @TempDir private Path dir;
  private ModelStore models;

  /** Holds one prefix of its release, as a node of a cluster does. */
  private static final class OnePrefix implements PrefixAssignment {
    @Override
    public boolean whole() {
      return false;
    }

    @Override
    public Set<String> of(String release, Set<String> prefixes) {
      return Set.of("575");
    }

    @Override
    public void handOver() {}
  }

  @BeforeEach
  void load() throws IOException {
    SmallRelease.copyTo(dir);
    Releases.score(dir, scores("full", 1000, 0.95));
    for (var prefix : SmallRelease.PREFIXES) {
      Releases.score(dir, prefix, scores("full", 400, 0.95));
    }
    open(PrefixAssignment.ALL);
  }

  @AfterEach
  void close() {
    assertThat(models.leases()).isZero();
    models.close();
  }

  private void open(PrefixAssignment share) {
    if (models != null) models.close();
    models =
        new ModelStore(
            dir,
            Engine.MAPPED,
            false,
            false,
            new ServiceMetrics(registry, "test"),
            Clock.systemUTC(),
            share);
    models.limitDrop(() -> maxDrop);
    models.reload();
  }

  /** Puts a release in place whose models all differ from those in force. */
  private void offer(JsonObject scores) throws IOException {
    for (var prefix : SmallRelease.PREFIXES) Releases.change(dir, prefix);
    Releases.score(dir, scores);
  }

  private double refusals() {
    return registry.get("cp.model.reload.failures").tag("reason", "accuracy").counter().count();
  }

  @Test
  void aReleaseThatIsMuchWorseIsRefusedAndTheOneInForceGoesOn() throws IOException {
    var before = models.current();
    offer(scores("full", 900, 0.92));

    var report = models.reload();

    assertThat(models.current().release()).isEqualTo(before.release());
    assertThat(models.current().fingerprints()).isEqualTo(before.fingerprints());
    assertThat(report.getLong("loaded")).isZero();
    assertThat(report.getJsonObject("failed").getMap()).containsOnlyKeys("release");
    assertThat(report.getJsonObject("failed").getString("release"))
        .isEqualTo(
            "the release is less accurate on held-back addresses than the one served: full 92.00 %"
                + " of 900 rows, was 95.00 % of 1000; more than models.max_accuracy_drop, 2 points");
    assertThat(models.failures()).containsOnlyKeys("release");
    assertThat(models.status().degraded())
        .hasValue(
            "the release in the directory is refused for its accuracy, and the one before goes on");
    assertThat(models.status().toJson().getJsonObject("scores"))
        .isEqualTo(scores("full", 1000, 0.95));
    assertThat(refusals()).isEqualTo(1);
    assertThat(registry.get("cp.last.reload.successful").tag("part", "models").gauge().value())
        .isZero();

    offer(scores("full", 900, 0.94));
    models.reload();

    assertThat(models.failures()).isEmpty();
    assertThat(models.status().degraded()).isEmpty();
    assertThat(models.current().release()).isNotEqualTo(before.release());
  }

  @Test
  void aSlightlyWorseReleaseIsAdmittedAndTheNextIsComparedWithIt() throws IOException {
    offer(scores("full", 1000, 0.935));
    assertThat(models.reload().getLong("loaded")).isEqualTo(3);
    assertThat(models.status().toJson().getJsonObject("scores"))
        .isEqualTo(scores("full", 1000, 0.935));

    offer(scores("full", 1000, 0.92));
    assertThat(models.reload().getLong("loaded")).isEqualTo(3);

    offer(scores("full", 1000, 0.89));
    assertThat(models.reload().getJsonObject("failed").getMap()).containsOnlyKeys("release");
  }

  @Test
  void theLimitIsReadAtEachReloadAndOneMeansNone() throws IOException {
    offer(scores("full", 1000, 0.0));
    models.reload();
    assertThat(models.failures()).containsOnlyKeys("release");

    maxDrop = 1;
    assertThat(models.reload().getLong("loaded")).isEqualTo(3);
    assertThat(models.failures()).isEmpty();

    maxDrop = 0.02;
    assertThat(models.reload().getLong("unchanged")).isEqualTo(3);
    assertThat(models.failures()).isEmpty();
  }

  @Test
  void thePrefixesAskedForAreTakenOfAnAdmittedReleaseOnly() throws IOException {
    var before = models.current().fingerprints();
    offer(scores("full", 1000, 0.5));

    var report = models.reload(Set.of("575"));

    assertThat(report.getJsonObject("failed").getMap()).containsOnlyKeys("release");
    assertThat(models.current().fingerprints()).isEqualTo(before);

    offer(scores("full", 1000, 0.94));
    models.reload(Set.of("575"));

    assertThat(models.current().fingerprints().get("575")).isNotEqualTo(before.get("575"));
    assertThat(models.status().toJson().getJsonObject("scores"))
        .isEqualTo(scores("full", 1000, 0.95)); // until a release is taken over as a whole
  }

  @Test
  void aFirstReleaseIsAdmittedWhateverItsScores() throws IOException {
    offer(scores("full", 1000, 0.01));

    open(PrefixAssignment.ALL);

    assertThat(models.prefixes()).hasSize(3);
    assertThat(models.failures()).isEmpty();
  }

  @Test
  void aReleaseWithoutScoresIsAdmittedWithOneWarning() throws IOException {
    offer(new JsonObject());
    try (var log = new CapturedLog()) {
      assertThat(models.reload().getLong("loaded")).isEqualTo(3);
      models.reload();

      assertThat(log.plain())
          .filteredOn(line -> line.contains("without a comparison of its accuracy"))
          .singleElement()
          .asString()
          .contains(": it has no scores on held-back addresses");
    }

    offer(scores("full", 1000, 0.1));
    try (var log = new CapturedLog()) {
      assertThat(models.reload().getLong("loaded")).isEqualTo(3);

      assertThat(log.plain())
          .anyMatch(
              line -> line.contains(": the one in force has no scores on held-back addresses"));
    }
  }

  @Test
  void aPrefixThatIsSignificantlyWorseKeepsItsModelAlone() throws IOException {
    var before = models.current().fingerprints();
    offer(scores("full", 1000, 0.94));
    Releases.score(dir, "575", scores("full", 400, 0.60));
    Releases.score(dir, "180", scores("full", 400, 0.92));
    Releases.score(dir, "831", scores("full", 20, 0.10));

    var report = models.reload();

    assertThat(report.getLong("loaded")).isEqualTo(2);
    assertThat(report.getJsonObject("failed").getMap()).containsOnlyKeys("575");
    assertThat(report.getJsonObject("failed").getString("575"))
        .contains("full 60.00 % of 400 rows, was 95.00 % of 400");
    assertThat(models.current().fingerprints().get("575")).isEqualTo(before.get("575"));
    assertThat(models.current().fingerprints().get("180")).isNotEqualTo(before.get("180"));
    assertThat(models.current().fingerprints().get("831")).isNotEqualTo(before.get("831"));
    assertThat(models.status().degraded())
        .hasValue(
            "1 of 3 models go on as they were loaded, since the new ones are less accurate: 575");
    assertThat(refusals()).isEqualTo(1);
    assertThat(models.reload().getJsonObject("failed").getMap()).containsOnlyKeys("575");

    maxDrop = 1;

    assertThat(models.reload().getLong("loaded")).isEqualTo(1);
    assertThat(models.failures()).isEmpty();
    assertThat(models.current().fingerprints().get("575")).isNotEqualTo(before.get("575"));
  }

  @Test
  void aNodeOfAClusterDecidesByTheOverallScores() throws IOException {
    open(new OnePrefix());
    var before = models.current().release();
    offer(scores("full", 1000, 0.92));

    models.reload();

    assertThat(models.current().release()).isEqualTo(before);
    models.claim(Set.of("831")); // whose files are replaced
    assertThat(models.failures()).containsOnlyKeys("release", "831");

    offer(scores("full", 1000, 0.94));
    Releases.score(dir, "575", scores("full", 400, 0.10));
    models.reload();

    assertThat(models.failures()).isEmpty();
    assertThat(models.current().release()).isEqualTo(ModelStore.releaseIn(dir));
  }
}
