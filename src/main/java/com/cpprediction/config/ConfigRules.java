package com.cpprediction.config;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/** The rules between keys and between the items of a list, which the schema can't express. */
public final class ConfigRules {
  /** Logs requests with the addresses in them. */
  private static final String INDISCREET = "io.vertx.ext.web";

  private ConfigRules() {}

  /** Why values that are valid each can't go together. */
  static List<String> errors(ServiceConfig config) {
    var errors = new ArrayList<String>();
    var loggers = config.log().byLogger();
    if (loggers.size() < config.log().levels().size()) {
      errors.add("log.levels names a logger twice; name each once");
    }
    if (loggers.keySet().stream().anyMatch(name -> name.startsWith(INDISCREET))) {
      errors.add(
          "log.levels can't name %s: it writes what callers send, addresses too"
              .formatted(INDISCREET));
    }
    var grpc = config.grpc();
    if (grpc.enabled() && grpc.port() != 0 && grpc.port() == config.http().port()) {
      errors.add(
          "grpc.port and http.port are both %d; set grpc.port to another".formatted(grpc.port()));
    }
    errors.addAll(callerErrors(config.auth()));
    return errors;
  }

  private static List<String> callerErrors(AuthConfig auth) {
    var errors = new ArrayList<String>();
    var names = new HashSet<String>();
    var tokens = new HashMap<ByteBuffer, String>();
    for (var caller : auth.callers().all()) {
      if (!names.add(caller.name())) {
        errors.add("auth.callers names %s twice; name each once".formatted(caller.name()));
      }
      if (caller.tokens().isEmpty() && !auth.hasIssuer()) {
        errors.add(
            "auth.callers gives %s no token; add token or token_sha256, or set auth.issuer"
                .formatted(caller.name()));
      }
      for (var token : caller.tokens()) {
        var other = tokens.put(token, caller.name());
        if (other != null) {
          errors.add(
              "auth.callers has a token of %s that is one of %s, too"
                  .formatted(other, caller.name()));
        }
      }
    }
    return errors;
  }

  /** Why a node can't join a cluster with these values. Blocks while a host name is looked up. */
  public static Optional<String> clusterError(ClusterConfig config) {
    var tls = config.tls();
    if (tls.enabled()
        && (tls.certificate().isEmpty() || tls.key().isEmpty() || tls.ca().isEmpty())) {
      return Optional.of("cluster.tls needs certificate, key and ca together, or none of them");
    }
    var host = config.host();
    try {
      var address = InetAddress.getByName(host);
      if (address.isAnyLocalAddress()) {
        return Optional.of(
            "cluster.host is " + host + ", must be the address at which the others find this node");
      }
      if (address.isLoopbackAddress() || config.trustedNetwork()) return Optional.empty();
      return Optional.of(
          "cluster.host "
              + host
              + " is not loopback, and what nodes say about who is there is neither signed nor"
              + " encrypted. Where only trusted machines can reach it, set cluster.trusted_network to true");
    } catch (UnknownHostException e) {
      return Optional.of("cluster.host " + host + " is no address that can be found");
    }
  }
}
