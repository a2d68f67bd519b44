package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.Certificates;
import com.cpprediction.testing.ClusterNode;
import com.cpprediction.testing.ClusterNodes;
import com.cpprediction.testing.NodeNetwork;
import com.cpprediction.testing.OpenApi;
import com.cpprediction.testing.PackagedService;
import com.cpprediction.testing.PostgresProcess;
import com.cpprediction.testing.Processes;
import com.cpprediction.testing.Scrape;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** {@code -Dhostile.requests=100000} hostile requests, against a heap of 512 MB. */
@Tag("chaos")
class HostileChaos {
  private static final int REQUESTS = Integer.getInteger("hostile.requests", 100_000);
  private static final long SEED = Long.getLong("seed", 1);
  private static final String HEAP = "512m";
  private static final long HEAP_GROWTH = 32_000_000;
  private static final int SERIES_GROWTH = 300;
  private static final int FEW = 30; // connections that have not ended yet
  private static final Duration DRAINED = Duration.ofMinutes(2);
  private static final boolean ASSERT_DELAY =
      Boolean.parseBoolean(System.getProperty("hostile.assertDelay", "true"));
  private static final double LONGEST_DELAY = 0.1; // seconds
  private static final String JCMD =
      Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
  private static final int NODES = 3;
  private static final int WARM = 4; // of the requests, one in so many comes before the figures

  /** Small, so that it is full when the heap is measured first. */
  private static final JsonObject CACHE = new JsonObject().put("max_size", 1_000);

  private static final Pattern TRACE = Pattern.compile(".*\\R\\s+at \\w+[.].*");

  @RegisterExtension private static final PostgresProcess postgres = new PostgresProcess();

  @TempDir private Path directory;

  @Test
  void overHttp() throws Exception {
    alone("HTTP", new JsonObject(), null);
  }

  @Test
  void overHttps() throws Exception {
    var certificates = new Certificates(directory);
    var authority = certificates.authority("authority");
    var server = certificates.signedBy(authority, "server");
    var tls =
        new JsonObject()
            .put("certificate", server.certificate().toString())
            .put("key", server.key().toString());
    var http = new JsonObject().put("http", new JsonObject().put("tls", tls));
    alone("HTTPS", http, Certificates.trusting(authority));
  }

  private void alone(String name, JsonObject changes, SSLContext tls) throws Exception {
    var database = postgres.newDatabase();
    var config = new JsonObject().put("cache", CACHE).mergeIn(changes, true);
    try (var service =
        new PackagedService(
            () -> PostgresProcess.uri(postgres.port(), database),
            config,
            PackagedService.Launch.withHeap(HEAP))) {
      if (tls != null) service.secured(tls);
      service.start();
      Await.until("the service is ready", service::ready);
      var campaign = new HostileCampaign(contract(service), SEED);
      attack(campaign, REQUESTS, List.of(service), tls);
      try (var connection = postgres.admin(database)) {
        report(name, campaign, connection);
      }
    }
  }

  /** A third of the requests, over HTTP, and as many messages from a foreign member of the bus. */
  @Test
  void againstACluster() throws Exception {
    try (var network = NodeNetwork.make(NODES);
        var server = new PostgresProcess("listen_addresses=127.0.0.1," + NodeNetwork.TEST_HOST)) {
      server.start();
      var database = server.newDatabase();
      var uri = PostgresProcess.uri(NodeNetwork.TEST_HOST, server.port(), database);
      var config =
          new JsonObject()
              .put("models", new JsonObject().put("dir", SmallRelease.directory().toString()))
              .put("cache", CACHE);
      try (var nodes = ClusterNodes.on(network, NODES, () -> uri, config)) {
        nodes.start();
        var services = nodes.all().stream().map(ClusterNode::process).toList();
        var campaign = new HostileCampaign(contract(services.get(0)), SEED);
        var ids = new ArrayList<String>();
        for (var node : nodes.all()) ids.add(node.view().getJsonObject("node").getString("id"));
        attack(campaign, REQUESTS / NODES, services, null);
        try (var bus = BusClient.join(NodeNetwork.TEST_HOST, nodes.members(), null)) {
          new HostileMessages(bus, ids, campaign, SEED).send(REQUESTS / NODES);
          for (var service : services) assertSettled(service);
        }
        try (var connection = server.admin(database)) {
          report("a cluster of " + NODES, campaign, connection);
        }
      }
    }
  }

  private static OpenApi contract(PackagedService service) throws Exception {
    return new OpenApi(new JsonObject(service.get("/openapi.json").body()));
  }

  private void attack(
      HostileCampaign campaign, int requests, List<PackagedService> services, SSLContext tls)
      throws Exception {
    var servers =
        services.stream()
            .map(service -> new InetSocketAddress(service.host(), service.port()))
            .toList();
    campaign.send(0, requests / WARM, servers, tls);
    var before = new ArrayList<Holdings>();
    for (var service : services) before.add(Holdings.of(service));
    var delays = LoopDelays.settled(services); // without those of the collections just now
    campaign.send(1, requests - requests / WARM, servers, tls);
    delays = LoopDelays.of(services).since(delays);
    System.out.println(delays);
    if (ASSERT_DELAY) assertThat(delays.longerThan(LONGEST_DELAY)).as(delays.toString()).isZero();
    for (int i = 0; i < services.size(); i++) {
      assertSettled(services.get(i));
      var after = Holdings.of(services.get(i));
      System.out.printf("before: %s%nafter:  %s%n", before.get(i), after);
      after.assertLikeThose(before.get(i));
    }
  }

  /** Stored what it acknowledged, finished what it began, and kept silent about it. */
  private static void assertSettled(PackagedService service) throws Exception {
    Await.until("all is stored", DRAINED, () -> service.waiting() == 0);
    Await.until("no lease on a model is open", () -> service.leases() == 0);
    var log = service.log();
    assertThat(TRACE.matcher(log).results().map(MatchResult::group).distinct()).isEmpty();
    assertThat(log).doesNotContainIgnoringCase(HostileRequests.MARK);
    assertThat(service.get("/metrics").body()).doesNotContainIgnoringCase(HostileRequests.MARK);
  }

  private static void report(String name, HostileCampaign campaign, Connection database)
      throws SQLException {
    System.out.printf(
        "hostile requests, %s, seed %d: %d responses, %d predictions%n%s%n",
        name, SEED, campaign.responses(), campaign.predicted().size(), campaign.table());
    assertThat(campaign.faults()).isEmpty();
    assertThat(campaign.predicted()).as("predictions of the campaign").isNotEmpty();
    assertThat(lost(campaign.predicted(), database)).as("predicted and not stored").isEmpty();
  }

  private static Set<UUID> lost(Set<UUID> predicted, Connection database) throws SQLException {
    var lost = new HashSet<>(predicted);
    try (var statement = database.createStatement();
        var rows =
            statement.executeQuery("SELECT prediction_id, count(*) FROM predictions GROUP BY 1")) {
      while (rows.next()) {
        assertThat(rows.getInt(2)).isEqualTo(1);
        lost.remove(rows.getObject(1, UUID.class));
      }
    }
    return lost;
  }

  /**
   * Resources of a process.
   *
   * @param heap in bytes, after a collection
   * @param series of its meters
   * @param descriptors open files and sockets
   */
  private record Holdings(long heap, int series, int descriptors, int threads) {
    static Holdings of(PackagedService service) throws Exception {
      Processes.run(JCMD, Long.toString(service.pid()), "GC.run");
      Processes.run(JCMD, Long.toString(service.pid()), "GC.run");
      var scrape = Scrape.of(service.get("/metrics").body());
      var heap = scrape.sum("jvm_memory_used_bytes", labels -> "heap".equals(labels.get("area")));
      var process = Path.of("/proc", Long.toString(service.pid()));
      return new Holdings(
          (long) heap,
          scrape.values().size(),
          entries(process.resolve("fd")),
          entries(process.resolve("task")));
    }

    private static int entries(Path directory) throws IOException {
      try (var entries = Files.list(directory)) {
        return (int) entries.count();
      }
    }

    void assertLikeThose(Holdings before) {
      assertThat(heap - before.heap).as("growth of the heap").isLessThan(HEAP_GROWTH);
      assertThat(series - before.series).as("new series of meters").isLessThan(SERIES_GROWTH);
      assertThat(descriptors - before.descriptors).as("new descriptors").isLessThan(FEW);
      assertThat(threads - before.threads).as("new threads").isLessThan(FEW);
    }

    @Override
    public String toString() {
      return "heap %.0f MB, %d series, %d descriptors, %d threads"
          .formatted(heap / 1e6, series, descriptors, threads);
    }
  }
}
