package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.ClusterNode;
import com.cpprediction.testing.ClusterNodes;
import com.cpprediction.testing.NodeNetwork;
import com.cpprediction.testing.OtlpReceiver;
import com.cpprediction.testing.PostgresProcess;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A whole cluster of three on one empty database, under load over HTTP and, on loopback, from a
 * client on the bus. Every change of its nodes begins a {@linkplain #change stretch} with a line of
 * its own; {@link #settle} ends it with the comparison.
 */
final class ClusterTrial implements AutoCloseable {
  static final int NODES = 3;

  /** Predictions per second, over HTTP and the bus, where a test asks for no other rate. */
  static final int RATE = Integer.getInteger("rate", 500);

  /** Of them, those from the bus. */
  private static final double BUS_SHARE = 0.2;

  /** How soon every prefix is to be back at its replicas. */
  static final Duration PROMISED = Duration.ofSeconds(10);

  /** Smaller than there are {@link SampleAddresses}, so that some are always scored. */
  private static final JsonObject CACHE = new JsonObject().put("max_size", 500);

  private static final long SEED = Long.getLong("seed", 1);
  private static final int WARM = 1_200; // at least; a JVM compiles what it is used for

  /** Of the load to come, before it is measured. */
  private static final int WARM_SECONDS = 20;

  private static final int GHOSTS = 1_000;
  private static final Duration DRAINED = Duration.ofMinutes(2);
  private static final String HEAD =
      "| change | requests | ok | retried | failed | wrong | lost | doubled | p50/p99/most |"
          + " disturbed | whole after |";

  private final PostgresProcess postgres;
  private final String database;
  private final ClusterNodes nodes;
  private final Ledger ledger;
  private final TrialRequests requests;
  private final BalancedClient client;
  private final List<Stretch> stretches = new ArrayList<>();
  private BusClient bus;
  private boolean warm;

  /** A line of the table. */
  private static final class Stretch {
    private final Tally tally;
    private String whole = "-";

    private Stretch(Tally tally) {
      this.tally = tally;
    }
  }

  private ClusterTrial(
      PostgresProcess postgres,
      Path release,
      SampleAddresses addresses,
      NodeNetwork network,
      JsonObject changes)
      throws Exception {
    this.postgres = postgres;
    database = postgres.newDatabase();
    var dir = release.toAbsolutePath().toString();
    var config =
        new JsonObject()
            .put("models", new JsonObject().put("dir", dir))
            .put("prediction", new JsonObject().put("wrong_pincodes", 0.01)) // on every node
            .put("cache", CACHE)
            .mergeIn(changes);
    var host = network == null ? "127.0.0.1" : NodeNetwork.TEST_HOST;
    var uri = PostgresProcess.uri(host, postgres.port(), database);
    nodes =
        network == null
            ? ClusterNodes.onLoopback(NODES, () -> uri, config)
            : ClusterNodes.on(network, NODES, () -> uri, config);
    ledger = new Ledger(nodes.directory().resolve("ledger.txt"));
    requests = new TrialRequests(addresses, ledger, SEED);
    client = new BalancedClient(nodes.all(), requests, addresses);
  }

  /** One on loopback that is whole and warm. */
  static ClusterTrial begin(PostgresProcess postgres, Path release, SampleAddresses addresses)
      throws Exception {
    return begin(postgres, release, addresses, null, new JsonObject());
  }

  /** One on loopback, whose nodes send traces. */
  static ClusterTrial traced(
      PostgresProcess postgres, Path release, SampleAddresses addresses, OtlpReceiver receiver)
      throws Exception {
    var telemetry =
        new JsonObject().put("otlp_endpoint", receiver.endpoint()).put("sample_ratio", 0);
    return begin(postgres, release, addresses, null, new JsonObject().put("telemetry", telemetry));
  }

  /**
   * @param network of the nodes; null for loopback
   */
  static ClusterTrial begin(
      PostgresProcess postgres, Path release, SampleAddresses addresses, NodeNetwork network)
      throws Exception {
    return begin(postgres, release, addresses, network, new JsonObject());
  }

  private static ClusterTrial begin(
      PostgresProcess postgres,
      Path release,
      SampleAddresses addresses,
      NodeNetwork network,
      JsonObject changes)
      throws Exception {
    var trial = new ClusterTrial(postgres, release, addresses, network, changes);
    try {
      trial.nodes.start();
      if (network == null) trial.joinBus("127.0.0.1");
      return trial;
    } catch (Exception | Error e) {
      trial.close();
      throw e;
    }
  }

  /** A client on the bus joins, which takes part in everything that comes. */
  void joinBus(String host) throws Exception {
    bus = BusClient.join(host, nodes.members(), requests);
  }

  ClusterNodes nodes() {
    return nodes;
  }

  ClusterNode node(int i) {
    return nodes.get(i);
  }

  BalancedClient client() {
    return client;
  }

  BusClient bus() {
    return bus;
  }

  TrialRequests requests() {
    return requests;
  }

  /** Warms up the first time, and from then on sends at a constant rate. */
  void load(int rate) throws Exception {
    if (!warm) {
      client.warm(Math.max(WARM, WARM_SECONDS * rate));
      if (bus != null) assertThat(bus.sendAll(WARM)).isEmpty();
      warm = true;
    }
    client.openLoop(bus == null ? rate : rate * (1 - BUS_SHARE));
    if (bus != null) bus.openLoop(rate * BUS_SHARE);
  }

  /** Begins a stretch, before whatever it is named for happens. */
  Tally change(String name) {
    return enter(name, true);
  }

  /** Begins a stretch in which nothing happens. */
  Tally quiet(String name) {
    return enter(name, false);
  }

  private Tally enter(String name, boolean disturbing) {
    var tally = requests.enter(name, disturbing);
    stretches.add(new Stretch(tally));
    return tally;
  }

  /** Waits for so many more requests of the stretch. */
  void awaitMore(int requests) throws Exception {
    var tally = latest().tally;
    int total = tally.settled() + requests;
    Await.until(requests + " more requests", () -> client.healthy() && tally.settled() >= total);
  }

  /** Lets the stretch last as long as its change may disturb. */
  void last(double seconds) throws Exception {
    var tally = latest().tally;
    Await.until(
        "%s for %s s".formatted(tally.name(), seconds),
        () -> client.healthy() && tally.age() >= seconds);
  }

  /** Waits until the cluster is whole, and notes how long after the beginning of the stretch. */
  double awaitWhole() throws Exception {
    nodes.awaitWhole(Await.LONG);
    double seconds = latest().tally.age();
    latest().whole = "%.1f s".formatted(seconds);
    return seconds;
  }

  /**
   * Waits until every node is ready, sees all others and knows an owner of each prefix; replicas
   * may be missing where one release has few nodes.
   */
  void awaitUpgraded() throws Exception {
    nodes.awaitMeeting(Await.LONG);
    latest().whole = "%.1f s".formatted(latest().tally.age());
  }

  /** Requests without an answer since the load began. */
  int failed() {
    return stretches.stream().mapToInt(stretch -> stretch.tally.failedCount()).sum();
  }

  private Stretch latest() {
    return stretches.get(stretches.size() - 1);
  }

  /**
   * Ends the load, looks for consumers that are none, waits until all is stored, prints the table
   * and checks what holds whatever happened.
   */
  void settle() throws Exception {
    client.finish();
    if (bus == null) joinBus(NodeNetwork.TEST_HOST);
    bus.finish();
    var last = quiet(GHOSTS + " sends afterwards");
    var ghosts = bus.sendAll(GHOSTS);
    for (var node : nodes.all()) {
      Await.until("all is stored", DRAINED, () -> node.process().waiting() == 0);
      Await.until("no lease on a model is open", () -> node.process().leases() == 0);
    }
    try (var connection = postgres.admin(database)) {
      var verdict = Oracle.compare(ledger.read(), connection);
      print(verdict);
      check(verdict);
    }
    assertThat(ghosts).as("sent to no consumer").isEmpty();
    assertThat(last.ok()).isEqualTo(GHOSTS);
  }

  private void check(Oracle.Verdict verdict) {
    assertThat(verdict.lost()).as("answered and not stored").isEmpty();
    assertThat(verdict.doubled()).as("stored twice").isEmpty();
    assertThat(verdict.different()).as("stored with another answer").isEmpty();
    assertThat(verdict.strange()).as("stored and never sent").isEmpty();
    assertThat(verdict.unwanted()).as("refused and stored").isEmpty();
    assertThat(verdict.unexpected()).as("a 5xx that is neither 503 nor 504").isEmpty();
    for (var stretch : stretches) {
      assertThat(stretch.tally.wrongCount()).as(stretch.tally.name() + ": wrong").isZero();
    }
  }

  private void print(Oracle.Verdict verdict) {
    System.out.println(HEAD);
    for (var stretch : stretches) {
      var tally = stretch.tally;
      System.out.println(
          "| %s | %d | %d | %d | %d | %d | %d | %d | %s | %s | %s |"
              .formatted(
                  tally.name(),
                  tally.requests(),
                  tally.ok(),
                  tally.retriedCount(),
                  tally.failedCount(),
                  tally.wrongCount(),
                  ofStretch(tally, verdict.lost()),
                  ofStretch(tally, verdict.doubled()),
                  tally.milliseconds(),
                  tally.disturbed(),
                  stretch.whole));
    }
    for (var stretch : stretches) System.out.println(stretch.tally.reasons());
  }

  private static long ofStretch(Tally tally, List<String> requests) {
    return requests.stream().filter(request -> request.startsWith(tally.mark() + "-")).count();
  }

  @Override
  public void close() throws Exception {
    try (ledger;
        nodes) {
      if (bus != null) bus.close();
      client.close();
    }
  }
}
