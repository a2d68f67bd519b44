package com.cpprediction.cluster;

import com.cpprediction.model.ServingRelease;
import com.cpprediction.serving.OwnerDirectory.Owner;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * The cluster as JSON, from the view of one node.
 *
 * @param loading prefixes that this node has yet to load
 * @param releasing prefixes that it has yet to release
 */
record ClusterStatus(
    ClusterView view, ServingRelease models, Owner self, int loading, int releasing) {

  /** Details of the check {@code cluster} in {@code GET /health}. */
  JsonObject health() {
    return new JsonObject()
        .put("node", self.name())
        .put("members", view.nodes().size())
        .put("replicas_missing", view.missing(models.release(), models.prefixes()))
        .put("unanswered", view.unserved(models.release(), models.prefixes()).size())
        .put("other_releases", differing(NodeState::release))
        .put("other_settings", differing(NodeState::settings));
  }

  /** {@code GET /cluster}. */
  JsonObject describe() {
    var members = new JsonArray();
    view.nodes().forEach(node -> members.add(describe(node)));
    var owners = new JsonObject();
    for (var prefix : new TreeSet<>(models.prefixes())) {
      var names = new JsonArray();
      view.readyNodes(models.release(), prefix).forEach(node -> names.add(node.name()));
      owners.put(prefix, names);
    }
    return new JsonObject()
        .put("enabled", true)
        .put("node", new JsonObject().put("id", self.id()).put("name", self.name()))
        .put("release", models.release())
        .put("members", members)
        .put("other_releases", differing(NodeState::release))
        .put("other_settings", differing(NodeState::settings))
        .put("replicas", view.replicas())
        .put("replicas_missing", view.missing(models.release(), models.prefixes()))
        .put("unanswered", array(view.unserved(models.release(), models.prefixes())))
        .put("moving", new JsonObject().put("loading", loading).put("releasing", releasing))
        .put("owners", owners);
  }

  private JsonObject describe(NodeState node) {
    return new JsonObject()
        .put("id", node.id())
        .put("name", node.name())
        .put("release", node.release())
        .put("settings", node.settings())
        .put("weight", node.weight())
        .put("ready", node.ready().size())
        .put("refused", array(node.refused()))
        .put("fresh", node.fresh())
        .put("leaving", node.leaving())
        .put("suspect", view.unreached(node.id()))
        .put("self", node.id().equals(self.id()));
  }

  private static JsonArray array(Set<String> prefixes) {
    return new JsonArray(List.copyOf(new TreeSet<>(prefixes)));
  }

  /** Nodes that differ from this one in {@code property}: their names by its value. */
  private JsonObject differing(Function<NodeState, String> property) {
    var own = view.nodes().stream().filter(n -> n.id().equals(self.id())).map(property).findFirst();
    var others = new TreeMap<String, Object>();
    for (var node : view.nodes()) {
      if (own.isPresent() && property.apply(node).equals(own.get())) continue;
      ((JsonArray) others.computeIfAbsent(property.apply(node), w -> new JsonArray()))
          .add(node.name());
    }
    return new JsonObject(others);
  }
}
