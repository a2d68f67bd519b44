package com.cpprediction.cluster;

import io.vertx.core.json.JsonObject;
import java.util.Set;
import java.util.TreeSet;

/**
 * What one node tells the others of itself.
 *
 * @param id Vert.x' id, new with every start
 * @param name host and port where it joined; what its prefixes depend on, so that it has the same
 *     ones after a restart
 * @param sequence greater than that of all it told before
 * @param release it answers with, or is about to load; empty while it has none
 * @param settings what else decides its answers, in words
 * @param weight its part of the prefixes, compared with the others'
 * @param fresh whether it has answered for a short time only: others who answer the same are asked
 *     before it, until its code is compiled
 * @param leaving whether others are to take over what it answers
 * @param ready prefixes it answers
 * @param refused prefixes whose model it can't use
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
    if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("weight is " + weight);
    }
    ready = Set.copyOf(ready);
    refused = Set.copyOf(refused);
  }

  /** Whether it says the same as {@code other}, whenever it does. */
  boolean says(NodeState other) {
    return other != null && equals(other.at(sequence));
  }

  NodeState at(long another) {
    return new NodeState(
        id, name, another, release, settings, weight, fresh, leaving, ready, refused);
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
   * @throws RuntimeException of several kinds when {@code json} is nothing of the kind
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

  /** A third of the bytes of an array of strings, and one object to read. */
  private static String words(Set<String> prefixes) {
    return String.join(" ", new TreeSet<>(prefixes));
  }

  private static Set<String> set(String words) {
    return words.isEmpty() ? Set.of() : Set.of(words.split(" "));
  }
}
