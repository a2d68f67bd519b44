package com.cpprediction.model;

import com.cpprediction.json.Digests;
import com.cpprediction.model.format.Features;
import com.cpprediction.model.format.Manifest;
import com.cpprediction.prediction.PincodeEvidence;
import java.nio.charset.StandardCharsets;

/**
 * A model together with the settings that decide its scores.
 *
 * @param fingerprint scoring fingerprint: SHA-256 in hex over everything that can change a score
 */
public record ScoringModel(PrefixModel model, String fingerprint) {
  /**
   * Scores with {@code model} as it is configured now.
   *
   * @param national SHA-256 of the national stage, empty when there is none
   */
  public static ScoringModel of(PrefixModel model, String national) {
    var fingerprint = fingerprint(model.manifest(), model.engine(), national);
    return new ScoringModel(model, fingerprint);
  }

  /** The scoring fingerprint of the model that {@code manifest} describes. */
  static String fingerprint(Manifest manifest, Engine engine, String national) {
    return fingerprint(Files.of(manifest), engine, national);
  }

  /** The files that decide the scores of a model: all that has to be known of a model elsewhere. */
  record Files(String prefix, String index, String ranker, String forest) {
    static Files of(Manifest manifest) {
      return new Files(
          manifest.prefix(),
          manifest.index().sha256(),
          manifest.ranker().sha256(),
          manifest.forest().sha256());
    }
  }

  /** The scoring fingerprint of the model that is made of {@code files}. */
  static String fingerprint(Files files, Engine engine, String national) {
    var all =
        String.join(
            "\n",
            "prefix " + files.prefix(),
            "index " + files.index(),
            "ranker " + files.ranker(),
            "forest " + files.forest(),
            "features " + Features.SCHEMA,
            Scorer.DEFINITION,
            "national " + national,
            "engine " + engine.label(),
            "pincode evidence " + PincodeEvidence.VERSION);
    return Digests.sha256Hex(all.getBytes(StandardCharsets.UTF_8));
  }
}
