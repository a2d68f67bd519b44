package com.cpprediction.model;

import com.cpprediction.common.Labelled;
import com.cpprediction.model.format.Mapping;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.NationalStage;
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Posterior;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.StoredPrediction;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;
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
   * @param release directory of the release that holds the model of the first prefix
   */
  public record Origin(Path release, Engine engine) {}

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

  /** A model and the settings that it scores with. */
  private record Source(
      Path directory, Release release, ScoringSettings settings, String fingerprint) {
    Origin origin() {
      return new Origin(directory, settings.engine());
    }
  }

  /**
   * A way in which a prediction can have been made.
   *
   * @param sources one for each prefix of {@code hypotheses}; absent where its model was not asked
   */
  private record Way(Hypotheses hypotheses, List<@Nullable Source> sources) {
    String fingerprint() {
      return Posterior.fingerprint(asked().map(Source::fingerprint).toList());
    }

    /** One release places an address, so all of its models go with one national stage. */
    boolean suits(Source source) {
      return asked()
          .allMatch(one -> one.settings().national().equals(source.settings().national()));
    }

    Stream<Source> asked() {
      return sources.stream().filter(Objects::nonNull);
    }
  }

  private static final String OLDER =
      "a version that trusted every pincode made it; replay it with that version";

  private static final Set<Failure> REFUSED =
      EnumSet.of(Failure.UNKNOWN_PREFIX, Failure.PINCODE_REQUIRED);

  private final Map<Path, Release> releases = new LinkedHashMap<>();
  private final Map<Engine, ModelLoader> loaders = new EnumMap<>(Engine.class);
  private final Map<String, List<Source>> sources = new HashMap<>(); // by prefix
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
    var errors = stored.wrongPincodes();
    if (errors == null) return new Outcome(Verdict.RELEASE_MISSING, null, List.of(), OLDER);
    Outcome differs = null;
    try {
      var address = Address.of(stored.typed(), stored.pincodeField());
      for (var hypotheses : hypotheses(address, errors)) {
        for (var way : ways(hypotheses)) {
          if (!way.fingerprint().equals(stored.fingerprint())) continue;
          var outcome = replay(way, address, stored);
          if (outcome.verdict() == Verdict.SAME) return outcome;
          if (differs == null) differs = outcome;
        }
      }
    } catch (ServiceException e) { // the row was changed
      return new Outcome(Verdict.DIFFERS, null, List.of(), e.getMessage());
    }
    return differs != null ? differs : missing(stored);
  }

  private Outcome missing(StoredPrediction stored) {
    for (var source : sources(stored.prefix())) {
      if (source.fingerprint().equals(stored.fingerprint())) {
        var difference = new Difference("prefix", stored.prefix(), null);
        return new Outcome(Verdict.DIFFERS, source.origin(), List.of(difference), "");
      }
    }
    var problems = unreadable.getOrDefault(stored.prefix(), new TreeSet<>());
    return new Outcome(Verdict.RELEASE_MISSING, null, List.of(), String.join("; ", problems));
  }

  private Outcome replay(Way way, Address address, StoredPrediction stored) {
    var origin = way.asked().findFirst().orElseThrow().origin();
    try {
      var scores = new ArrayList<@Nullable PrefixScores>();
      for (int i = 0; i < way.sources().size(); i++) {
        var source = way.sources().get(i);
        var prefix = way.hypotheses().likely().get(i).prefix();
        scores.add(source == null ? null : scores(source, prefix, address));
      }
      var differences = differences(stored, Posterior.of(address, way.hypotheses(), scores));
      var verdict = differences.isEmpty() ? Verdict.SAME : Verdict.DIFFERS;
      return new Outcome(verdict, origin, differences, "");
    } catch (ModelException e) {
      return new Outcome(Verdict.RELEASE_DAMAGED, origin, List.of(), e.getMessage());
    }
  }

  private PrefixScores scores(Source source, String prefix, Address address) {
    return scorer.score(new ScoringModel(model(source, prefix), source.fingerprint()), address);
  }

  /**
   * What each release can have taken {@code address} for, with each national stage there is: by
   * words and pincodes, and by the first pincode alone, as while the stage can't be used or another
   * node serves another release.
   */
  private Set<Hypotheses> hypotheses(Address address, PincodeErrors errors) {
    var all = new LinkedHashSet<Hypotheses>();
    for (var release : releases.values()) {
      var prefixes = release.manifests().keySet();
      for (var national : nationals()) {
        var locator = national.isEmpty() ? Locator.NONE : stage(national);
        add(all, () -> new PrefixLocator(prefixes, locator).locate(address, errors));
      }
      if (!address.candidates().isEmpty()) {
        add(all, () -> new PrefixLocator(prefixes, Locator.NONE).locate(address, errors));
      }
    }
    return all;
  }

  private static void add(Set<Hypotheses> all, Supplier<Hypotheses> locating) {
    try {
      all.add(locating.get());
    } catch (ServiceException e) {
      if (!REFUSED.contains(e.failure())) throw e; // this release has no model of the place
    }
  }

  /** With all models of the prefixes, then without some, as while they are not served. */
  private List<Way> ways(Hypotheses hypotheses) {
    var ways = List.of(new Way(hypotheses, List.of()));
    for (var located : hypotheses.likely()) {
      var longer = new ArrayList<Way>();
      for (var way : ways) {
        for (var source : sources(located.prefix())) {
          if (way.suits(source)) longer.add(extended(way, source));
        }
      }
      for (var way : ways) longer.add(extended(way, null));
      ways = longer;
    }
    return ways.stream().filter(way -> way.asked().findAny().isPresent()).toList();
  }

  private static Way extended(Way way, @Nullable Source source) {
    var sources = new ArrayList<@Nullable Source>(way.sources());
    sources.add(source);
    return new Way(way.hypotheses(), sources);
  }

  /** The models of {@code prefix} in all releases, since one prefix alone may be reloaded. */
  private List<Source> sources(String prefix) {
    return sources.computeIfAbsent(prefix, this::readSources);
  }

  private List<Source> readSources(String prefix) {
    var found = new ArrayList<Source>();
    for (var given : releases.entrySet()) {
      if (!given.getValue().manifests().containsKey(prefix)) continue;
      try {
        var manifest = given.getValue().manifest(prefix);
        for (var settings : ScoringSettings.all(nationals())) {
          var fingerprint =
              ScoringModel.fingerprint(manifest, settings.engine(), settings.national());
          found.add(new Source(given.getKey(), given.getValue(), settings, fingerprint));
        }
      } catch (ModelException e) { // another may have it
        unreadable
            .computeIfAbsent(prefix, none -> new TreeSet<>())
            .add(given.getKey() + ": " + e.getMessage());
      }
    }
    return found;
  }

  private Set<String> nationals() {
    var digests = new LinkedHashSet<String>();
    for (var release : releases.values()) {
      if (release.national() != null) digests.add(release.national().sha256());
    }
    digests.add(""); // the service goes on without a stage that it can't load
    return digests;
  }

  private static List<Difference> differences(StoredPrediction stored, Posterior replayed) {
    var differences = new ArrayList<Difference>();
    var belief = replayed.belief();
    var doubt = belief.doubt();
    compare(differences, "pincode", stored.pincode(), belief.pincode());
    compare(differences, "prefix", stored.prefix(), belief.prefix());
    compare(differences, "prefix_source", stored.prefixSource(), belief.source().label());
    compare(
        differences,
        "pincode_doubt",
        stored.pincodeDoubt(),
        doubt == null ? null : doubt.floatValue());
    compare(differences, "pincode_believed", stored.pincodeBelieved(), belief.believed());
    var candidates = replayed.scored().candidates();
    var alternatives = new JsonArray();
    candidates.stream().skip(1).map(Replay::json).forEach(alternatives::add);
    compare(differences, "cp", stored.cp(), candidates.get(0).cp());
    compare(differences, "confidence", stored.confidence(), candidates.get(0).confidence());
    compare(differences, "alternatives", decoded(stored.alternatives()), alternatives);
    return differences;
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
    stages.values().forEach(NationalStage::release);
    stages.clear();
  }
}
