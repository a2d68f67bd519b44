package com.cpprediction.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks a release on disk as loading it does: digests, formats, sizes, and that every model
 * answers its golden addresses as it did when it was trained.
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
    try (var loader = new ModelLoader(TOLERANCE)) {
      var release = Release.open(directory);
      for (var prefix : release.manifests().keySet()) {
        models++;
        try {
          loader.load(release, prefix);
        } catch (ModelException e) {
          problems.add(prefix + ": " + e.getMessage());
        }
      }
    } catch (ModelException e) {
      problems.add(e.getMessage());
    }
    return new Verification(models, List.copyOf(problems));
  }
}
