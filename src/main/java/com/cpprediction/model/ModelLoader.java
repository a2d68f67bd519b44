package com.cpprediction.model;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Makes models of the files of a release, and trusts none of them: digests first, then sizes and
 * formats, then golden addresses. A ranker that several prefixes name is loaded once. Thread-safe;
 * blocks.
 */
final class ModelLoader implements AutoCloseable {
  private final Map<String, Ranker> rankers = new ConcurrentHashMap<>(); // by SHA-256
  private final double tolerance;

  /**
   * @param tolerance by how much the confidence of a golden answer may differ: the last digits of
   *     logarithms do between processors
   */
  ModelLoader(double tolerance) {
    this.tolerance = tolerance;
  }

  /**
   * @throws ModelException when the model of {@code prefix} can't be used; the message says why
   */
  PrefixModel load(Release release, String prefix) {
    try {
      var manifest = release.manifest(prefix);
      var index = new PrefixIndex(release.map(manifest.index()));
      if (!index.cpCodes().equals(manifest.cps())) {
        throw new ModelException("manifest and index differ in their CPs");
      }
      var model = new PrefixModel(manifest, index, ranker(release, manifest.ranker()));
      checkGolden(model);
      return model;
    } catch (IOException e) {
      throw new ModelException("cannot be read: " + e.getMessage(), e);
    } catch (IndexOutOfBoundsException e) {
      throw new ModelException("the index points outside of itself", e);
    }
  }

  private Ranker ranker(Release release, Manifest.FileRef file) {
    return rankers.computeIfAbsent(file.sha256(), digest -> XgboostRanker.of(release.read(file)));
  }

  /** Also warms the model. */
  private void checkGolden(PrefixModel model) {
    var golden = model.manifest().golden();
    if (golden.isEmpty()) throw new ModelException("manifest has no golden address");
    var addresses = golden.stream().map(Manifest.Golden::address).toList();
    var answers = new Scorer().score(Scoring.of(model, 0), addresses);
    for (int i = 0; i < answers.size(); i++) {
      var best = answers.get(i).candidates().get(0);
      var expected = golden.get(i);
      if (!best.cp().equals(expected.cp())
          || Math.abs(best.confidence() - expected.confidence()) > tolerance) {
        throw new ModelException(
            "golden address %d is answered %s (%.6f), not %s (%.6f)"
                .formatted(i, best.cp(), best.confidence(), expected.cp(), expected.confidence()));
      }
    }
  }

  /** Frees the rankers; no model loaded here may score any more. */
  @Override
  public void close() {
    rankers.values().forEach(Ranker::close);
  }
}
