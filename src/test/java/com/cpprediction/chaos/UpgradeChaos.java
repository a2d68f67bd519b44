package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.ClusterNode;
import com.cpprediction.testing.PostgresProcess;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A cluster goes from one release to the next, node by node, and no caller notices. */
class UpgradeChaos {
  private static final int RATE = 40;
  private static final double BATCHES = 4; // per second
  private static final int BATCH = 12;
  private static final int CALM = 200;
  private static final Duration STOPPED = Duration.ofSeconds(15);

  @RegisterExtension private static final PostgresProcess postgres = new PostgresProcess();

  @TempDir private static Path directory;

  @Test
  void nothingFailsAndNoBatchIsOfTwoReleases() throws Exception {
    var first = SmallRelease.directory();
    var second = SmallRelease.copyAnotherTo(directory.resolve("second"));
    var addresses = SampleAddresses.ask(postgres, first, second);
    try (var trial = ClusterTrial.begin(postgres, first, addresses)) {
      trial.load(RATE);
      trial.client().openLoop(BATCHES, BATCH);
      trial.quiet("release 1");
      trial.awaitMore(CALM);

      for (int i = 0; i < ClusterTrial.NODES; i++) {
        trial.change("node %d takes release 2".formatted(i + 1));
        upgrade(trial.node(i), second);
        trial.awaitUpgraded();
        trial.awaitMore(CALM);
        if (i < ClusterTrial.NODES - 1) assertNamesBoth(trial);
      }
      trial.quiet("release 2");
      trial.awaitWhole();
      trial.awaitMore(CALM);

      trial.settle();
      assertThat(releases(trial.node(0))).hasSize(1);
      assertThat(trial.client().batches()).isPositive();
      assertThat(trial.client().mixed()).isZero();
      assertThat(trial.failed()).isZero();
    }
  }

  private static void upgrade(ClusterNode node, Path release) throws Exception {
    node.process().terminate();
    assertThat(node.process().ends(STOPPED)).isTrue();
    node.process().serve(release);
    node.process().start();
  }

  /** Each node says which nodes have which release, and its health who differs. */
  private static void assertNamesBoth(ClusterTrial trial) throws Exception {
    for (var node : trial.nodes().all()) {
      assertThat(releases(node)).as(node.name()).hasSize(2);
      var health = node.process().get("/health").body();
      assertThat(differing(node)).as(health).allSatisfy(name -> assertThat(health).contains(name));
    }
  }

  private static Set<String> releases(ClusterNode node) throws Exception {
    var releases = new HashSet<String>();
    for (var member : members(node)) releases.add(member.getString("release"));
    return releases;
  }

  /** The nodes with another release than this one. */
  private static List<String> differing(ClusterNode node) throws Exception {
    var own = node.view().getString("release");
    return members(node).stream()
        .filter(member -> !member.getString("release").equals(own))
        .map(member -> member.getString("name"))
        .toList();
  }

  private static List<JsonObject> members(ClusterNode node) throws Exception {
    return node.view().getJsonArray("members").stream().map(JsonObject.class::cast).toList();
  }
}
