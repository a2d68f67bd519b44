package com.cpprediction.model;

import com.cpprediction.prediction.Address;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks a release on disk: digests, formats, sizes, and that every model answers its golden
 * addresses as it did when it was trained.
 *
 * @param models models looked at
 * @param problems what is wrong, each with its prefix; empty when the release can be served
 */
public record Verification(int models, List<String> problems) {
  private static final double TOLERANCE = 1e-5;

  /** Blocks: reads every file. */
  public static Verification of(Path directory) {
    var problems = new ArrayList<String>();
    int models = 0;
    try {
      var release = Release.open(directory);
      for (var prefix : release.manifests().keySet()) {
        models++;
        try {
          verify(release, prefix);
        } catch (ModelException | IOException | IndexOutOfBoundsException e) {
          problems.add(prefix + ": " + e.getMessage());
        }
      }
    } catch (ModelException e) {
      problems.add(e.getMessage());
    }
    return new Verification(models, List.copyOf(problems));
  }

  private static void verify(Release release, String prefix) throws IOException {
    var manifest = release.manifest(prefix);
    var index = new PrefixIndex(ModelFile.map(release.verified(manifest.index())));
    try (var ranker = XgboostRanker.load(release.verified(manifest.ranker()).toAbsolutePath())) {
      var scoring = Scoring.of(new PrefixModel(manifest, index, ranker), 0);
      var addresses = manifest.golden().stream().map(Manifest.Golden::address).toList();
      if (addresses.isEmpty()) throw new ModelException("manifest has no golden address");
      check(manifest.golden(), scoring, addresses);
    }
  }

  private static void check(
      List<Manifest.Golden> golden, Scoring scoring, List<Address> addresses) {
    var answers = new Scorer().score(scoring, addresses);
    for (int i = 0; i < answers.size(); i++) {
      var best = answers.get(i).candidates().get(0);
      var expected = golden.get(i);
      if (!best.cp().equals(expected.cp())
          || Math.abs(best.confidence() - expected.confidence()) > TOLERANCE) {
        throw new ModelException(
            "golden address %d is answered %s (%.6f), not %s (%.6f)"
                .formatted(i, best.cp(), best.confidence(), expected.cp(), expected.confidence()));
      }
    }
  }
}
