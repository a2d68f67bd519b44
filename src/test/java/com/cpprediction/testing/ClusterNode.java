package com.cpprediction.testing;

import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.concurrent.Callable;

/** A service that is one of a cluster, and what it says of it. */
public final class ClusterNode implements AutoCloseable {
  private static final String HEAP = "400m";

  private final String name;
  private final PackagedService process;

  private ClusterNode(String name, PackagedService process) {
    this.name = name;
    this.process = process;
  }

  /**
   * @param member its own {@code host:port} among {@code members}
   * @param within see {@link PackagedService.Launch}
   */
  static ClusterNode in(
      Callable<String> databaseUri,
      JsonObject changes,
      String member,
      List<String> members,
      List<String> within) {
    int colon = member.indexOf(':');
    var host = member.substring(0, colon);
    var cluster =
        new JsonObject()
            .put("host", host)
            .put("port", Integer.parseInt(member.substring(colon + 1)))
            .put("members", members);
    if (!host.startsWith("127.")) cluster.put("trusted_network", true);
    var launch =
        new PackagedService.Launch(within, HEAP, host, httpPort(host), List.of("--cluster"));
    var config =
        new JsonObject()
            .put("cluster", cluster)
            .put("server", new JsonObject().put("warm_up_ms", 100))
            .mergeIn(changes, true);
    return new ClusterNode(member, new PackagedService(databaseUri, config, launch));
  }

  private static int httpPort(String host) {
    return host.startsWith("127.") ? Ports.free() : 8000; // in a namespace of its own
  }

  /** Its name in {@code GET /cluster}. */
  public String name() {
    return name;
  }

  public PackagedService process() {
    return process;
  }

  /** {@code GET /cluster}. */
  public JsonObject view() throws Exception {
    return new JsonObject(process.get("/cluster").body());
  }

  @Override
  public void close() throws Exception {
    process.close();
  }
}
