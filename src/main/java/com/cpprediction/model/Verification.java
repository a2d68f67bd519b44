package com.cpprediction.model;

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
        } catch (ModelException e) {
          problems.add(prefix + ": " + e.getMessage());
        } catch (IOException | RuntimeException e) {
          problems.add(prefix + ": " + e);
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
      checkGolden(new PrefixModel(manifest, index, ranker));
    }
  }

  /**
   * @throws ModelException when the model doesn't answer its golden addresses as it did in training
   */
  static void checkGolden(PrefixModel model) {
    var golden = model.manifest().golden();
    if (golden.isEmpty()) throw new ModelException("manifest has no golden address");
    var addresses = golden.stream().map(Manifest.Golden::address).toList();
    var answers = new Scorer().score(Scoring.of(model, 0), addresses);
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
