package com.cpprediction.model;

import com.cpprediction.model.format.NationalStage;
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Locator;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The part of a release directory that is in force, held by this node or not.
 *
 * @param id SHA-256 over the manifests and the national stage; empty when there are none
 * @param named by prefix
 */
record ReleaseContent(String id, SortedMap<String, Named> named, National national) {
  static final ReleaseContent EMPTY = of(Collections.emptySortedMap(), National.NONE);

  /**
   * A model that the release names.
   *
   * @param digest of its manifest
   * @param files absent where this node need not know them, or can't
   */
  record Named(String digest, ScoringModel.@Nullable Files files) {}

  /**
   * The stage that names prefixes.
   *
   * @param stage absent when there is none, or it can't be used
   * @param digest its SHA-256, empty when there is none
   */
  record National(@Nullable NationalStage stage, String digest) {
    static final National NONE = new National(null, "");

    Locator locator() {
      if (stage != null) return stage;
      return digest.isEmpty() ? Locator.NONE : UNUSABLE;
    }

    boolean usable() {
      return digest.isEmpty() || stage != null && !stage.lost();
    }
  }

  private static final Locator UNUSABLE =
      text -> {
        throw NationalStage.UNUSABLE;
      };

  static ReleaseContent of(SortedMap<String, Named> named, National national) {
    var digests = new TreeMap<String, String>();
    named.forEach((prefix, model) -> digests.put(prefix, model.digest()));
    return new ReleaseContent(Release.id(digests, national.digest()), named, national);
  }

  /** Whether {@code loaded} is the model that the release names for its prefix. */
  boolean names(LoadedModel loaded) {
    var model = named.get(loaded.model().prefix());
    return model != null && model.digest().equals(loaded.digest());
  }

  /** Scoring fingerprints by prefix, of {@code held} and of the other models as far as known. */
  Map<String, String> fingerprints(SortedMap<String, LoadedModel> held, Engine engine) {
    var fingerprints = new HashMap<String, String>();
    named.forEach(
        (prefix, model) -> {
          if (model.files() == null) return;
          fingerprints.put(
              prefix, ScoringModel.fingerprint(model.files(), engine, national.digest()));
        });
    held.forEach(
        (prefix, loaded) ->
            fingerprints.put(
                prefix, ScoringModel.of(loaded.model(), national.digest()).fingerprint()));
    return fingerprints;
  }
}
