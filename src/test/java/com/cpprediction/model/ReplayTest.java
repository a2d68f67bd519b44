package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.model.Replay.Difference;
import com.cpprediction.model.Replay.Verdict;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Posterior;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.StoredPrediction;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ReplayTest {
  private static final String WRONG_PINCODE = "831001";
  private static final String WITHOUT_PINCODE = "Kadri Hills, near Kadri Temple, Mangalore";

  @TempDir private Path directory;

  @ParameterizedTest
  @EnumSource(Engine.class)
  void answersTheSameAgainWhateverTheEngineTheShareAndTheWayItWasLocated(Engine engine) {
    var release = SmallRelease.directory();
    var stored = new ArrayList<StoredPrediction>();
    for (double share : new double[] {0, 0.01, 0.25}) {
      stored.addAll(stored(release, engine, share));
    }

    try (var replay = new Replay(List.of(release))) {
      assertThat(stored).hasSizeGreaterThan(100);
      assertThat(stored)
          .allSatisfy(
              row -> assertThat(replay.replay(row).verdict()).as("%s", row).isSameAs(Verdict.SAME));
      var origin = replay.replay(stored.get(stored.size() - 1)).origin();
      assertThat(origin).isEqualTo(new Replay.Origin(release, engine));
    }
  }

  @Test
  void saysWhatDiffers() {
    var row = stored(SmallRelease.directory(), Engine.MAPPED, 0.01).get(0);
    var alternatives = new JsonArray(row.alternatives());
    var other = "CP-other";
    var changed =
        new StoredPrediction(
            row.id(),
            row.typed(),
            row.pincode(),
            row.pincodeField(),
            row.prefix(),
            row.fingerprint(),
            other,
            Math.nextUp(row.confidence()),
            "[]",
            "corrected",
            0.5f,
            "999999",
            row.wrongPincodes());

    try (var replay = new Replay(List.of(SmallRelease.directory()))) {
      var outcome = replay.replay(changed);

      assertThat(outcome.verdict()).isSameAs(Verdict.DIFFERS);
      assertThat(outcome.differences())
          .containsExactly(
              new Difference("prefix_source", "corrected", row.prefixSource()),
              new Difference("pincode_doubt", 0.5f, row.pincodeDoubt()),
              new Difference("pincode_believed", "999999", row.pincodeBelieved()),
              new Difference("cp", other, row.cp()),
              new Difference("confidence", changed.confidence(), row.confidence()),
              new Difference("alternatives", new JsonArray(), alternatives));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'Bejai Church Road, Mangalore 575004', 575001, pincode_doubt",
    "'Kadri Hills, near Kadri Temple, Mangalore', 575004, pincode"
  })
  void aChangedPincodeIsNoticed(String typed, String pincode, String field) {
    var release = SmallRelease.directory();
    StoredPrediction row;
    try (var models = Models.load(release)) {
      row = stored(models, typed, null, 0.01);
    }

    try (var replay = new Replay(List.of(release))) {
      var outcome = replay.replay(withPincode(row, pincode));

      assertThat(outcome.verdict()).isSameAs(Verdict.DIFFERS);
      assertThat(outcome.differences()).extracting(Difference::field).contains(field);
    }
  }

  @Test
  void aRowThatCannotBeAskedDiffers() {
    var row = stored(SmallRelease.directory(), Engine.MAPPED, 0.01).get(0);

    try (var replay = new Replay(List.of(SmallRelease.directory()))) {
      var outcome = replay.replay(withPincode(row, "x"));

      assertThat(outcome.verdict()).isSameAs(Verdict.DIFFERS);
      assertThat(outcome.problem()).contains("pincode must be six digits");
    }
  }

  private static StoredPrediction withPincode(StoredPrediction row, String pincode) {
    return new StoredPrediction(
        row.id(),
        row.typed(),
        row.pincode(),
        pincode,
        row.prefix(),
        row.fingerprint(),
        row.cp(),
        row.confidence(),
        row.alternatives(),
        row.prefixSource(),
        row.pincodeDoubt(),
        row.pincodeBelieved(),
        row.wrongPincodes());
  }

  @Test
  void findsAModelThatWasReloadedWithoutTheStageBesideIt() throws IOException {
    var another = SmallRelease.copyAnotherTo(directory.resolve("another"));
    var national = Release.open(SmallRelease.directory()).national().sha256();
    StoredPrediction row;
    try (var models = Models.load(another)) {
      var mixed = ScoringModel.of(models.scoring("575").model(), national);
      var typed = SmallRelease.rows("575").get(0).typed();
      var pincode = SmallRelease.rows("575").get(0).pincode();
      row =
          row(
              typed,
              pincode,
              Models.posterior(mixed, Address.of(typed, pincode), PincodeErrors.of(0.01)));
    }

    assertThat(verdict(row, another, SmallRelease.directory())).isSameAs(Verdict.SAME);
    assertThat(verdict(row, another)).isSameAs(Verdict.RELEASE_MISSING);
    assertThat(verdict(row, SmallRelease.directory())).isSameAs(Verdict.RELEASE_MISSING);
  }

  @Test
  void saysThatTheReleaseIsDamaged() throws IOException {
    var release = SmallRelease.copyTo(directory.resolve("damaged"));
    var row = stored(release, Engine.MAPPED, 0.01).get(0);
    var file = release.resolve(row.prefix() + "/model.mmap");
    var bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2]++;
    Files.write(file, bytes);

    try (var replay = new Replay(List.of(release))) {
      var outcome = replay.replay(row);

      assertThat(outcome.verdict()).isSameAs(Verdict.RELEASE_DAMAGED);
      assertThat(outcome.problem()).contains("model.mmap", "SHA-256");
    }
  }

  @Test
  void saysWhyAReleaseCouldNotBeAsked() throws IOException {
    var release = SmallRelease.copyTo(directory.resolve("damaged"));
    var row = stored(release, Engine.MAPPED, 0.01).get(0);
    Files.delete(release.resolve(row.prefix() + "/manifest.json"));

    try (var replay = new Replay(List.of(release))) {
      var outcome = replay.replay(row);

      assertThat(outcome.verdict()).isSameAs(Verdict.RELEASE_MISSING);
      assertThat(outcome.problem()).contains(release.toString(), "manifest.json is missing");
    }
  }

  @Test
  void refusesADirectoryWithoutARelease() {
    assertThatThrownBy(() -> new Replay(List.of(directory)))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("there is no " + directory.resolve("release.json"));
  }

  private static Verdict verdict(StoredPrediction row, Path... releases) {
    try (var replay = new Replay(List.of(releases))) {
      return replay.replay(row).verdict();
    }
  }

  /** What a service would have stored for some rows of each prefix, and one without pincode. */
  private static List<StoredPrediction> stored(Path release, Engine engine, double share) {
    var stored = new ArrayList<StoredPrediction>();
    try (var models = Models.load(release, engine)) {
      for (var prefix : SmallRelease.PREFIXES) {
        for (var row : SmallRelease.rows(prefix).subList(0, 20)) {
          stored.add(stored(models, row.typed(), row.pincode(), share));
          stored.add(stored(models, row.typed(), WRONG_PINCODE, share));
        }
      }
      stored.add(stored(models, WITHOUT_PINCODE, null, share));
    }
    return stored;
  }

  private static StoredPrediction stored(
      ModelStore models, String typed, String pincode, double share) {
    var address = Address.of(typed, pincode);
    var hypotheses = models.current().locate(address, PincodeErrors.of(share));
    var scores =
        hypotheses.prefixes().stream()
            .map(prefix -> new Scorer().score(models.scoring(prefix), address))
            .toList();
    return row(typed, address.pincode(), Posterior.of(address, hypotheses, scores));
  }

  private static StoredPrediction row(String typed, String field, Posterior posterior) {
    var candidates = posterior.scored().candidates();
    var belief = posterior.belief();
    var alternatives = new JsonArray();
    for (var candidate : candidates.subList(1, candidates.size())) {
      alternatives.add(
          new JsonObject().put("confidence", candidate.confidence()).put("cp", candidate.cp()));
    }
    return new StoredPrediction(
        PredictionIds.next(),
        typed,
        belief.pincode(),
        field,
        belief.prefix(),
        posterior.scored().fingerprint(),
        candidates.get(0).cp(),
        candidates.get(0).confidence(),
        alternatives.encode(),
        belief.source().label(),
        belief.doubt() == null ? null : belief.doubt().floatValue(),
        belief.believed(),
        belief.wrongPincodes());
  }
}
