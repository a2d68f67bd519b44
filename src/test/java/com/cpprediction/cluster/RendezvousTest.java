package com.cpprediction.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RendezvousTest {
  private static final List<String> KEYS =
      IntStream.range(0, 19_000).mapToObj(i -> String.valueOf(110_001 + 37 * i)).toList();

  private static List<String> nodes(int count) {
    return IntStream.range(0, count).mapToObj(i -> "10.0.0." + (i + 1) + ":5701").toList();
  }

  private static List<String> owners(String key, List<String> nodes, int count) {
    return Rendezvous.owners(key, nodes, name -> name, name -> 1, count);
  }

  @Test
  void returnsTheRequestedNumberOfDistinctOwners() {
    for (var key : KEYS) {
      assertThat(owners(key, nodes(5), 3)).hasSize(3).doesNotHaveDuplicates();
    }
  }

  @Test
  void returnsAllNodesWhenThereAreFewer() {
    assertThat(owners("560", nodes(2), 3)).containsExactlyInAnyOrderElementsOf(nodes(2));
    assertThat(owners("560", List.of(), 3)).isEmpty();
  }

  @Test
  void dependsOnNamesOnly() {
    var nodes = nodes(7);
    var reversed = new ArrayList<>(nodes);
    java.util.Collections.reverse(reversed);

    for (var key : KEYS) assertThat(owners(key, reversed, 3)).isEqualTo(owners(key, nodes, 3));
  }

  @ParameterizedTest(name = "{0} nodes, {1} replicas")
  @CsvSource({"3, 1", "3, 2", "10, 2", "30, 3"})
  void distributesKeysEvenly(int count, int replicas) {
    var owned = new HashMap<String, Integer>();
    for (var key : KEYS) {
      owners(key, nodes(count), replicas).forEach(node -> owned.merge(node, 1, Integer::sum));
    }

    double ideal = (double) KEYS.size() * replicas / count;
    assertThat(owned).hasSize(count);
    assertThat(owned.values())
        .allSatisfy(n -> assertThat((double) n).isCloseTo(ideal, within(ideal * 0.1)));
  }

  @ParameterizedTest(name = "{0} nodes, {1} replicas")
  @CsvSource({"3, 1", "3, 2", "10, 2", "30, 3"})
  void movesKeysToTheNewNodeOnly(int count, int replicas) {
    int moved = 0;
    for (var key : KEYS) {
      var before = new HashSet<>(owners(key, nodes(count), replicas));
      var after = new HashSet<>(owners(key, nodes(count + 1), replicas));
      after.removeAll(before);
      assertThat(after).isSubsetOf(nodes(count + 1).get(count));
      moved += after.size();
    }

    double ideal = (double) KEYS.size() * replicas / (count + 1);
    assertThat((double) moved).isCloseTo(ideal, within(ideal * 0.1));
  }

  @Test
  void distributesInProportionToWeight() {
    var weights = Map.of("small", 0.5, "middle", 1.0, "large", 2.5);
    var owned = new HashMap<String, Integer>();
    for (var key : KEYS) {
      var owner = Rendezvous.owners(key, weights.keySet(), n -> n, weights::get, 1).get(0);
      owned.merge(owner, 1, Integer::sum);
    }

    weights.forEach(
        (node, weight) -> {
          double ideal = KEYS.size() * weight / 4;
          assertThat((double) owned.get(node)).as(node).isCloseTo(ideal, within(ideal * 0.1));
        });
  }

  @Test
  void aHeavierNodeLosesNoKeys() {
    for (var key : KEYS.subList(0, 2_000)) {
      var light = Rendezvous.owners(key, nodes(5), n -> n, n -> 1.0, 2);
      var heavy =
          Rendezvous.owners(key, nodes(5), n -> n, n -> n.equals("10.0.0.1:5701") ? 3.0 : 1.0, 2);
      if (light.contains("10.0.0.1:5701")) assertThat(heavy).contains("10.0.0.1:5701");
    }
  }
}
