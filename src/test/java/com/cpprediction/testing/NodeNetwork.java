package com.cpprediction.testing;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * A network namespace for each node, joined by a bridge that the test itself sits on, so that the
 * way between any two nodes can be cut and healed while everybody else goes on. Nothing in it is
 * reachable from outside this machine.
 */
public final class NodeNetwork implements AutoCloseable {
  /** Of the bridge, where the test and PostgreSQL are. */
  public static final String TEST_HOST = "10.77.0.254";

  private static final String BRIDGE = "cpchaosbr";

  private final int nodes;
  private final List<List<String>> cuts = new ArrayList<>(); // ends of: ip -n … route add …
  private final Thread cleaner = new Thread(this::remove);

  private NodeNetwork(int nodes) {
    this.nodes = nodes;
  }

  /** Makes one; skips the test where that is not permitted. */
  public static NodeNetwork make(int nodes) {
    var network = new NodeNetwork(nodes);
    network.abortIfUsed();
    network.remove(); // of a test that could not
    Runtime.getRuntime().addShutdownHook(network.cleaner);
    try {
      network.build();
      return network;
    } catch (IllegalStateException | UncheckedIOException e) {
      network.close();
      return Assumptions.abort("Needs the right to make network namespaces: " + e.getMessage());
    }
  }

  private void abortIfUsed() {
    for (int node = 0; node < nodes; node++) {
      var inside = Processes.output("ip", "netns", "pids", namespace(node));
      if (!inside.isBlank()) Assumptions.abort("Another test uses the network of nodes");
    }
  }

  private void build() {
    Processes.run("ip", "link", "add", BRIDGE, "type", "bridge");
    Processes.run("ip", "addr", "add", TEST_HOST + "/24", "dev", BRIDGE);
    Processes.run("ip", "link", "set", BRIDGE, "up");
    for (int node = 0; node < nodes; node++) {
      var space = namespace(node);
      Processes.run("ip", "netns", "add", space);
      Processes.run(
          "ip", "link", "add", cable(node), "type", "veth", "peer", "name", "eth0", "netns", space);
      Processes.run("ip", "link", "set", cable(node), "master", BRIDGE, "up");
      Processes.run("ip", "-n", space, "addr", "add", host(node) + "/24", "dev", "eth0");
      Processes.run("ip", "-n", space, "link", "set", "lo", "up");
      Processes.run("ip", "-n", space, "link", "set", "eth0", "up");
    }
  }

  private static String namespace(int node) {
    return "cpchaos" + node;
  }

  private static String cable(int node) {
    return "cpchaosv" + node;
  }

  /** The address of a node, from 0. */
  public String host(int node) {
    return "10.77.0." + (node + 1);
  }

  /** The command that runs another one where the node lives; its process id stays. */
  public List<String> within(int node) {
    return List.of("ip", "netns", "exec", namespace(node));
  }

  /** Drops whatever one sends the other, on connections that are there, too. */
  public void cut(int one, int other) {
    blackhole(one, other);
    blackhole(other, one);
  }

  private void blackhole(int from, int to) {
    var route = List.of(namespace(from), "blackhole", host(to) + "/32");
    route("add", route);
    cuts.add(route);
  }

  private static void route(String change, List<String> route) {
    Processes.run("ip", "-n", route.get(0), "route", change, route.get(1), route.get(2));
  }

  public void heal() {
    cuts.forEach(route -> route("del", route));
    cuts.clear();
  }

  private void remove() {
    for (int node = 0; node < nodes; node++) {
      Processes.output("ip", "link", "del", cable(node));
      Processes.output("ip", "netns", "del", namespace(node));
    }
    Processes.output("ip", "link", "del", BRIDGE);
  }

  /** To be called when its nodes have ended. */
  @Override
  public void close() {
    remove();
    Runtime.getRuntime().removeShutdownHook(cleaner);
  }
}
