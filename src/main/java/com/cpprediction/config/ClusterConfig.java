package com.cpprediction.config;

import java.time.Duration;
import java.util.List;

/**
 * How a node joins a cluster.
 *
 * @param members {@code host:port} each; unused with a service
 * @param service host name of all nodes, or empty
 */
public record ClusterConfig(
    String name,
    String host,
    int port,
    int busPort,
    List<String> members,
    String service,
    boolean trustedNetwork,
    int replicas,
    double weight,
    Duration attempt,
    Tls tls) {
  /** TLS of the event bus: paths of PEM files, all empty without TLS. */
  public record Tls(String certificate, String key, String ca) {
    public boolean enabled() {
      return !certificate.isEmpty() || !key.isEmpty() || !ca.isEmpty();
    }
  }

  public ClusterConfig {
    members = List.copyOf(members);
  }
}
