package com.cpprediction.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.serving.OwnerDirectory.Owner;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ClusterViewTest {
  private static final String R1 = "one";
  private static final String R2 = "two";
  private static final List<String> PREFIXES =
      IntStream.range(100, 200).mapToObj(String::valueOf).toList();
  private static final Set<String> ALL = new TreeSet<>(PREFIXES);

  private static NodeState node(String id, String release, boolean leaving, Set<String> ready) {
    return new NodeState(id, "name-" + id, 1, release, "s", 1, false, leaving, ready, Set.of());
  }

  private static ClusterView view(NodeState... nodes) {
    return new ClusterView("a", 2, List.of(nodes), Set.of(), Set.of());
  }

  private static List<String> ids(List<NodeState> nodes) {
    return nodes.stream().map(NodeState::id).toList();
  }

  @Test
  void countsOnlyRemainingNodesOfTheRelease() {
    var view =
        view(
            node("a", R1, false, ALL),
            node("b", R1, false, ALL),
            node("c", R1, true, ALL),
            node("d", R2, false, ALL));

    for (var prefix : PREFIXES) {
      assertThat(ids(view.owners(R1, prefix))).containsExactlyInAnyOrder("a", "b");
      assertThat(ids(view.owners(R2, prefix))).containsExactly("d");
    }
  }

  @Test
  void skipsANodeThatRefusedTheModel() {
    var refusing =
        new NodeState("b", "name-b", 1, R1, "s", 1, false, false, Set.of(), Set.of("150"));
    var view = view(node("a", R1, false, ALL), refusing, node("c", R1, false, ALL));

    assertThat(ids(view.owners(R1, "150"))).containsExactlyInAnyOrder("a", "c");
  }

  @Test
  void routesToNewLeavingAndUnreachedNodesLast() {
    var nodes =
        List.of(
            node("a", R1, false, ALL),
            node("b", R1, true, ALL),
            node("c", R1, false, ALL),
            node("d", R1, false, ALL),
            new NodeState("e", "name-e", 1, R1, "s", 1, true, false, ALL, Set.of()));
    var view = new ClusterView("a", 2, nodes, Set.of("d"), Set.of());

    for (var prefix : PREFIXES) {
      assertThat(view.readyOwners(R1, prefix).stream().map(Owner::id))
          .containsExactly("c", "e", "b", "d");
    }
  }

  @Test
  void isServedByOthersOnceAllOtherOwnersAreReady() {
    var someReady = new TreeSet<>(PREFIXES.subList(0, 50));
    var view =
        view(node("a", R1, true, ALL), node("b", R1, false, ALL), node("c", R1, false, someReady));

    for (var prefix : PREFIXES) {
      assertThat(view.servedByOthers(R1, prefix)).isEqualTo(someReady.contains(prefix));
    }
    assertThat(view(node("a", R1, true, ALL)).servedByOthers(R1, "150")).isFalse();
  }

  @Test
  void isNotServedByOthersUntilAllOtherOwnersHaveReplied() {
    var nodes = List.of(node("a", R1, true, ALL), node("b", R1, false, ALL));

    for (var prefix : PREFIXES) {
      assertThat(new ClusterView("a", 2, nodes, Set.of("b"), Set.of()).servedByOthers(R1, prefix))
          .isFalse();
    }
  }

  @Test
  void skipsAnOverdueNode() {
    var nodes =
        List.of(
            node("a", R1, false, ALL),
            node("b", R1, false, ALL),
            node("c", R1, false, ALL),
            node("d", R1, true, ALL));
    var view = new ClusterView("a", 2, nodes, Set.of("b"), Set.of("b"));

    for (var prefix : PREFIXES) {
      assertThat(ids(view.owners(R1, prefix))).containsExactlyInAnyOrder("a", "c");
    }
    assertThat(ids(view.others(R1))).containsExactly("c");
  }

  @Test
  void countsMissingReplicasAndUnservedPrefixes() {
    var half = new TreeSet<>(PREFIXES.subList(0, 50));
    var view = view(node("a", R1, false, half), node("b", R1, false, half));

    assertThat(view.missing(R1, PREFIXES)).isEqualTo(100);
    assertThat(view.unserved(R1, PREFIXES)).containsExactlyElementsOf(PREFIXES.subList(50, 100));
    assertThat(view(node("a", R1, false, ALL)).missing(R1, PREFIXES)).isEqualTo(100);
  }

  @Test
  void listsReleasesOfOtherNodes() {
    var view =
        view(node("a", R1, false, ALL), node("b", R2, false, ALL), node("c", "3", false, Set.of()));

    assertThat(view.otherReleases()).containsExactly(R2);
  }

  /** Joins, departures and lost messages in any order: a prefix with a live owner is served. */
  @Test
  void releasesNoPrefixBeforeItsOwnersServeIt() {
    var random = new java.util.Random(7);
    var nodes = new ArrayList<NodeState>();
    nodes.add(node("a", R1, false, ALL));
    for (int step = 0; step < 500; step++) {
      int change = random.nextInt(3);
      if (change == 0 && nodes.size() < 6) {
        nodes.add(node("n" + step, R1, false, Set.of()));
      } else if (change == 1 && nodes.size() > 1) {
        int i = 1 + random.nextInt(nodes.size() - 1);
        var old = nodes.get(i);
        var view = new ClusterView(old.id(), 2, nodes, Set.of(), Set.of());
        var ready = new TreeSet<>(old.ready());
        for (var prefix : PREFIXES) {
          if (view.isOwner(R1, prefix)) ready.add(prefix);
          else if (view.servedByOthers(R1, prefix)) ready.remove(prefix);
        }
        nodes.set(
            i, new NodeState(old.id(), old.name(), 1, R1, "s", 1, false, false, ready, Set.of()));
      } else {
        var view = new ClusterView("a", 2, nodes, Set.of(), Set.of());
        var ready = new TreeSet<>(nodes.get(0).ready());
        for (var prefix : PREFIXES) {
          if (view.isOwner(R1, prefix)) ready.add(prefix);
          else if (view.servedByOthers(R1, prefix)) ready.remove(prefix);
        }
        nodes.set(0, node("a", R1, false, ready));
      }

      assertThat(new ClusterView("a", 2, nodes, Set.of(), Set.of()).unserved(R1, PREFIXES))
          .isEmpty();
    }
  }

  @Test
  void aStateSurvivesSerialization() {
    var state =
        new NodeState(
            "i", "h:1", 7, R1, "engine mapped", 1.5, true, true, Set.of("560", "400"), Set.of("1"));

    assertThat(NodeState.of(new JsonObject(state.toJson().encode()))).isEqualTo(state);
    assertThat(NodeState.of(new JsonObject(node("x", "", false, Set.of()).toJson().encode())))
        .isEqualTo(node("x", "", false, Set.of()));
  }
}
