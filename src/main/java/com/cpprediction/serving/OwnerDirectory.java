package com.cpprediction.serving;

import com.cpprediction.model.ServingRelease;
import io.vertx.core.json.JsonObject;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The other nodes that serve each prefix now, as this node knows them. Thread-safe, and fast enough
 * to ask for every request.
 */
public interface OwnerDirectory {
  /** The directory of a process that is a node of its own. */
  OwnerDirectory ALONE =
      new OwnerDirectory() {
        @Override
        public @Nullable Owner self() {
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

  /** This node, where it is one of a cluster. */
  @Nullable Owner self();

  /**
   * The other nodes that serve {@code prefix} with {@code release}, in the order in which to ask
   * them.
   */
  List<Owner> of(String prefix, String release);

  /** All other nodes. */
  default List<Owner> peers() {
    return List.of();
  }

  /** The releases that other nodes serve with. */
  Set<String> releases();

  /**
   * The release to serve a request with, all of it: that of {@code lease}, unless only another one
   * has a node for each of {@code prefixes}.
   */
  default String releaseFor(Collection<String> prefixes, ServingRelease lease) {
    var mine = lease.release();
    if (lease.here().containsAll(prefixes)
        || prefixes.stream().allMatch(p -> lease.here().contains(p) || served(p, mine))) {
      return mine;
    }
    return releases().stream()
        .filter(other -> prefixes.stream().allMatch(prefix -> served(prefix, other)))
        .findFirst()
        .orElse(mine);
  }

  private boolean served(String prefix, String release) {
    return !of(prefix, release).isEmpty();
  }

  /** {@code owner} did not reply in time: others are asked before it until it replies again. */
  void markUnresponsive(Owner owner);

  /** JSON as {@code GET /cluster}. */
  JsonObject describe();
}
