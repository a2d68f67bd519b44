package com.cpprediction.cluster;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.config.ClusterConfig;
import com.cpprediction.testing.Certificates;
import com.cpprediction.testing.Ports;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Real members in one process: discovery and authentication. */
class MembershipIT {
  private static final String ADDRESS = "test.address";

  @TempDir Path dir;
  private final List<Vertx> members = new ArrayList<>();
  private final List<String> ports = List.of(port(), port(), port());

  private static String port() {
    return String.valueOf(Ports.free());
  }

  /** The nth of three members. */
  private Membership membership(int n, ClusterConfig.Tls tls) {
    var members = ports.stream().map(port -> "127.0.0.1:" + port).toList();
    return membership("127.0.0.1", ports.get(n), members, "", tls);
  }

  private Membership membership(
      String host, String port, List<String> members, String service, ClusterConfig.Tls tls) {
    var config =
        new ClusterConfig(
            "test-" + ports.get(0),
            host,
            Integer.parseInt(port),
            0,
            members,
            service,
            false,
            2,
            1,
            Duration.ofMillis(500),
            tls);
    return Membership.of(config, dir.resolve("none.xml"), dir::resolve);
  }

  private Vertx join(Membership membership) throws Exception {
    var vertx =
        Vertx.builder()
            .with(new VertxOptions().setEventBusOptions(membership.bus()))
            .withClusterManager(membership.manager())
            .buildClustered()
            .await(60, SECONDS);
    members.add(vertx);
    return vertx;
  }

  @AfterEach
  void leave() throws Exception {
    for (var vertx : members) vertx.close().await(60, SECONDS);
  }

  private static final ClusterConfig.Tls PLAIN = new ClusterConfig.Tls("", "", "");

  private static String ask(Vertx from) throws Exception {
    return ask(from, 20_000);
  }

  private static String ask(Vertx from, long patienceMillis) throws Exception {
    return from.eventBus()
        .<String>request(ADDRESS, "anybody", new DeliveryOptions().setSendTimeout(patienceMillis))
        .await(30, SECONDS)
        .body();
  }

  @Test
  void listsNodesWithoutBusClients() throws Exception {
    var one = membership(0, PLAIN);
    var two = membership(1, PLAIN);
    join(one);
    join(two);
    var client = membership(2, PLAIN);
    ((HazelcastClusterManager) client.manager())
        .getConfig()
        .getMemberAttributeConfig()
        .removeAttribute("com.cpprediction.node");
    join(client);

    assertThat(one.members())
        .hasSize(2)
        .containsEntry(one.id(), "127.0.0.1:" + ports.get(0))
        .containsEntry(two.id(), "127.0.0.1:" + ports.get(1));
    assertThat(client.members()).isEqualTo(one.members());
  }

  /** A name of another address than the node's own. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void joinsAMemberByName() throws Exception {
    var port = ports.get(0);
    assertFindsTheOther(membership("127.0.0.2", port, List.of("localhost:" + port), "", PLAIN));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void joinsTheMembersThatTheNameOfAServiceResolvesTo() throws Exception {
    assertFindsTheOther(membership("127.0.0.2", ports.get(0), List.of(), "localhost", PLAIN));
  }

  private void assertFindsTheOther(Membership second) throws Exception {
    var port = ports.get(0);
    var first = membership("127.0.0.1", port, List.of("127.0.0.1:" + port), "", PLAIN);
    join(first);

    join(second);

    assertThat(second.members())
        .hasSize(2)
        .containsEntry(first.id(), "127.0.0.1:" + port)
        .containsEntry(second.id(), "127.0.0.2:" + port);
  }

  @Test
  void isNotRoutedToOnceWithdrawnAndStillServes() throws Exception {
    var one = membership(0, PLAIN);
    var there = join(one);
    var here = join(membership(1, PLAIN));
    there
        .eventBus()
        .consumer(ADDRESS, message -> message.reply("there"))
        .completion()
        .await(60, SECONDS);
    assertThat(ask(here)).isEqualTo("there");

    one.withdraw(List.of(ADDRESS)).await(60, SECONDS);
    here.eventBus()
        .consumer(ADDRESS, message -> message.reply("here"))
        .completion()
        .await(60, SECONDS);

    long end = System.nanoTime() + SECONDS.toNanos(60);
    while (!ask(here).equals("here") || !ask(here).equals("here")) { // round robin would alternate
      assertThat(System.nanoTime()).as("seen within 60 s").isLessThan(end);
    }
    for (int i = 0; i < 20; i++) assertThat(ask(here)).isEqualTo("here");
    assertThat(
            there
                .eventBus()
                .<String>request(ADDRESS, "local", new DeliveryOptions().setLocalOnly(true))
                .await(60, SECONDS)
                .body())
        .isEqualTo("there");
  }

  /** Hazelcast may store the address on a member that can't be reached. */
  @Test
  void looksABusAddressUpOnce() throws Exception {
    var one = membership(0, PLAIN);
    var there = join(one);
    var two = membership(1, PLAIN);
    var here = join(two);
    there
        .eventBus()
        .consumer(ADDRESS, message -> message.reply("there"))
        .completion()
        .await(60, SECONDS);
    assertThat(ask(here)).isEqualTo("there");
    var manager = (HazelcastClusterManager) two.manager();
    manager.getHazelcastInstance().getMap("__vertx.nodeInfo").clear();

    var known = Promise.<NodeInfo>promise();
    manager.getNodeInfo(one.id(), known);
    var unknown = Promise.<NodeInfo>promise();
    manager.getNodeInfo("another", unknown);

    assertThat(known.future().await(60, SECONDS)).isEqualTo(one.manager().getNodeInfo());
    assertThatThrownBy(() -> unknown.future().await(60, SECONDS)).hasMessageContaining("member");
  }

  /** Network cut while the peer's receive window is full: no write completes. */
  @Test
  void replacesAStalledConnection() throws Exception {
    var one = membership(0, PLAIN);
    var two = membership(1, PLAIN);
    try (var peer = new ServerSocket(0, 2, InetAddress.getByName("127.0.0.1"))) {
      two.bus().setClusterPublicHost("127.0.0.1").setClusterPublicPort(peer.getLocalPort());
      peer.setSoTimeout(15_000);
      var here = join(one);
      join(two).eventBus().consumer(ADDRESS, message -> {}).completion().await(60, SECONDS);
      var message = Buffer.buffer(new byte[1 << 18]);
      here.setPeriodic(100, tick -> here.eventBus().send(ADDRESS, message));

      try (var unread = peer.accept();
          var next = peer.accept()) {
        assertThat(next.getPort()).isNotEqualTo(unread.getPort());
      }
    }
  }

  @Test
  void acceptsBusConnectionsWithATrustedCertificateOnly() throws Exception {
    var certificates = new Certificates(dir);
    var ours = certificates.authority("ours");
    var theirs = certificates.authority("theirs");
    var one = join(membership(0, tls(ours, certificates.signedBy(ours, "one"))));
    one.eventBus()
        .consumer(ADDRESS, message -> message.reply("secret"))
        .completion()
        .await(60, SECONDS);

    var friend = join(membership(1, tls(ours, certificates.signedBy(ours, "two"))));
    assertThat(ask(friend)).isEqualTo("secret");
    var foe = join(membership(2, tls(ours, certificates.signedBy(theirs, "three"))));
    assertThatThrownBy(() -> ask(foe, 3_000)).isInstanceOf(ReplyException.class);
  }

  private static ClusterConfig.Tls tls(Certificates.Pair trusted, Certificates.Pair isOwner) {
    return new ClusterConfig.Tls(
        isOwner.certificate().toString(),
        isOwner.key().toString(),
        trusted.certificate().toString());
  }
}
