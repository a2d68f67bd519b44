package com.cpprediction.serving;

import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Set;

/**
 * Which other nodes answer which prefix now, as this node knows it. Thread-safe, and fast enough to
 * ask for every request.
 */
public interface OwnerDirectory {
  /** Of a process that is a node of its own: there are no others. */
  OwnerDirectory ALONE =
      new OwnerDirectory() {
        @Override
        public Owner self() {
          return null;
        }

        @Override
        public List<Owner> of(String prefix, String release) {
          return List.of();
        }

        @Override
        public Set<String> releases() {
          return Set.of();
        }

        @Override
        public void markUnresponsive(Owner owner) {}

        @Override
        public JsonObject describe() {
          return new JsonObject().put("enabled", false);
        }
      };

  /**
   * A node.
   *
   * @param id its Vert.x id, new with every start
   * @param name host and port where it joined the cluster; the same after a restart
   */
  record Owner(String id, String name) {}

  /** This node; null when it is alone. */
  Owner self();

  /**
   * The other nodes that answer {@code prefix} with {@code release}, the one to ask first first.
   */
  public List<Owner> of(String prefix, String release);

  /** The releases that other nodes answer with. */
  Set<String> releases();

  /** {@code owner} did not answer in time: others are asked before it until it replies again. */
  void markUnresponsive(Owner owner);

  /** JSON as {@code GET /cluster}. */
  JsonObject describe();
}
