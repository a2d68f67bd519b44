package com.cpprediction.ablation;

import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Set of optimisations that are switched on: none, one, all but one, or all. */
record State(Set<Optimisation> on) {
  private static final String ONLY = "only-";
  private static final String ALL_BUT = "all-but-";

  /** All optimisations switched off. */
  static final State UNOPTIMISED = new State(Set.of());

  /** All optimisations switched on: the default configuration. */
  static final State ALL = new State(EnumSet.allOf(Optimisation.class));

  public State {
    var copy = EnumSet.noneOf(Optimisation.class);
    copy.addAll(on);
    on = Collections.unmodifiableSet(copy);
  }

  static State only(Optimisation one) {
    return new State(EnumSet.of(one));
  }

  static State allBut(Optimisation one) {
    return new State(EnumSet.complementOf(EnumSet.of(one)));
  }

  /** The sixteen states: none, each alone, all but each, all. */
  static List<State> every() {
    var states = new ArrayList<State>();
    states.add(UNOPTIMISED);
    for (var one : Optimisation.values()) states.add(only(one));
    for (var one : Optimisation.values()) states.add(allBut(one));
    states.add(ALL);
    return states;
  }

  /**
   * Selects states, in the order of {@link #every}.
   *
   * @param words ids of states; the id of an optimisation selects its two states and their
   *     baselines
   * @throws IllegalArgumentException naming an unknown word
   */
  static List<State> named(List<String> words) {
    var wanted = new LinkedHashSet<State>();
    for (var word : words) {
      var optimisation = Optimisation.of(word);
      if (optimisation.isPresent()) {
        wanted.add(UNOPTIMISED);
        wanted.add(only(optimisation.get()));
        wanted.add(allBut(optimisation.get()));
        wanted.add(ALL);
      } else {
        wanted.add(
            of(word)
                .orElseThrow(
                    () ->
                        new IllegalArgumentException(
                            "\"%s\" is neither an optimisation (%s) nor a state (%s)"
                                .formatted(
                                    word,
                                    optimisations(),
                                    "unoptimised, only-…, all-but-…, all"))));
      }
    }
    return every().stream().filter(wanted::contains).toList();
  }

  private static String optimisations() {
    return String.join(
        ", ", List.of(Optimisation.values()).stream().map(Optimisation::id).toList());
  }

  /** The state with that {@link #id}. */
  static Optional<State> of(String id) {
    return every().stream().filter(state -> state.id().equals(id)).findFirst();
  }

  /** Name on the command line and in files. */
  String id() {
    return switch (kind()) {
      case NONE -> "unoptimised";
      case ONE -> ONLY + one().id();
      case ALL_BUT_ONE -> ALL_BUT + missing().id();
      case ALL -> "all";
    };
  }

  /** Name in reports. */
  String label() {
    return switch (kind()) {
      case NONE -> "unoptimised";
      case ONE -> "only " + one().label();
      case ALL_BUT_ONE -> "all but " + missing().label();
      case ALL -> "all";
    };
  }

  private enum Kind {
    NONE,
    ONE,
    ALL_BUT_ONE,
    ALL
  }

  private Kind kind() {
    int count = on.size();
    if (count == 0) return Kind.NONE;
    if (count == 1) return Kind.ONE;
    if (count == Optimisation.values().length) return Kind.ALL;
    if (count == Optimisation.values().length - 1) return Kind.ALL_BUT_ONE;
    throw new IllegalStateException(on + " is no state of the comparison");
  }

  private Optimisation one() {
    return on.iterator().next();
  }

  private Optimisation missing() {
    return EnumSet.complementOf(EnumSet.copyOf(on)).iterator().next();
  }

  /** The state as a variant. */
  Variant variant() {
    return new Variant(id(), label(), config());
  }

  /** All switches, in the shape of {@code conf/config.json}. */
  JsonObject config() {
    var config = new JsonObject();
    for (var one : Optimisation.values()) one.set(config, on.contains(one));
    return config;
  }
}
