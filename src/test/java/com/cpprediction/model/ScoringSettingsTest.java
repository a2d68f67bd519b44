package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.format.Release;
import com.cpprediction.training.SmallRelease;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScoringSettingsTest {
  private static final List<String> NATIONALS = List.of("a".repeat(64), "b".repeat(64), "");

  @Test
  void everyEngineStageAndModelHasAFingerprintOfItsOwn() {
    var release = Release.open(SmallRelease.directory());
    var fingerprints = new HashSet<String>();
    for (var prefix : List.of("180", "575")) {
      var manifest = release.manifest(prefix);
      for (var settings : ScoringSettings.all(NATIONALS)) {
        fingerprints.add(
            ScoringModel.fingerprint(manifest, settings.engine(), settings.national()));
      }
    }

    assertThat(fingerprints).hasSize(2 * 2 * 3).allMatch(one -> one.matches("[0-9a-f]{64}"));
  }
}
