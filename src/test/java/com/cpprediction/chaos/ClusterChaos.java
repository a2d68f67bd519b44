package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.NodeNetwork;
import com.cpprediction.testing.PostgresProcess;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Three nodes with every prefix of the shipped release lose one, or sight of each other. How long
 * that disturbs requests is printed, and must keep what cluster.md promises, except with {@code
 * -Dcluster.assertTimes=false} on a machine that does other things.
 */
@Tag("chaos")
class ClusterChaos {
  private static final Path RELEASE = Path.of("models");
  private static final int CALM = 5 * ClusterTrial.RATE; // 5 s of them
  private static final Duration FREEZE = Duration.ofSeconds(30);
  private static final Duration SPLIT = Duration.ofSeconds(30);
  private static final Duration STOPPED = Duration.ofSeconds(15);
  private static final double KILL_SECONDS = 3;
  private static final double SILENCE_SECONDS = 8;
  private static final boolean ASSERT_TIMES =
      Boolean.parseBoolean(System.getProperty("cluster.assertTimes", "true"));

  @RegisterExtension private static final PostgresProcess postgres = new PostgresProcess();

  private static SampleAddresses addresses;

  @BeforeAll
  static void start() throws Exception {
    addresses = SampleAddresses.ask(postgres, RELEASE);
  }

  private static ClusterTrial begin() throws Exception {
    var trial = ClusterTrial.begin(postgres, RELEASE, addresses);
    trial.load(ClusterTrial.RATE);
    trial.quiet("calm");
    trial.awaitMore(CALM);
    return trial;
  }

  @Test
  void killed() throws Exception {
    try (var trial = begin()) {
      var killed = trial.change("killed -9");
      trial.node(0).process().kill();
      double whole = trial.awaitWhole();
      trial.last(KILL_SECONDS);
      var after = trial.quiet("after the kill");
      trial.awaitMore(CALM);
      var started = trial.change("started again");
      trial.node(0).process().start();
      trial.awaitWhole();
      trial.awaitMore(CALM);

      trial.settle();
      assertBrief(killed, KILL_SECONDS);
      assertSoon(whole);
      assertUndisturbed(after);
      assertUnhurt(started);
    }
  }

  @Test
  void frozenAndContinued() throws Exception {
    try (var trial = begin()) {
      var frozen = trial.change("frozen %d s".formatted(FREEZE.toSeconds()));
      trial.node(1).process().freeze();
      double whole = trial.awaitWhole();
      Await.elapse(FREEZE.minusMillis((long) (1_000 * whole)));
      var continued = trial.change("continued");
      trial.node(1).process().thaw();
      trial.awaitWhole();
      trial.last(SILENCE_SECONDS);
      var after = trial.quiet("after the freeze");
      trial.awaitMore(CALM);

      trial.settle();
      assertBrief(frozen, SILENCE_SECONDS);
      assertSoon(whole);
      assertBrief(continued, SILENCE_SECONDS);
      assertUndisturbed(after);
    }
  }

  @Test
  void stoppedAndStarted() throws Exception {
    try (var trial = begin()) {
      var stopped = trial.change("SIGTERM");
      trial.node(2).process().terminate();
      assertThat(trial.node(2).process().ends(STOPPED)).isTrue();
      double whole = trial.awaitWhole();
      trial.awaitMore(CALM);
      var started = trial.change("started");
      trial.node(2).process().start();
      trial.awaitWhole();
      trial.awaitMore(CALM);

      trial.settle();
      assertUnhurt(stopped);
      assertUnhurt(started);
      assertSoon(whole);
    }
  }

  /** Both sides go on, each with all prefixes. */
  @Test
  void oneIsCutOffFromTwo() throws Exception {
    cut(
        "1 | 2, 3",
        network -> {
          network.cut(0, 1);
          network.cut(0, 2);
        });
  }

  /** The third one sees both, and one of them is the eldest, who leads. */
  @Test
  void theWayBetweenTheEldestAndAnotherIsCut() throws Exception {
    cut("1 | 2", network -> network.cut(0, 1));
  }

  /** The eldest sees both, so no member leaves: each must find out itself which it can't reach. */
  @Test
  void theWayBetweenTwoOthersIsCut() throws Exception {
    cut("2 | 3", network -> network.cut(1, 2));
  }

  private interface Cut {
    void apply(NodeNetwork network);
  }

  private static void cut(String name, Cut cut) throws Exception {
    try (var network = NodeNetwork.make(ClusterTrial.NODES);
        var server = new PostgresProcess("listen_addresses=127.0.0.1," + NodeNetwork.TEST_HOST);
        var trial = started(server, network)) {
      trial.load(ClusterTrial.RATE);
      trial.quiet("calm");
      trial.awaitMore(CALM);

      var parted = trial.change("cut " + name);
      cut.apply(network);
      trial.nodes().awaitParted(SPLIT);
      trial.nodes().awaitAnswering(Await.LONG);
      Await.elapse(SPLIT.minusMillis((long) (1_000 * parted.age())));
      var lasting = trial.quiet("still cut");
      trial.awaitMore(CALM);
      var healed = trial.change("healed");
      network.heal();
      double whole = trial.awaitWhole();
      trial.last(KILL_SECONDS);
      var after = trial.quiet("after the split");
      trial.awaitMore(CALM);

      trial.settle();
      // A side may have lost both owners of a prefix, and answers when it has its replicas again.
      assertBrief(parted, ClusterTrial.PROMISED.toSeconds());
      for (var node : trial.nodes().all()) {
        assertThat(lasting.servedBy(node.name())).as(node.name()).isPositive();
      }
      assertUndisturbed(lasting);
      assertBrief(healed, KILL_SECONDS);
      assertSoon(whole);
      assertUndisturbed(after);
    }
  }

  private static ClusterTrial started(PostgresProcess server, NodeNetwork network)
      throws Exception {
    server.start();
    return ClusterTrial.begin(server, RELEASE, addresses, network);
  }

  private static void assertUnhurt(Tally planned) {
    assertThat(planned.failedCount()).as(planned.name()).isZero();
  }

  /** A second attempt may be due to a machine that stalls, a failed request is not. */
  private static void assertUndisturbed(Tally quiet) {
    assertUnhurt(quiet);
    assertBrief(quiet, 0);
  }

  private static void assertBrief(Tally stretch, double seconds) {
    if (!ASSERT_TIMES) return;
    assertThat(stretch.disturbance()).as(stretch.name()).isLessThanOrEqualTo(seconds);
  }

  /** {@link ClusterTrial#awaitWhole} has seen that it is whole again, however late. */
  private static void assertSoon(double whole) {
    if (!ASSERT_TIMES) return;
    assertThat(whole).as("whole after").isLessThanOrEqualTo(ClusterTrial.PROMISED.toSeconds());
  }
}
