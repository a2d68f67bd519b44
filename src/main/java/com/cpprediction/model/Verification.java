package com.cpprediction.model;

import com.cpprediction.model.format.Mapping;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.Release;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Checks a release on disk: all that loading it does, with either engine, and that every forest in
 * it equals XGBoost's model on {@link Parity#ROWS} rows made to tell them apart.
 *
 * @param models models looked at
 * @param problems what is wrong, each with its prefix; empty when the release can be served
 */
public record Verification(int models, List<String> problems) {
  private static final long SEED = 1;

  /** Blocks: reads every file. */
  public static Verification of(Path directory) {
    var problems = new ArrayList<String>();
    int models = 0;
    try {
      var release = Release.open(directory);
      var verifier = new Verifier(release);
      verifier.verifyNational(problems);
      for (var prefix : release.manifests().keySet()) {
        models++;
        try {
          verifier.verify(prefix);
        } catch (ModelException e) {
          problems.add(prefix + ": " + e.getMessage());
        }
      }
    } catch (ModelException e) {
      problems.add(e.getMessage());
    }
    return new Verification(models, List.copyOf(problems));
  }

  /**
   * As {@link #of}, with the admission of the release beside another one: what a service that
   * serves {@code served} would refuse for its accuracy is a problem, too. Blocks.
   *
   * @param maxDrop as {@link ModelStore#limitDrop}
   */
  public static Verification against(Path directory, Path served, double maxDrop) {
    var verification = of(directory);
    var problems = new ArrayList<>(verification.problems);
    try {
      compare(Release.open(directory), Release.open(served), maxDrop, problems);
    } catch (ModelException e) {
      if (!problems.contains(e.getMessage())) problems.add(e.getMessage());
    }
    return new Verification(verification.models, List.copyOf(problems));
  }

  private static void compare(
      Release release, Release served, double maxDrop, List<String> problems) {
    var scores = release.comparable(served.id(), served.scores());
    if (!HeldBackAccuracy.comparable(scores, release.scores())) {
      problems.add("there are no scores on held-back addresses to compare");
    }
    HeldBackAccuracy.worse(scores, release.scores(), maxDrop)
        .ifPresent(figures -> problems.add("the release " + figures));
    served
        .manifests()
        .forEach(
            (prefix, digest) -> {
              var other = release.manifests().get(prefix);
              if (other == null || other.equals(digest)) return;
              HeldBackAccuracy.prefixWorse(
                      served.manifest(prefix).scores(), release.manifest(prefix).scores(), maxDrop)
                  .ifPresent(figures -> problems.add(prefix + ": the model " + figures));
            });
  }

  /** Compares what prefixes share once. */
  private static final class Verifier {
    private final Release release;
    private final ModelLoader mapped = new ModelLoader(Engine.MAPPED, Mapping.Kind.MAPPED);
    private final ModelLoader xgboost = new ModelLoader(Engine.XGBOOST, Mapping.Kind.HEAP);
    private final Map<List<String>, Optional<String>> differences = new HashMap<>();

    Verifier(Release release) {
      this.release = release;
    }

    void verifyNational(List<String> problems) {
      try {
        mapped.national(release);
      } catch (ModelException e) {
        problems.add("national: " + e.getMessage());
      }
    }

    void verify(String prefix) {
      mapped.load(release, prefix).release();
      var model = xgboost.load(release, prefix);
      try {
        differences
            .computeIfAbsent(
                List.of(model.manifest().ranker().sha256(), model.forest().sha256()),
                pair -> Parity.difference(model.ranker(), model.forest(), SEED))
            .ifPresent(
                difference -> {
                  throw new ModelException(ModelException.Reason.PARITY, difference);
                });
      } finally {
        model.release();
      }
    }
  }
}
