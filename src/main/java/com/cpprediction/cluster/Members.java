package com.cpprediction.cluster;

import io.vertx.core.Future;
import java.util.List;
import java.util.Map;

/** Membership of the cluster, from the cluster manager. Thread-safe. */
interface Members {
  /** Vert.x node id of this node. */
  String id();

  /** Host and port of this member. */
  String name();

  /** Current nodes of the service, including this one: name by id. */
  Map<String, String> members();

  /** Calls {@code changed} on an arbitrary thread when {@link #members()} may have changed. */
  void onChange(Runnable changed);

  /**
   * Removes this node's registrations at {@code addresses} from the cluster while its consumers
   * keep serving: a consumer that unregisters first would lose messages from nodes that still see
   * it. May take arbitrarily long while members are being lost.
   */
  Future<Void> withdraw(List<String> addresses);
}
