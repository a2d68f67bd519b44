package com.cpprediction.cluster;

import io.vertx.core.Future;
import java.util.List;
import java.util.Map;

/** Who is in the cluster, as the cluster manager has it. Thread-safe. */
interface Members {
  /** Vert.x' id of this node. */
  String id();

  /** Host and port where this node joins. */
  String name();

  /** The nodes of this service that are there now, this one included: name by id. */
  Map<String, String> members();

  /** Calls {@code changed} on some thread whenever {@link #members()} may have changed. */
  void onChange(Runnable changed);

  /**
   * Takes this node off {@code addresses} as the others see them, while what still comes is
   * answered: a consumer that unregisters is deaf before the others know. May take long, or for
   * ever, while members are being lost.
   */
  Future<Void> withdraw(List<String> addresses);
}
