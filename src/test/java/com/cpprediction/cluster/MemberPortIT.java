package com.cpprediction.cluster;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.config.ClusterConfig;
import com.cpprediction.testing.Ports;
import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.MemberLeftException;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
import com.hazelcast.spi.exception.RetryableHazelcastException;
import com.hazelcast.spi.impl.SerializationServiceSupport;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The member port accepts members only, and deserializes listed classes only. */
class MemberPortIT {
  private static final String CLUSTER = "test-member-port";

  /** Settings as shipped with version 1.0, with all that these allowed. */
  private static final String EARLIER =
      """
      <hazelcast xmlns="http://www.hazelcast.com/schema/config">
        <network>
          <join><tcp-ip enabled="true" connection-timeout-seconds="2"/></join>
          <rest-api enabled="true">
            <endpoint-group name="HEALTH_CHECK" enabled="true"/>
          </rest-api>
          <memcache-protocol enabled="true"/>
        </network>
      </hazelcast>
      """;

  private static final String OPEN =
      """
      <hazelcast xmlns="http://www.hazelcast.com/schema/config">
        <advanced-network enabled="true">
          <member-server-socket-endpoint-config/>
          <%s/>
        </advanced-network>
      </hazelcast>
      """;

  private final int port = Ports.free();
  @TempDir Path dir;
  private Vertx vertx;
  private HazelcastInstance member;

  /** Records its deserialization, which is all that an attacker needs. */
  private static final class Foreign implements Callable<String>, Serializable {
    private static final AtomicInteger READ = new AtomicInteger();

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      READ.incrementAndGet();
    }

    @Override
    public String call() {
      return "done";
    }
  }

  private Membership membership(String file) throws IOException {
    var hazelcast = dir.resolve("hazelcast.xml");
    if (!file.isEmpty()) Files.writeString(hazelcast, file);
    var config =
        new ClusterConfig(
            CLUSTER,
            "127.0.0.1",
            port,
            0,
            List.of("127.0.0.1:" + port),
            "",
            false,
            2,
            1,
            Duration.ofMillis(500),
            new ClusterConfig.Tls("", "", ""));
    return Membership.of(config, hazelcast, dir::resolve);
  }

  private void start(String file) throws Exception {
    var membership = membership(file);
    vertx =
        Vertx.builder()
            .with(new VertxOptions().setEventBusOptions(membership.bus()))
            .withClusterManager(membership.manager())
            .buildClustered()
            .await(60, TimeUnit.SECONDS);
    member = ((HazelcastClusterManager) membership.manager()).getHazelcastInstance();
  }

  @AfterEach
  void leave() throws Exception {
    HazelcastClient.shutdownAll();
    if (vertx != null) vertx.close().await(60, TimeUnit.SECONDS);
    Hazelcast.shutdownAll();
  }

  private static HazelcastInstance client(int port) {
    var config = new ClientConfig().setClusterName(CLUSTER);
    config.setProperty("hazelcast.logging.type", "slf4j");
    config.getNetworkConfig().addAddress("127.0.0.1:" + port);
    config
        .getConnectionStrategyConfig()
        .getConnectionRetryConfig()
        .setClusterConnectTimeoutMillis(1);
    return HazelcastClient.newHazelcastClient(config);
  }

  /** A member with Hazelcast's defaults. */
  private static HazelcastInstance member(int port, String other) {
    var config = new Config().setClusterName(CLUSTER);
    config
        .setProperty("hazelcast.phone.home.enabled", "false")
        .setProperty("hazelcast.socket.bind.any", "false")
        .setProperty("hazelcast.wait.seconds.before.join", "0")
        .setProperty("hazelcast.logging.type", "slf4j");
    var network = config.getNetworkConfig().setPort(port).setPortAutoIncrement(false);
    network.getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    network.getJoin().getAutoDetectionConfig().setEnabled(false);
    network.getJoin().getMulticastConfig().setEnabled(false);
    var members = network.getJoin().getTcpIpConfig().setEnabled(true);
    if (!other.isEmpty()) members.addMember(other);
    return Hazelcast.newHazelcastInstance(config);
  }

  @Test
  void refusesHazelcastClients() throws Exception {
    start("");

    assertThatThrownBy(() -> client(port)).isInstanceOf(IllegalStateException.class);
    assertThat(member.getClientService().getConnectedClients()).isEmpty();
  }

  @ParameterizedTest(name = "file: {0}")
  @ValueSource(strings = {"", EARLIER})
  void speaksTheMemberProtocolOnly(String file) throws Exception {
    start(file);

    for (var said : List.of("CP2", "GET /hazelcast/health HTTP/1.0\r\n\r\n", "version\r\n")) {
      assertThat(answer(said)).as("answer to %s", said).isIn("", "HZX"); // its "wrong protocol"
    }
  }

  /** Shows that {@link #client} works where clients are accepted. */
  @Test
  void aClientConnectsToAnUnprotectedMember() {
    member(port, "");

    assertThat(client(port).getDistributedObjects()).isEmpty();
  }

  @Test
  void listensOnItsOwnAddressOnly() throws Exception {
    start("");

    new Socket("127.0.0.1", port).close();
    assertThatThrownBy(() -> new Socket("127.0.0.2", port).close())
        .isInstanceOf(ConnectException.class);
  }

  private String answer(String said) throws IOException {
    try (var socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(said.getBytes(US_ASCII));
      socket.getOutputStream().flush();
      return new String(socket.getInputStream().readNBytes(3), US_ASCII);
    } catch (SocketException e) {
      assertThat(e).hasMessage("Connection reset"); // closed with unread input
      return "";
    }
  }

  @ParameterizedTest(name = "file: {0}")
  @ValueSource(strings = {"", EARLIER})
  void deserializesListedClassesOnly(String file) throws Exception {
    start(file);
    var other = member(Ports.free(), "127.0.0.1:" + port);
    assertThat(other.getCluster().getMembers()).hasSize(2);
    int read = Foreign.READ.get();

    var sent =
        other
            .getExecutorService("any")
            .submitToMember(new Foreign(), member.getCluster().getLocalMember());

    assertThatThrownBy(() -> sent.get(20, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .rootCause()
        .isInstanceOf(SecurityException.class)
        .hasMessageContaining("not allowed");
    assertThat(Foreign.READ).hasValue(read);
  }

  @Test
  void deserializesExceptionsOfMembers() throws Exception {
    start("");
    var serialization = ((SerializationServiceSupport) member).getSerializationService();

    for (var exception :
        List.of(
            new RetryableHazelcastException("again", new IOException("why")),
            new MemberLeftException(member.getCluster().getLocalMember()),
            new HazelcastSerializationException("unreadable", new SecurityException("class")),
            new ExecutionException(new NullPointerException("null")))) {
      exception.addSuppressed(new IllegalStateException("suppressed"));
      Throwable read = serialization.toObject(serialization.toData(exception));
      assertThat(read).hasSameClassAs(exception).hasMessage(exception.getMessage());
      assertThat(read.getSuppressed()).hasSize(1);
    }
    var lambda = (Callable<String> & Serializable) () -> "done";
    var data = serialization.toData(lambda);
    assertThatThrownBy(() -> serialization.toObject(data))
        .isInstanceOf(HazelcastSerializationException.class)
        .hasMessageContaining("not allowed");
  }

  @Test
  void listsExceptionsAndTheirFieldsOnly() throws Exception {
    var config = ((HazelcastClusterManager) membership("").manager()).getConfig();
    var filter = config.getSerializationConfig().getJavaSerializationFilterConfig();

    assertThat(filter.isDefaultsDisabled()).isTrue();
    assertThat(filter.getWhitelist().getPrefixes()).isEmpty();
    for (var name : filter.getWhitelist().getClasses()) {
      var type = Class.forName(name);
      if (Throwable.class.isAssignableFrom(type) || type.isEnum()) continue;
      assertThat(name)
          .isIn(
              "java.lang.Enum",
              "java.lang.StackTraceElement",
              "[Ljava.lang.StackTraceElement;",
              "com.hazelcast.version.MemberVersion",
              "java.util.ArrayList",
              "java.util.Collections$EmptyList",
              "java.util.Collections$UnmodifiableCollection",
              "java.util.Collections$UnmodifiableList",
              "java.util.Collections$UnmodifiableRandomAccessList");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "client-server-socket-endpoint-config",
        "rest-server-socket-endpoint-config",
        "memcache-server-socket-endpoint-config"
      })
  void refusesSettingsThatOpenAnotherPort(String endpoint) {
    assertThatThrownBy(() -> membership(OPEN.formatted(endpoint)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("hazelcast.xml: it opens a port for ")
        .hasMessageContaining("members only");
  }
}
