package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.Release;
import com.cpprediction.training.SmallRelease;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScoringSettingsTest {
  private static final List<String> NATIONALS = List.of("a".repeat(64), "b".repeat(64), "");

  private final Manifest manifest = Release.open(SmallRelease.directory()).manifest("575");

  @ParameterizedTest
  @CsvSource({
    "MAPPED, 0, 0",
    "MAPPED, 0.29, 1",
    "MAPPED, 10, 2",
    "XGBOOST, 0.57, 0",
    "XGBOOST, 3.33, 2",
    "XGBOOST, 9.99, 1"
  })
  void findsTheSettingsBehindAFingerprint(Engine engine, double trust, int national) {
    var settings = new ScoringSettings(engine, trust, NATIONALS.get(national));
    var fingerprint = ScoringModel.fingerprint(manifest, engine, settings.national(), trust);

    assertThat(ScoringSettings.of(fingerprint, manifest, NATIONALS)).contains(settings);
  }

  @Test
  void findsNoneBehindTheFingerprintOfAnotherModelOrStage() {
    var other = Release.open(SmallRelease.directory()).manifest("180");

    assertThat(found(ScoringModel.fingerprint(other, Engine.MAPPED, "", 0.5))).isFalse();
    assertThat(found(ScoringModel.fingerprint(manifest, Engine.MAPPED, "c".repeat(64), 0.5)))
        .isFalse();
    assertThat(found(ScoringModel.fingerprint(manifest, Engine.MAPPED, "", 0.505))).isFalse();
    assertThat(found("")).isFalse();
  }

  private boolean found(String fingerprint) {
    return ScoringSettings.of(fingerprint, manifest, NATIONALS).isPresent();
  }
}
