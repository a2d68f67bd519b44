package com.cpprediction.model;

import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.Release;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * XGBoost's models, each loaded once and shared by the prefixes whose manifests name it, until the
 * last of them gives it back. Thread-safe.
 */
final class Rankers {
  private final Map<String, Shared> byDigest = new ConcurrentHashMap<>();

  private record Shared(XgboostRanker ranker, int users) {}

  /** Blocks: loads native code. To be given back with {@link #release}. */
  XgboostRanker acquire(Release release, Manifest.FileRef file) {
    return byDigest
        .compute(
            file.sha256(),
            (digest, shared) ->
                shared == null
                    ? new Shared(XgboostRanker.of(release.read(file)), 1)
                    : new Shared(shared.ranker(), shared.users() + 1))
        .ranker();
  }

  void release(Manifest.FileRef file) {
    byDigest.computeIfPresent(
        file.sha256(),
        (digest, shared) -> {
          if (shared.users() > 1) return new Shared(shared.ranker(), shared.users() - 1);
          shared.ranker().close();
          return null;
        });
  }
}
