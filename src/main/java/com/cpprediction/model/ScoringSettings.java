package com.cpprediction.model;

import com.cpprediction.config.PredictionConfig;
import com.cpprediction.model.format.Manifest;
import java.util.Collection;
import java.util.Optional;

/**
 * The settings that decide the scores of a model beside its own files.
 *
 * @param national SHA-256 of the stage that names prefixes, empty when there is none
 */
record ScoringSettings(Engine engine, double pincodeTrust, String national) {
  /**
   * The settings under which a model has a scoring fingerprint, found by trying every pincode trust
   * and engine there is: 2,002 digests, a few milliseconds, for each of {@code nationals}.
   */
  static Optional<ScoringSettings> of(
      String fingerprint, Manifest manifest, Collection<String> nationals) {
    var trusts = PredictionConfig.pincodeTrusts().toArray();
    for (var national : nationals) {
      for (var engine : Engine.values()) {
        for (double trust : trusts) {
          if (ScoringModel.fingerprint(manifest, engine, national, trust).equals(fingerprint)) {
            return Optional.of(new ScoringSettings(engine, trust, national));
          }
        }
      }
    }
    return Optional.empty();
  }
}
