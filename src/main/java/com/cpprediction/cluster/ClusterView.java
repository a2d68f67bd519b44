package com.cpprediction.cluster;

import com.cpprediction.serving.OwnerDirectory.Owner;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The nodes and what they say of themselves, as one of them knows it. Immutable.
 *
 * <p>A prefix of a release is <i>owned</i> by the nodes that are to answer it, and <i>answered</i>
 * by those that say they do; the two differ while prefixes move.
 */
final class ClusterView {
  private final String self;
  private final int replicas;
  private final SortedMap<String, NodeState> nodes; // by name and id, so that all see one order
  private final Set<String> unreached;
  private final Set<String> late;
  private final Map<String, Map<String, List<NodeState>>> answered = new ConcurrentHashMap<>();

  /**
   * @param self id of the node whose view it is
   * @param replicas owners of a prefix
   * @param unreached ids of the nodes that have not replied to this one: they are asked last, and
   *     no prefix is given up to them
   * @param late ids of the nodes that have not been heard for a while: they own nothing
   */
  ClusterView(
      String self,
      int replicas,
      Collection<NodeState> nodes,
      Set<String> unreached,
      Set<String> late) {
    this.self = self;
    this.replicas = replicas;
    this.nodes = new TreeMap<>();
    nodes.forEach(node -> this.nodes.put(node.name() + ' ' + node.id(), node));
    this.unreached = Set.copyOf(unreached);
    this.late = Set.copyOf(late);
  }

  /** Whether {@code other} would say the same of everything. */
  boolean shows(ClusterView other) {
    return replicas == other.replicas
        && unreached.equals(other.unreached)
        && late.equals(other.late)
        && nodes.keySet().equals(other.nodes.keySet())
        && nodes.entrySet().stream().allMatch(n -> n.getValue().says(other.nodes.get(n.getKey())));
  }

  Collection<NodeState> nodes() {
    return nodes.values();
  }

  int replicas() {
    return replicas;
  }

  boolean unreached(String id) {
    return unreached.contains(id);
  }

  /** Other nodes than this one that answer or load {@code release} and mean to stay. */
  List<NodeState> others(String release) {
    return nodes.values().stream()
        .filter(node -> !node.id().equals(self) && stays(node, release))
        .toList();
  }

  private boolean stays(NodeState node, String release) {
    return node.release().equals(release) && !node.leaving() && !late.contains(node.id());
  }

  /** The nodes that are to answer {@code prefix}, best first. */
  List<NodeState> owners(String release, String prefix) {
    var eligible = new ArrayList<NodeState>();
    for (var node : nodes.values()) {
      if (stays(node, release) && !node.refused().contains(prefix)) eligible.add(node);
    }
    return Rendezvous.owners(prefix, eligible, NodeState::name, NodeState::weight, replicas);
  }

  /** Whether this node is one of {@link #owners}. */
  boolean own(String release, String prefix) {
    return owners(release, prefix).stream().anyMatch(node -> node.id().equals(self));
  }

  /**
   * Whether all {@link #owners} but this node answer {@code prefix} and have replied to this node,
   * and there is one.
   */
  boolean answeredByOthers(String release, String prefix) {
    var owners = owners(release, prefix).stream().filter(n -> !n.id().equals(self)).toList();
    return !owners.isEmpty()
        && owners.stream().allMatch(node -> node.ready().contains(prefix) && !unreached(node.id()));
  }

  /** The nodes that answer {@code prefix}, this one included, the one to ask first first. */
  List<NodeState> answering(String release, String prefix) {
    return answered
        .computeIfAbsent(release, r -> new ConcurrentHashMap<>())
        .computeIfAbsent(prefix, p -> rank(release, p));
  }

  private List<NodeState> rank(String release, String prefix) {
    var ready =
        nodes.values().stream()
            .filter(node -> node.release().equals(release) && node.ready().contains(prefix))
            .toList();
    var ranked =
        new ArrayList<>(
            Rendezvous.owners(
                prefix, ready, NodeState::name, NodeState::weight, Integer.MAX_VALUE));
    ranked.sort(
        (a, b) -> Integer.compare(doubts(a), doubts(b))); // stable: the rest stays as it is ranked
    return List.copyOf(ranked);
  }

  private int doubts(NodeState node) {
    return (node.fresh() ? 1 : 0) + (node.leaving() ? 2 : 0) + (unreached(node.id()) ? 4 : 0);
  }

  /** As {@link #answering}, of the others. */
  List<Owner> othersAnswering(String release, String prefix) {
    return answering(release, prefix).stream()
        .filter(node -> !node.id().equals(self))
        .map(node -> new Owner(node.id(), node.name()))
        .toList();
  }

  /** Releases that other nodes answer with. */
  Set<String> otherReleases() {
    var releases = new TreeSet<String>();
    for (var node : nodes.values()) {
      if (!node.id().equals(self) && !node.ready().isEmpty()) releases.add(node.release());
    }
    return releases;
  }

  /** Owners that are missing before each prefix is answered by as many as it should be. */
  int missing(String release, Collection<String> prefixes) {
    int missing = 0;
    for (var prefix : prefixes) {
      missing += Math.max(0, replicas - answering(release, prefix).size());
    }
    return missing;
  }

  /** Those of {@code prefixes} that nobody answers. */
  Set<String> unanswered(String release, Collection<String> prefixes) {
    var nobody = new TreeSet<String>();
    for (var prefix : prefixes) if (answering(release, prefix).isEmpty()) nobody.add(prefix);
    return nobody;
  }
}
