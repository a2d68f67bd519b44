package com.cpprediction.model;

import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.Mapping;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.ModelException.Reason;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.NationalStage;
import com.cpprediction.model.format.Release;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Makes models of the files of a release, and trusts none of them: digests first, then sizes,
 * formats and every offset, then golden addresses. Thread-safe; blocks.
 */
final class ModelLoader {
  private final Engine engine;
  private final Mapping.Kind mapping;
  private final Rankers rankers = new Rankers();

  ModelLoader(Engine engine, Mapping.Kind mapping) {
    this.engine = engine;
    this.mapping = mapping;
  }

  Engine engine() {
    return engine;
  }

  Mapping.Kind mapping() {
    return mapping;
  }

  /**
   * @return a model in use once: by the caller
   * @throws ModelException when the model of {@code prefix} can't be used; the message says why
   */
  PrefixModel load(Release release, String prefix) {
    var manifest = release.manifest(prefix);
    release.read(manifest.ranker()); // part of the model, though the mapped engine does not read it
    var model = make(release, manifest);
    try {
      checkGolden(model);
      return model;
    } catch (RuntimeException e) {
      model.release();
      throw e;
    }
  }

  /**
   * Loads a model again that {@link #load} found good: files, digests and offsets, without the
   * golden addresses.
   *
   * @return a model in use once: by the caller
   * @throws ModelException when it can't be used any more; the message says why
   */
  PrefixModel again(Release release, Manifest manifest) {
    return make(release, manifest);
  }

  /**
   * Reads the files of a model without making one of them: whether they are those that {@code
   * release} names.
   *
   * @throws ModelException when they are not; the message says why
   */
  void verify(Release release, String prefix) {
    var manifest = release.manifest(prefix);
    release.read(manifest.ranker());
    release.read(manifest.forest());
    release.verify(manifest.index());
  }

  /**
   * The national stage of a release.
   *
   * @return one in use once: by the caller; absent when the release has none
   * @throws ModelException when it can't be used; the message says why
   */
  @Nullable NationalStage national(Release release) {
    var file = release.national();
    if (file == null) return null;
    try {
      var content = release.map(file, mapping);
      try {
        return NationalStage.of(content, file.sha256());
      } catch (RuntimeException e) {
        content.close();
        throw e;
      }
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private static ModelException unreadable(IOException e) {
    return new ModelException(Reason.UNREADABLE, "cannot be read: " + e.getMessage(), e);
  }

  private PrefixModel make(Release release, Manifest manifest) {
    Mapping content;
    try {
      content = release.map(manifest.index(), mapping);
    } catch (IOException e) {
      throw unreadable(e);
    }
    try {
      return make(release, manifest, content);
    } catch (RuntimeException e) {
      content.close();
      throw e;
    }
  }

  private PrefixModel make(Release release, Manifest manifest, Mapping content) {
    var mapped =
        PrefixModel.of(
            manifest, ModelFile.of(content.bytes()), release.forest(manifest.forest()), content);
    if (engine == Engine.MAPPED) return mapped;
    var ranker = rankers.acquire(release, manifest.ranker());
    return mapped.rankedBy(
        ranker,
        () -> {
          rankers.release(manifest.ranker());
          content.close();
        });
  }

  /** Also warms the model. */
  private static void checkGolden(PrefixModel model) {
    var golden = model.manifest().golden();
    if (golden.isEmpty()) throw new ModelException("manifest has no golden address");
    var scorer = new Scorer();
    for (int i = 0; i < golden.size(); i++) {
      var ranked =
          scorer.rank(
              model.index(), model.forest().votes(), model.ranker(), golden.get(i).address());
      var expected = golden.get(i).answers();
      for (int place = 0; place < expected.size(); place++) {
        if (place < ranked.size() && isClose(ranked.get(place), expected.get(place))) continue;
        throw new ModelException(
            Reason.PARITY,
            "golden address %d is answered %s, XGBoost answered %s"
                .formatted(i, ranked.subList(0, Math.min(ranked.size(), place + 1)), expected));
      }
    }
  }

  private static boolean isClose(Manifest.Golden.Answer is, Manifest.Golden.Answer must) {
    return is.cp().equals(must.cp()) && Math.abs(is.score() - must.score()) <= Parity.TOLERANCE;
  }
}
