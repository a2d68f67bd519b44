package com.cpprediction.model;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Locator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Answers again what was answered before, with the release, the engine and the trust in pincodes of
 * then: a scoring fingerprint covers them all, so the ones that make it are the right ones. Loads
 * only what it needs. Blocks; one thread.
 */
public final class Replay implements AutoCloseable {
  private static final int TRUSTS = 1_000; // 0.00 to 10.00

  private final List<Source> sources = new ArrayList<>();
  private final Map<String, Optional<Scoring>> found = new HashMap<>(); // by prefix@fingerprint
  private final Map<String, Locator> locators = new HashMap<>(); // the same
  private final double trust;
  private final Scorer scorer = new Scorer();

  /** A release that may be the one. */
  private record Source(Release release, Map<String, Manifest> manifests) {
    /** Null when the release has no such prefix, or a damaged one. */
    Manifest manifest(String prefix) {
      if (!release.manifests().containsKey(prefix)) return null;
      return manifests.computeIfAbsent(prefix, release::manifest);
    }

    String national() {
      return release.national() == null ? "" : release.national().sha256();
    }
  }

  /**
   * @param releases directories to look in
   * @param trust tried first; then every hundredth from 0 to 10
   * @throws ModelException when one of them holds no release
   */
  public Replay(List<Path> releases, double trust) {
    for (var directory : releases)
      sources.add(new Source(Release.open(directory), new HashMap<>()));
    this.trust = trust;
  }

  /**
   * What is answered now to {@code address}, by the model of {@code prefix} that had {@code
   * fingerprint}.
   *
   * @return empty when none of the releases has it
   * @throws ModelException when the one that has it is damaged
   */
  public Optional<List<Candidate>> answer(String prefix, String fingerprint, Address address) {
    var key = prefix + '@' + fingerprint;
    var scoring = found.computeIfAbsent(key, k -> find(k, prefix, fingerprint));
    return scoring.map(
        known -> {
          var within = scorer.score(known, address);
          if (address.pincode() != null) return within.candidates();
          var located = locators.get(key).locate(address.text());
          return located == null || !located.prefix().equals(prefix)
              ? List.of()
              : located.answer(within, 0).candidates();
        });
  }

  private Optional<Scoring> find(String key, String prefix, String fingerprint) {
    for (var source : sources) {
      var manifest = source.manifest(prefix);
      if (manifest == null) continue;
      for (var engine : Engine.values()) {
        var trusted =
            trusts()
                .filter(
                    t ->
                        Scoring.fingerprint(manifest, engine, source.national(), t)
                            .equals(fingerprint))
                .findFirst();
        if (trusted.isPresent()) {
          return Optional.of(load(key, source, prefix, engine, trusted.getAsDouble()));
        }
      }
    }
    return Optional.empty();
  }

  private DoubleStream trusts() {
    var steps = IntStream.rangeClosed(0, TRUSTS).mapToDouble(step -> step / 100.0);
    return DoubleStream.concat(DoubleStream.of(trust), steps);
  }

  private Scoring load(
      String key, Source source, String prefix, Engine engine, double pincodeTrust) {
    var loader = new ModelLoader(engine, Mapping.Kind.MAPPED);
    var national = loader.national(source.release());
    locators.put(key, national == null ? Locator.NONE : national);
    var model = loader.load(source.release(), prefix);
    return Scoring.of(model, pincodeTrust, source.national());
  }

  @Override
  public void close() {
    found.values().forEach(scoring -> scoring.ifPresent(known -> known.model().release()));
    found.clear();
  }
}
