package com.cpprediction.testing;

import static java.util.stream.Collectors.joining;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** The nodes of one cluster on one database, each in a process of its own. */
public final class ClusterNodes extends TestResource {
  /** Between two looks at all nodes. */
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final List<ClusterNode> nodes = new ArrayList<>();
  private final List<String> members;

  private ClusterNodes(List<String> members) {
    this.members = members;
  }

  /**
   * Nodes on loopback, not started yet.
   *
   * @param changes of every node's configuration
   */
  public static ClusterNodes onLoopback(
      int count, Callable<String> databaseUri, JsonObject changes) {
    var members = new ArrayList<String>();
    for (int i = 0; i < count; i++) members.add("127.0.0.1:" + Ports.free());
    var cluster = new ClusterNodes(members);
    for (int i = 0; i < count; i++) cluster.add(databaseUri, changes, List.of());
    return cluster;
  }

  /** As {@link #onLoopback}, one in each namespace. */
  public static ClusterNodes on(
      NodeNetwork network, int count, Callable<String> databaseUri, JsonObject changes) {
    var members = new ArrayList<String>();
    for (int i = 0; i < count; i++) members.add(network.host(i) + ":5701");
    var cluster = new ClusterNodes(members);
    for (int i = 0; i < count; i++) {
      cluster.add(databaseUri, changes, network.within(i));
    }
    return cluster;
  }

  private void add(Callable<String> databaseUri, JsonObject changes, List<String> within) {
    int i = nodes.size();
    nodes.add(ClusterNode.in(databaseUri, changes, members.get(i), members, within));
  }

  public ClusterNode get(int node) {
    return nodes.get(node);
  }

  public List<ClusterNode> all() {
    return nodes;
  }

  /** {@code host:port} of each, whether it runs or not. */
  public List<String> members() {
    return members;
  }

  /** Starts all of them at once and waits until they are one whole cluster. */
  @Override
  public void start() throws Exception {
    for (var node : nodes) node.process().begin();
    for (var node : nodes) node.process().awaitListening();
    awaitWhole(Await.LONG);
  }

  /**
   * Waits until every node that runs sees exactly those, each prefix has all its replicas and
   * nothing moves.
   *
   * @return how long it took, in seconds
   */
  public double awaitWhole(Duration patience) throws Exception {
    long begin = System.nanoTime();
    try {
      Await.until("the cluster is whole", patience, PAUSE, this::whole);
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + "; " + describe(), e);
    }
    return (System.nanoTime() - begin) / 1e9;
  }

  /** Waits until every node that runs is ready and sees exactly those. */
  public void awaitMeeting(Duration patience) throws Exception {
    Await.until("all meet", patience, PAUSE, () -> meet() && answering() && ready());
  }

  private boolean ready() throws Exception {
    for (var node : running()) {
      if (!node.process().ready()) return false;
    }
    return true;
  }

  /** Waits until some node doesn't see some other: a node that is cut off is missed. */
  public void awaitParted(Duration patience) throws Exception {
    Await.until("a node is missed", patience, PAUSE, () -> !meet());
  }

  /** Waits until every node that runs knows an owner of each prefix, whomever it sees. */
  public void awaitAnswering(Duration patience) throws Exception {
    Await.until("every prefix is answered", patience, PAUSE, this::answering);
  }

  private boolean answering() throws Exception {
    for (var node : running()) {
      if (!node.view().getJsonArray("unanswered").isEmpty()) return false;
    }
    return true;
  }

  private boolean whole() throws Exception {
    for (var node : running()) {
      var view = node.view();
      if (!sees(view, running().size()) || !whole(view)) return false;
    }
    return true;
  }

  private boolean meet() throws Exception {
    for (var node : running()) {
      if (!sees(node.view(), running().size())) return false;
    }
    return true;
  }

  private static boolean sees(JsonObject view, int count) {
    var others = view.getJsonArray("members");
    return others.size() == count
        && others.stream()
            .map(JsonObject.class::cast)
            .noneMatch(other -> other.getBoolean("leaving") || other.getBoolean("suspect"));
  }

  private static boolean whole(JsonObject view) {
    var moving = view.getJsonObject("moving");
    return view.getInteger("replicas_missing") == 0
        && view.getJsonArray("unanswered").isEmpty()
        && moving.getInteger("loading") + moving.getInteger("releasing") == 0;
  }

  private List<ClusterNode> running() {
    return nodes.stream().filter(node -> node.process().runs()).toList();
  }

  /** What every node that runs says of the cluster, without the owners. */
  public String describe() {
    return running().stream().map(ClusterNodes::describe).collect(joining("; "));
  }

  private static String describe(ClusterNode node) {
    try {
      var view = node.view();
      view.remove("owners");
      return node.name() + ": " + view;
    } catch (Exception e) {
      return node.name() + ": " + e;
    }
  }

  @Override
  protected void end() throws Exception {
    for (var node : nodes) node.close();
  }
}
