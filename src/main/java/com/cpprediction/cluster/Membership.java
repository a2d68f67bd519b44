package com.cpprediction.cluster;

import com.cpprediction.config.ClusterConfig;
import com.hazelcast.cluster.MembershipAdapter;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.config.Config;
import com.hazelcast.config.InvalidConfigurationException;
import com.hazelcast.config.JoinConfig;
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
 * Membership in the cluster, through Hazelcast. Thread-safe once the Vert.x that uses {@link
 * #manager()} has started.
 */
public final class Membership implements Members {
  /** Member attribute that marks nodes of this service, as opposed to clients on its bus. */
  private static final String NODE_ATTRIBUTE = "com.cpprediction.node";

  private static final String VERTX_ID_ATTRIBUTE = "__vertx.nodeId";
  private static final String PACKAGED = "hazelcast.xml";

  /** A dead connection is replaced after interval and timeout (defaults: 20 s each). */
  private static final Duration PING_INTERVAL = Duration.ofSeconds(1);

  private static final Duration PING_TIMEOUT = Duration.ofSeconds(3);

  /**
   * Vert.x closes a connection without a pong only once its writes are flushed, which on a cut
   * network may take minutes after the network is back. An idle connection is closed at once. Not a
   * round number: an application without frequent pings is then unlikely to write just as it
   * closes.
   */
  private static final Duration IDLE = Duration.ofMillis(4_700);

  /** Messages wait meanwhile, and the kernel retries at increasing intervals (default: 60 s). */
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);

  private final HazelcastClusterManager manager;
  private final EventBusOptions bus;
  private final String name;

  private Membership(HazelcastClusterManager manager, EventBusOptions bus, String name) {
    this.manager = manager;
    this.bus = bus;
    this.name = name;
  }

  /**
   * Prepares membership; the Vert.x that uses {@link #manager()} joins. Blocks.
   *
   * @param file Hazelcast's settings; the packaged ones where it doesn't exist
   * @param path resolves a path of the configuration
   * @throws IllegalArgumentException for invalid settings; the message says why
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
          // Not the interfaces of the endpoint: these would also filter what names of members
          // resolve to.
          .setProperty("hazelcast.local.localAddress", address)
          .setProperty("hazelcast.shutdownhook.enabled", "false");
      hazelcast.getMemberAttributeConfig().setAttribute(NODE_ATTRIBUTE, name);
      membersOnly(hazelcast)
          .setPort(config.port())
          .setPortAutoIncrement(false)
          .setReuseAddress(true)
          .getInterfaces()
          .setEnabled(false);
      setClassFilter(hazelcast);
      setJoin(hazelcast.getAdvancedNetworkConfig().getJoin(), config);
      return new Membership(new AddressCachingManager(hazelcast), bus(config, address, path), name);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "Cannot prepare the cluster: " + e + "; see cluster.host and " + file, e);
    } catch (InvalidConfigurationException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  private static void setJoin(JoinConfig join, ClusterConfig config) {
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    boolean named = !config.service().isEmpty();
    join.getTcpIpConfig().setEnabled(!named).setMembers(config.members());
    if (named) { // looks the name up in the DNS and asks nothing of Kubernetes
      join.getKubernetesConfig()
          .setEnabled(true)
          .setProperty("service-dns", config.service())
          .setProperty("service-port", Integer.toString(config.port()));
    }
  }

  private static Config read(Path file) throws IOException {
    try (var in = Files.exists(file) ? Files.newInputStream(file) : packagedSettings()) {
      return new XmlConfigBuilder(in).build();
    }
  }

  private static InputStream packagedSettings() {
    return Objects.requireNonNull(Membership.class.getResourceAsStream(PACKAGED), PACKAGED);
  }

  /**
   * Opens the member port only, through the advanced network configuration: a port for all
   * protocols would accept any client, without a password in the open-source edition.
   */
  private static ServerSocketEndpointConfig membersOnly(Config hazelcast) {
    var network = hazelcast.getAdvancedNetworkConfig();
    if (!network.isEnabled()) { // settings of an earlier version
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
    return (ServerSocketEndpointConfig)
        Objects.requireNonNull(endpoints.get(EndpointQualifier.MEMBER));
  }

  /** Applies the packaged deserialization filter to settings without one. */
  private static void setClassFilter(Config hazelcast) throws IOException {
    var serialization = hazelcast.getSerializationConfig();
    if (serialization.getJavaSerializationFilterConfig() != null) return;
    try (var in = packagedSettings()) {
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
            .setConnectTimeout((int) CONNECT_TIMEOUT.toMillis())
            .setClusterPingInterval(PING_INTERVAL.toMillis())
            .setClusterPingReplyInterval(PING_TIMEOUT.toMillis())
            .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
            .setReadIdleTimeout((int) IDLE.toMillis());
    var tls = config.tls();
    if (!tls.enabled()) return bus;
    UnaryOperator<String> resolve = file -> path.apply(file).toString();
    return bus.setSsl(true)
        .setTrustAll(false) // the default, stated for safety
        .setClientAuth(ClientAuth.REQUIRED)
        .setKeyCertOptions(
            new PemKeyCertOptions()
                .addCertPath(resolve.apply(tls.certificate()))
                .addKeyPath(resolve.apply(tls.key())))
        .setTrustOptions(new PemTrustOptions().addCertPath(resolve.apply(tls.ca())));
  }

  /** For the one Vert.x that joins. */
  public ClusterManager manager() {
    return manager;
  }

  /** Event bus options of that Vert.x. */
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
      var node = member.getAttribute(NODE_ATTRIBUTE);
      if (node != null) members.put(member.getAttribute(VERTX_ID_ATTRIBUTE), node);
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
    var withdrawals = new ArrayList<Future<Void>>();
    for (var address : addresses) {
      var registered = Promise.<List<RegistrationInfo>>promise();
      manager.getRegistrations(address, registered);
      withdrawals.add(
          registered.future().compose(registrations -> withdraw(address, registrations)));
    }
    return Future.join(withdrawals).mapEmpty();
  }

  private Future<Void> withdraw(String address, List<RegistrationInfo> registrations) {
    var removals = new ArrayList<Future<Void>>();
    for (var registration : registrations) {
      if (!registration.nodeId().equals(id()) || registration.localOnly()) continue;
      var done = Promise.<Void>promise();
      manager.removeRegistration(address, registration, done);
      removals.add(done.future());
    }
    return Future.join(removals).mapEmpty();
  }
}
