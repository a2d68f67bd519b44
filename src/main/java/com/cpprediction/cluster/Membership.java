package com.cpprediction.cluster;

import com.cpprediction.config.ClusterConfig;
import com.hazelcast.cluster.MembershipAdapter;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.config.Config;
import com.hazelcast.config.InvalidConfigurationException;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.config.XmlConfigBuilder;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.instance.EndpointQualifier;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.spi.cluster.ClusterManager;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Joins the cluster and knows its members. Thread-safe, once the Vert.x it was given to has
 * started.
 */
public final class Membership implements Members {
  /** Attribute of those members that are nodes of this service, rather than clients on its bus. */
  private static final String NODE = "com.cpprediction.node";

  private static final String VERTX_ID = "__vertx.nodeId";
  private static final String PACKAGED = "hazelcast.xml";

  /** A connection that leads nowhere any more is replaced after both (defaults: 20 s each). */
  private static final Duration PING = Duration.ofSeconds(1);

  private static final Duration PONG = Duration.ofSeconds(3);

  /**
   * Vert.x closes a connection without a pong only once its writes are flushed, which on a cut
   * network may take minutes after the network is back. An idle connection is closed at once. Not a
   * round number: an application without frequent pings is then unlikely to write just as it
   * closes.
   */
  private static final Duration IDLE = Duration.ofMillis(4_700);

  /**
   * While it is tried, messages wait; the kernel tries at ever longer intervals (default: 60 s).
   */
  private static final Duration CONNECT = Duration.ofSeconds(1);

  private final HazelcastClusterManager manager;
  private final EventBusOptions bus;
  private final String name;

  private Membership(HazelcastClusterManager manager, EventBusOptions bus, String name) {
    this.manager = manager;
    this.bus = bus;
    this.name = name;
  }

  /**
   * Prepares to join; the Vert.x that gets {@link #manager()} does it. Blocks.
   *
   * @param file Hazelcast's own settings; what the jar brings where there is none
   * @param path where a path of the configuration leads to
   * @throws IllegalArgumentException when it can't be done so; the message says why
   */
  public static Membership of(ClusterConfig config, Path file, Function<String, Path> path) {
    var name = config.host() + ':' + config.port();
    try {
      var address = InetAddress.getByName(config.host()).getHostAddress();
      var hazelcast = read(file);
      hazelcast.setClusterName(config.name());
      hazelcast
          .setProperty("hazelcast.phone.home.enabled", "false")
          .setProperty("hazelcast.socket.bind.any", "false")
          .setProperty("hazelcast.shutdownhook.enabled", "false");
      hazelcast.getMemberAttributeConfig().setAttribute(NODE, name);
      onlyForMembers(hazelcast)
          .setPort(config.port())
          .setPortAutoIncrement(false)
          .setReuseAddress(true)
          .getInterfaces()
          .setEnabled(true)
          .clear()
          .addInterface(address);
      filterClasses(hazelcast);
      var join = hazelcast.getAdvancedNetworkConfig().getJoin();
      join.getAutoDetectionConfig().setEnabled(false);
      join.getMulticastConfig().setEnabled(false);
      join.getTcpIpConfig().setEnabled(true).setMembers(config.members());
      return new Membership(
          new HazelcastClusterManager(hazelcast), bus(config, address, path), name);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "Cannot prepare the cluster: " + e + "; see cluster.host and " + file, e);
    } catch (InvalidConfigurationException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  private static Config read(Path file) throws IOException {
    try (var in = Files.exists(file) ? Files.newInputStream(file) : packaged()) {
      return new XmlConfigBuilder(in).build();
    }
  }

  private static InputStream packaged() {
    return Objects.requireNonNull(Membership.class.getResourceAsStream(PACKAGED), PACKAGED);
  }

  /**
   * A port of its own for each protocol, and none but that of the members: one port for all would
   * answer any client, which needs no password in the open-source edition.
   */
  private static ServerSocketEndpointConfig onlyForMembers(Config hazelcast) {
    var network = hazelcast.getAdvancedNetworkConfig();
    if (!network.isEnabled()) { // a file of an earlier version
      var earlier = hazelcast.getNetworkConfig();
      network.setJoin(earlier.getJoin()).setEnabled(true);
      network.setMemberAddressProviderConfig(earlier.getMemberAddressProviderConfig());
      members(hazelcast)
          .setPublicAddress(earlier.getPublicAddress())
          .setOutboundPortDefinitions(earlier.getOutboundPortDefinitions())
          .setOutboundPorts(earlier.getOutboundPorts())
          .setSocketInterceptorConfig(earlier.getSocketInterceptorConfig());
    }
    var endpoints = network.getEndpointConfigs();
    for (var other : endpoints.keySet()) {
      if (!other.equals(EndpointQualifier.MEMBER)) {
        throw new InvalidConfigurationException(
            "it opens a port for " + other.getType() + ", where members only are let in");
      }
    }
    return members(hazelcast);
  }

  private static ServerSocketEndpointConfig members(Config hazelcast) {
    var endpoints = hazelcast.getAdvancedNetworkConfig().getEndpointConfigs();
    return (ServerSocketEndpointConfig) endpoints.get(EndpointQualifier.MEMBER);
  }

  /** That of the packaged file where {@code hazelcast} comes from one without. */
  private static void filterClasses(Config hazelcast) throws IOException {
    var serialization = hazelcast.getSerializationConfig();
    if (serialization.getJavaSerializationFilterConfig() != null) return;
    try (var in = packaged()) {
      var own = new XmlConfigBuilder(in).build().getSerializationConfig();
      serialization.setJavaSerializationFilterConfig(own.getJavaSerializationFilterConfig());
    }
  }

  private static EventBusOptions bus(
      ClusterConfig config, String address, Function<String, Path> path) {
    var bus =
        new EventBusOptions()
            .setHost(address)
            .setPort(config.busPort())
            .setConnectTimeout((int) CONNECT.toMillis())
            .setClusterPingInterval(PING.toMillis())
            .setClusterPingReplyInterval(PONG.toMillis())
            .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
            .setReadIdleTimeout((int) IDLE.toMillis());
    var tls = config.tls();
    if (!tls.enabled()) return bus;
    UnaryOperator<String> at = file -> path.apply(file).toString();
    return bus.setSsl(true)
        .setTrustAll(false) // which is its default
        .setClientAuth(ClientAuth.REQUIRED)
        .setKeyCertOptions(
            new PemKeyCertOptions()
                .addCertPath(at.apply(tls.certificate()))
                .addKeyPath(at.apply(tls.key())))
        .setTrustOptions(new PemTrustOptions().addCertPath(at.apply(tls.ca())));
  }

  /** For the one Vert.x that is to join. */
  public ClusterManager manager() {
    return manager;
  }

  /** How that Vert.x carries its event bus to the others. */
  public EventBusOptions bus() {
    return bus;
  }

  @Override
  public String id() {
    return manager.getNodeId();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Map<String, String> members() {
    var members = new TreeMap<String, String>();
    for (var member : manager.getHazelcastInstance().getCluster().getMembers()) {
      var node = member.getAttribute(NODE);
      if (node != null) members.put(member.getAttribute(VERTX_ID), node);
    }
    return members;
  }

  @Override
  public void onChange(Runnable changed) {
    var hazelcast = manager.getHazelcastInstance();
    hazelcast
        .getCluster()
        .addMembershipListener(
            new MembershipAdapter() {
              @Override
              public void memberAdded(MembershipEvent event) {
                changed.run();
              }

              @Override
              public void memberRemoved(MembershipEvent event) {
                changed.run();
              }
            });
    hazelcast
        .getLifecycleService()
        .addLifecycleListener(
            event -> {
              if (event.getState() == LifecycleState.MERGED) changed.run();
            });
  }

  @Override
  public Future<Void> withdraw(List<String> addresses) {
    var withdrawn = new ArrayList<Future<Void>>();
    for (var address : addresses) {
      var registered = Promise.<List<RegistrationInfo>>promise();
      manager.getRegistrations(address, registered);
      withdrawn.add(registered.future().compose(registrations -> withdraw(address, registrations)));
    }
    return Future.join(withdrawn).mapEmpty();
  }

  private Future<Void> withdraw(String address, List<RegistrationInfo> registrations) {
    var removed = new ArrayList<Future<Void>>();
    for (var registration : registrations) {
      if (!registration.nodeId().equals(id()) || registration.localOnly()) continue;
      var done = Promise.<Void>promise();
      manager.removeRegistration(address, registration, done);
      removed.add(done.future());
    }
    return Future.join(removed).mapEmpty();
  }
}
