package com.cpprediction.model;

import com.cpprediction.common.Labelled;
import com.cpprediction.model.format.Mapping;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.NationalStage;
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Located;
import com.cpprediction.prediction.Scored;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.StoredPrediction;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Predicts stored predictions again, each with the model and the settings that it was made with,
 * and compares. Blocks; for one thread. Its models are freed when it is closed.
 */
public final class Replay implements AutoCloseable {
  /** How a replay ended. */
  public enum Verdict implements Labelled {
    /** The same prediction, bit for bit. */
    SAME,
    /** Another prediction, or none. */
    DIFFERS,
    /** None of the releases has the model. */
    RELEASE_MISSING,
    /** The release that has the model can't be loaded any more. */
    RELEASE_DAMAGED;

    /** As reported, such as {@code release-missing}. */
    @Override
    public String label() {
      return Labelled.super.label().replace('_', '-');
    }
  }

  /**
   * The origin of a prediction.
   *
   * @param release directory of the release that holds the model
   */
  public record Origin(Path release, Engine engine, double pincodeTrust) {}

  /**
   * @param field as in the response of the service
   * @param stored its value in the row
   * @param replayed its value now, where there is one
   */
  public record Difference(String field, @Nullable Object stored, @Nullable Object replayed) {}

  /**
   * @param origin of a prediction whose release was found
   * @param problem why there is no prediction to compare, where there is more to say than the
   *     verdict; else empty
   */
  public record Outcome(
      Verdict verdict, @Nullable Origin origin, List<Difference> differences, String problem) {}

  /** The model and the settings behind a fingerprint. */
  private record Source(Path directory, Release release, ScoringSettings settings) {
    Origin origin() {
      return new Origin(directory, settings.engine(), settings.pincodeTrust());
    }
  }

  private final Map<Path, Release> releases = new LinkedHashMap<>();
  private final Map<Engine, ModelLoader> loaders = new EnumMap<>(Engine.class);
  private final Map<String, Optional<Source>> sources = new HashMap<>(); // by prefix, fingerprint
  private final Map<String, SortedSet<String>> unreadable = new HashMap<>(); // by prefix
  private final Map<String, PrefixModel> models = new HashMap<>(); // by release, prefix, engine
  private final Map<String, NationalStage> stages = new HashMap<>(); // by SHA-256
  private final Scorer scorer = new Scorer();

  /**
   * @param directories of the releases that may have the models
   * @throws ModelException when one of them holds no release
   */
  public Replay(List<Path> directories) {
    for (var directory : directories) releases.put(directory, Release.open(directory));
    for (var engine : Engine.values()) {
      loaders.put(engine, new ModelLoader(engine, Mapping.Kind.MAPPED));
    }
  }

  /** Predicts {@code stored} again; never fails because of its content. */
  public Outcome replay(StoredPrediction stored) {
    var found =
        sources.computeIfAbsent(
            stored.prefix() + ' ' + stored.fingerprint(), key -> source(stored));
    if (found.isEmpty()) {
      var problems = unreadable.getOrDefault(stored.prefix(), new TreeSet<>());
      return new Outcome(Verdict.RELEASE_MISSING, null, List.of(), String.join("; ", problems));
    }
    var source = found.get();
    try {
      var differences = differences(source, stored);
      var verdict = differences.isEmpty() ? Verdict.SAME : Verdict.DIFFERS;
      return new Outcome(verdict, source.origin(), differences, "");
    } catch (ServiceException e) {
      return new Outcome(Verdict.DIFFERS, source.origin(), List.of(), e.getMessage());
    } catch (ModelException e) {
      return new Outcome(Verdict.RELEASE_DAMAGED, source.origin(), List.of(), e.getMessage());
    }
  }

  /** Of all releases, since one prefix alone may have been reloaded from another. */
  private Optional<Source> source(StoredPrediction stored) {
    var nationals = nationals();
    for (var given : releases.entrySet()) {
      if (!given.getValue().manifests().containsKey(stored.prefix())) continue;
      try {
        var manifest = given.getValue().manifest(stored.prefix());
        var settings = ScoringSettings.of(stored.fingerprint(), manifest, nationals);
        if (settings.isPresent()) {
          return Optional.of(new Source(given.getKey(), given.getValue(), settings.get()));
        }
      } catch (ModelException e) { // another may have it
        unreadable
            .computeIfAbsent(stored.prefix(), prefix -> new TreeSet<>())
            .add(given.getKey() + ": " + e.getMessage());
      }
    }
    return Optional.empty();
  }

  private Set<String> nationals() {
    var digests = new LinkedHashSet<String>();
    for (var release : releases.values()) {
      if (release.national() != null) digests.add(release.national().sha256());
    }
    digests.add(""); // the service goes on without a stage that it can't load
    return digests;
  }

  private List<Difference> differences(Source source, StoredPrediction stored) {
    var differences = new ArrayList<Difference>();
    var address = Address.of(stored.typed(), stored.pincode());
    compare(differences, "pincode", stored.pincode(), address.pincode());
    var located = located(source, stored, address);
    compare(differences, "prefix", stored.prefix(), located == null ? null : located.prefix());
    if (located == null || !differences.isEmpty()) return differences;
    var scoring =
        new ScoringModel(
            model(source, stored.prefix()), source.settings().pincodeTrust(), stored.fingerprint());
    compare(differences, stored, located.whole(scorer.score(scoring, address), 0));
    return differences;
  }

  private static void compare(
      List<Difference> differences, StoredPrediction stored, Scored replayed) {
    var candidates = replayed.candidates();
    var alternatives = new JsonArray();
    candidates.stream().skip(1).map(Replay::json).forEach(alternatives::add);
    compare(differences, "cp", stored.cp(), candidates.get(0).cp());
    compare(differences, "confidence", stored.confidence(), candidates.get(0).confidence());
    compare(differences, "alternatives", decoded(stored.alternatives()), alternatives);
  }

  private static JsonObject json(Candidate candidate) {
    return new JsonObject().put("cp", candidate.cp()).put("confidence", candidate.confidence());
  }

  private static void compare(
      List<Difference> differences,
      String field,
      @Nullable Object stored,
      @Nullable Object replayed) {
    if (!Objects.equals(stored, replayed)) {
      differences.add(new Difference(field, stored, replayed));
    }
  }

  private static Object decoded(String json) {
    try {
      return Json.decodeValue(json);
    } catch (DecodeException e) {
      return json;
    }
  }

  private @Nullable Located located(Source source, StoredPrediction stored, Address address) {
    if (Located.Source.of(stored.pincode()) == Located.Source.PINCODE) {
      return Located.byPincode(stored.prefix());
    }
    var digest = source.settings().national();
    return digest.isEmpty() ? null : stage(digest).locate(address.text());
  }

  private NationalStage stage(String digest) {
    return stages.computeIfAbsent(
        digest,
        unseen -> {
          var release =
              releases.values().stream()
                  .filter(r -> r.national() != null && r.national().sha256().equals(digest))
                  .findFirst()
                  .orElseThrow();
          return Objects.requireNonNull(loader(Engine.MAPPED).national(release));
        });
  }

  private ModelLoader loader(Engine engine) {
    return Objects.requireNonNull(loaders.get(engine));
  }

  private PrefixModel model(Source source, String prefix) {
    var engine = source.settings().engine();
    return models.computeIfAbsent(
        String.join(" ", engine.label(), prefix, source.directory().toString()),
        unseen -> loader(engine).load(source.release(), prefix));
  }

  @Override
  public void close() {
    models.values().forEach(PrefixModel::release);
    models.clear();
  }
}
