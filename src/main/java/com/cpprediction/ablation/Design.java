package com.cpprediction.ablation;

import com.cpprediction.config.LoadedConfig;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The variants to measure, and the contrasts between them. Immutable. */
public final class Design {
  private static final String BASELINE = "a";
  private static final String TESTED = "b";

  /** Maximum number of changed keys in a label. */
  private static final int NAMED = 3;

  private static final Contrast ALL =
      new Contrast(
          List.of("all_against_unoptimised"),
          "all of them",
          "",
          State.ALL.id(),
          State.UNOPTIMISED.id());

  private final String title;
  private final List<Variant> variants;
  private final List<Group> groups;
  private final @Nullable List<String> changes; // null for an ablation

  /** Contrasts that share a table. */
  record Group(String title, List<Contrast> contrasts) {}

  /**
   * A configuration to compare.
   *
   * @param name in reports
   * @param models absolute directory of the release to serve
   */
  public record Configuration(String name, LoadedConfig loaded, Path models) {}

  private Design(
      String title, List<Variant> variants, List<Group> groups, @Nullable List<String> changes) {
    this.title = title;
    this.variants = List.copyOf(variants);
    this.groups = List.copyOf(groups);
    this.changes = changes == null ? null : List.copyOf(changes);
  }

  /**
   * The states of the optimisations.
   *
   * @param words ids of optimisations and of states; empty for all states
   * @throws IllegalArgumentException naming an unknown word
   */
  public static Design ablation(List<String> words) {
    return ablationOf(words.isEmpty() ? State.every() : State.named(words));
  }

  private static Design ablationOf(List<State> states) {
    var alone = Stream.concat(optimisations().map(Design::alone), Stream.of(ALL)).toList();
    return new Design(
        "What each optimisation brings",
        states.stream().map(State::variant).toList(),
        List.of(
            new Group("Alone, against unoptimised", alone),
            new Group(
                "With all the others, against all but it",
                optimisations().map(Design::last).toList())),
        null);
  }

  /** Two configurations; {@code tested} is compared with {@code baseline}. */
  public static Design comparison(Configuration baseline, Configuration tested) {
    return comparison(
        Variant.of(BASELINE, baseline),
        Variant.of(TESTED, tested),
        changes(baseline.loaded().toJson(), tested.loaded().toJson()));
  }

  private static Design comparison(Variant baseline, Variant tested, List<String> changes) {
    var title = "%s against %s".formatted(tested.label(), baseline.label());
    var contrast =
        new Contrast(
            List.of("b_against_a"), tested.label(), shortened(changes), tested.id(), baseline.id());
    return new Design(
        title, List.of(baseline, tested), List.of(new Group(title, List.of(contrast))), changes);
  }

  private static List<String> changes(JsonObject before, JsonObject after) {
    var changes = new ArrayList<String>();
    for (var key : before.fieldNames()) {
      var old = before.getJsonObject(key).getValue("value");
      var now = after.getJsonObject(key).getValue("value");
      if (Variant.isOwn(key) || Objects.equals(old, now)) continue;
      changes.add("%s: %s → %s".formatted(key, Json.encode(old), Json.encode(now)));
    }
    return changes;
  }

  private static String shortened(List<String> changes) {
    int more = changes.size() - NAMED;
    var named = String.join(", ", changes.subList(0, Math.min(NAMED, changes.size())));
    return more > 0 ? "%s and %d more".formatted(named, more) : named;
  }

  private static Stream<Optimisation> optimisations() {
    return Arrays.stream(Optimisation.values());
  }

  /** An optimisation with everything else switched off. */
  static Contrast alone(Optimisation one) {
    return new Contrast(
        List.of("alone_against_unoptimised", one.id()),
        one.label(),
        one.change(),
        State.only(one).id(),
        State.UNOPTIMISED.id());
  }

  /** An optimisation with everything else switched on. */
  static Contrast last(Optimisation one) {
    return new Contrast(
        List.of("all_against_all_but_one", one.id()),
        one.label(),
        one.change(),
        State.ALL.id(),
        State.allBut(one).id());
  }

  /** All optimisations together. */
  static Contrast all() {
    return ALL;
  }

  /** Title of the report. */
  String title() {
    return title;
  }

  /** In the order of tables. */
  List<Variant> variants() {
    return variants;
  }

  List<Group> groups() {
    return groups;
  }

  Stream<Contrast> contrasts() {
    return groups.stream().flatMap(group -> group.contrasts().stream());
  }

  /** Whether the variants are states of the optimisations, rather than two configurations. */
  boolean isAblation() {
    return changes == null;
  }

  /** Name for a variant in reports. */
  String unit() {
    return isAblation() ? "state" : "configuration";
  }

  /** Changed keys with both values, from baseline to tested; secrets and own keys left out. */
  List<String> changes() {
    return changes == null ? List.of() : changes;
  }

  /** Adds the design to the plan of a recording. */
  void describe(JsonObject plan) {
    var ids = new JsonArray();
    variants.forEach(variant -> ids.add(variant.id()));
    plan.put("states", ids);
    if (changes == null) return;
    var names = new JsonObject();
    variants.forEach(variant -> names.put(variant.id(), variant.label()));
    plan.put("compared", names.put("changes", new JsonArray(changes)));
  }

  /** Configuration of each variant, by id. */
  JsonObject configurations() {
    var configurations = new JsonObject();
    if (isAblation()) State.every().forEach(s -> configurations.put(s.id(), s.config()));
    else variants.forEach(variant -> configurations.put(variant.id(), variant.config()));
    return configurations;
  }

  /**
   * The design of a recording.
   *
   * @param plan as {@link #describe} completed it
   * @param configurations as {@link #configurations} returned them
   * @throws RuntimeException of any kind when they are not
   */
  static Design from(JsonObject plan, JsonObject configurations) {
    var compared = plan.getJsonObject("compared");
    if (compared == null) {
      return ablationOf(
          plan.getJsonArray("states").stream()
              .map(id -> State.of((String) id).orElseThrow())
              .toList());
    }
    var changes = compared.getJsonArray("changes").stream().map(String.class::cast).toList();
    return comparison(
        variant(BASELINE, compared, configurations),
        variant(TESTED, compared, configurations),
        changes);
  }

  private static Variant variant(String id, JsonObject compared, JsonObject configurations) {
    return new Variant(id, compared.getString(id), configurations.getJsonObject(id));
  }

  /** The variant with that id. */
  Variant variant(String id) {
    return variants.stream().filter(one -> one.id().equals(id)).findFirst().orElseThrow();
  }
}
