package com.cpprediction.cluster;

import io.vertx.core.json.JsonObject;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * State that a node announces to the others.
 *
 * @param id Vert.x node id, new with every start
 * @param name host and port of the member; prefixes are assigned by name, so that a restarted node
 *     gets the same ones
 * @param sequence increases with every announcement
 * @param release served or about to be loaded; empty without one
 * @param settings other settings that influence predictions, as text
 * @param weight share of the prefixes, relative to other nodes
 * @param fresh whether the node has served for a short time only: others are preferred until its
 *     code is compiled
 * @param leaving whether others are to take over its prefixes
 * @param ready prefixes it serves
 * @param refused prefixes whose model it can't load
 */
record NodeState(
    String id,
    String name,
    long sequence,
    String release,
    String settings,
    double weight,
    boolean fresh,
    boolean leaving,
    Set<String> ready,
    Set<String> refused) {
  NodeState {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(release, "release");
    Objects.requireNonNull(settings, "settings");
    if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("weight is " + weight);
    }
    ready = Set.copyOf(ready);
    refused = Set.copyOf(refused);
  }

  /** Whether {@code other} is equal except for its sequence. */
  boolean sameAs(@Nullable NodeState other) {
    return other != null && equals(other.withSequence(sequence));
  }

  NodeState withSequence(long newSequence) {
    return new NodeState(
        id, name, newSequence, release, settings, weight, fresh, leaving, ready, refused);
  }

  JsonObject toJson() {
    return new JsonObject()
        .put("id", id)
        .put("name", name)
        .put("sequence", sequence)
        .put("release", release)
        .put("settings", settings)
        .put("weight", weight)
        .put("fresh", fresh)
        .put("leaving", leaving)
        .put("ready", words(ready))
        .put("refused", words(refused));
  }

  /**
   * @throws RuntimeException of several types when {@code json} is invalid
   */
  static NodeState of(JsonObject json) {
    return new NodeState(
        json.getString("id"),
        json.getString("name"),
        json.getLong("sequence"),
        json.getString("release"),
        json.getString("settings"),
        json.getDouble("weight"),
        json.getBoolean("fresh"),
        json.getBoolean("leaving"),
        set(json.getString("ready")),
        set(json.getString("refused")));
  }

  /** A third of the size of a JSON array, and one object to parse. */
  private static String words(Set<String> prefixes) {
    return String.join(" ", new TreeSet<>(prefixes));
  }

  private static Set<String> set(String words) {
    return words.isEmpty() ? Set.of() : Set.of(words.split(" "));
  }
}
