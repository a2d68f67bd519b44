package com.cpprediction.config;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * How a node joins others. All of it is read at start only, where it doesn't say hot.
 *
 * @param name of the cluster: nodes with another one are strangers; JSON: {@code cluster.name}
 * @param host address of this node for the others; JSON: {@code cluster.host}
 * @param port of membership, 1..65,535; JSON: {@code cluster.port}
 * @param busPort of the event bus, 0..65,535, 0 for any free one; JSON: {@code cluster.bus_port}
 * @param members some of the nodes to join, {@code host:port} each; JSON: {@code cluster.members}
 * @param trustedNetwork whether only friends can reach a {@code host} that isn't loopback; JSON:
 *     {@code cluster.trusted_network}
 * @param replicas nodes that own a prefix, 1..16; hot; JSON: {@code cluster.replicas}
 * @param weight this node's part of the prefixes, compared with the others' weights, 0.01..100;
 *     hot; JSON: {@code cluster.weight}
 * @param attempt longest wait for one owner before another is asked, 10..60,000 ms; hot; JSON:
 *     {@code cluster.attempt_ms}
 * @param tls of the event bus
 */
public record ClusterConfig(
    String name,
    String host,
    int port,
    int busPort,
    List<String> members,
    boolean trustedNetwork,
    int replicas,
    double weight,
    Duration attempt,
    Tls tls) {
  /**
   * Paths of PEM files; empty without TLS.
   *
   * @param certificate of this node, with what leads to {@code ca}; JSON: {@code
   *     cluster.tls.certificate}
   * @param key private, PKCS 8; JSON: {@code cluster.tls.key}
   * @param ca whose certificates the other nodes must have; JSON: {@code cluster.tls.ca}
   */
  public record Tls(String certificate, String key, String ca) {
    private static final Pattern PATH = Pattern.compile("");

    public Tls {
      Check.text("cluster.tls.certificate", certificate, PATH);
      Check.text("cluster.tls.key", key, PATH);
      Check.text("cluster.tls.ca", ca, PATH);
    }

    /** Whether there is any. */
    public boolean enabled() {
      return !certificate.isEmpty() || !key.isEmpty() || !ca.isEmpty();
    }

    /** Whether there is all it needs, or nothing. */
    public boolean whole() {
      return !enabled() || !certificate.isEmpty() && !key.isEmpty() && !ca.isEmpty();
    }
  }

  private static final Pattern HOST = Pattern.compile("^[A-Za-z0-9._:%-]+$");
  private static final Pattern NAME = Pattern.compile("^[A-Za-z0-9._-]{1,64}$");
  private static final Pattern MEMBER = Pattern.compile("^[A-Za-z0-9._:%\\[\\]-]+:[0-9]{1,5}$");

  static final ClusterConfig DEFAULT =
      new ClusterConfig(
          "cp-prediction",
          "127.0.0.1",
          5701,
          0,
          List.of("127.0.0.1:5701"),
          false,
          2,
          1,
          Duration.ofMillis(500),
          new Tls("", "", ""));

  public ClusterConfig {
    Check.text("cluster.name", name, NAME);
    Check.text("cluster.host", host, HOST);
    Check.range("cluster.port", port, 1, 65_535);
    Check.range("cluster.bus_port", busPort, 0, 65_535);
    members = List.copyOf(members);
    for (var member : members) Check.text("cluster.members", member, MEMBER);
    Check.range("cluster.replicas", replicas, 1, 16);
    Check.range("cluster.weight", weight, 0.01, 100);
    Check.range("cluster.attempt_ms", attempt.toMillis(), 10, 60_000);
  }

  /**
   * Why a node can't join like this, though every value is good. Blocks while a name is looked up.
   */
  public Optional<String> problem() {
    if (!tls.whole()) {
      return Optional.of("cluster.tls needs certificate, key and ca together, or none of them");
    }
    try {
      var address = InetAddress.getByName(host);
      if (address.isAnyLocalAddress()) {
        return Optional.of(
            "cluster.host is " + host + ", must be the address at which the others find this node");
      }
      if (address.isLoopbackAddress() || trustedNetwork) return Optional.empty();
      return Optional.of(
          "cluster.host "
              + host
              + " is not loopback, and what nodes say about who is there is neither signed nor"
              + " encrypted. Where only friends can reach it, set cluster.trusted_network to true");
    } catch (UnknownHostException e) {
      return Optional.of("cluster.host " + host + " is no address that can be found");
    }
  }
}
