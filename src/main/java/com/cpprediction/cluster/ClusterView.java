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
 * Membership view of one node: all nodes and their announced states. Immutable.
 *
 * <p>The <i>owners</i> of a prefix are assigned by hashing; its <i>ready</i> nodes have announced
 * that they serve it. The two differ while prefixes move.
 */
final class ClusterView {
  private final String self;
  private final int replicas;
  private final SortedMap<String, NodeState> nodes; // by name and id: the same order on every node
  private final Set<String> unreached;
  private final Set<String> overdue;
  private final Map<String, Map<String, List<NodeState>>> readyByPrefix = new ConcurrentHashMap<>();

  /**
   * @param self id of the node that has this view
   * @param replicas owners per prefix
   * @param unreached ids of nodes that have not replied to this one: routed to last, and no prefix
   *     is released to them
   * @param overdue ids of nodes whose announcements are overdue: they own nothing
   */
  ClusterView(
      String self,
      int replicas,
      Collection<NodeState> nodes,
      Set<String> unreached,
      Set<String> overdue) {
    this.self = self;
    this.replicas = replicas;
    this.nodes = new TreeMap<>();
    nodes.forEach(node -> this.nodes.put(node.name() + ' ' + node.id(), node));
    this.unreached = Set.copyOf(unreached);
    this.overdue = Set.copyOf(overdue);
  }

  /** Whether {@code other} has the same content, apart from sequence numbers. */
  boolean equivalent(ClusterView other) {
    return replicas == other.replicas
        && unreached.equals(other.unreached)
        && overdue.equals(other.overdue)
        && nodes.keySet().equals(other.nodes.keySet())
        && nodes.entrySet().stream()
            .allMatch(n -> n.getValue().sameAs(other.nodes.get(n.getKey())));
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

  /** Other nodes that serve or load {@code release} and are not leaving. */
  List<NodeState> others(String release) {
    return nodes.values().stream()
        .filter(node -> !node.id().equals(self) && isEligible(node, release))
        .toList();
  }

  private boolean isEligible(NodeState node, String release) {
    return node.release().equals(release) && !node.leaving() && !overdue.contains(node.id());
  }

  /** The nodes assigned to {@code prefix}, best first. */
  List<NodeState> owners(String release, String prefix) {
    var eligible = new ArrayList<NodeState>();
    for (var node : nodes.values()) {
      if (isEligible(node, release) && !node.refused().contains(prefix)) eligible.add(node);
    }
    return Rendezvous.owners(prefix, eligible, NodeState::name, NodeState::weight, replicas);
  }

  boolean isOwner(String release, String prefix) {
    return owners(release, prefix).stream().anyMatch(node -> node.id().equals(self));
  }

  /** Whether {@code prefix} has other owners, all of them ready and in contact with this node. */
  boolean servedByOthers(String release, String prefix) {
    var owners = owners(release, prefix).stream().filter(n -> !n.id().equals(self)).toList();
    return !owners.isEmpty()
        && owners.stream().allMatch(node -> node.ready().contains(prefix) && !unreached(node.id()));
  }

  /** The nodes ready to serve {@code prefix}, in routing order; may include this one. */
  List<NodeState> readyNodes(String release, String prefix) {
    return readyByPrefix
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
    ranked.sort((a, b) -> Integer.compare(penalty(a), penalty(b))); // stable sort
    return List.copyOf(ranked);
  }

  private int penalty(NodeState node) {
    return (node.fresh() ? 1 : 0) + (node.leaving() ? 2 : 0) + (unreached(node.id()) ? 4 : 0);
  }

  /** As {@link #readyNodes}, without this node. */
  List<Owner> readyOwners(String release, String prefix) {
    return readyNodes(release, prefix).stream()
        .filter(node -> !node.id().equals(self))
        .map(node -> new Owner(node.id(), node.name()))
        .toList();
  }

  /** Releases that other nodes serve. */
  Set<String> otherReleases() {
    var releases = new TreeSet<String>();
    for (var node : nodes.values()) {
      if (!node.id().equals(self) && !node.ready().isEmpty()) releases.add(node.release());
    }
    return releases;
  }

  /** Missing replicas, summed over {@code prefixes}. */
  int missing(String release, Collection<String> prefixes) {
    int missing = 0;
    for (var prefix : prefixes) {
      missing += Math.max(0, replicas - readyNodes(release, prefix).size());
    }
    return missing;
  }

  /** The {@code prefixes} without a ready node. */
  Set<String> unserved(String release, Collection<String> prefixes) {
    var unserved = new TreeSet<String>();
    for (var prefix : prefixes) if (readyNodes(release, prefix).isEmpty()) unserved.add(prefix);
    return unserved;
  }
}
