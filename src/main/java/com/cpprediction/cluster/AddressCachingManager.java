package com.cpprediction.cluster;

import com.hazelcast.config.Config;
import io.vertx.core.Completable;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Caches the event-bus address of each node, which is the same for as long as the node runs.
 * Hazelcast stores it on one of the members. While that member can't be reached, a lookup there
 * blocks for up to two minutes, and no connection to the node is opened meanwhile. Thread-safe.
 */
final class AddressCachingManager extends HazelcastClusterManager {
  private final Map<String, NodeInfo> addresses = new ConcurrentHashMap<>(); // by node id

  AddressCachingManager(Config hazelcast) {
    super(hazelcast);
  }

  @Override
  public void getNodeInfo(String nodeId, Completable<NodeInfo> lookup) {
    var cached = addresses.get(nodeId);
    if (cached != null) {
      lookup.succeed(cached);
      return;
    }
    super.getNodeInfo(
        nodeId,
        (address, failure) -> {
          if (failure == null) {
            addresses.keySet().retainAll(getNodes());
            addresses.put(nodeId, address);
          }
          lookup.complete(address, failure);
        });
  }
}
