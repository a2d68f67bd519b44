package com.cpprediction.cluster;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Weighted rendezvous hashing: every node gets a score for a key, and the highest scores own it. A
 * node that comes or goes moves only the keys it wins or loses, and in proportion to its weight.
 * Scores are -weight / ln(u) with u uniform in (0, 1) by a hash of both names (Schindelhauer and
 * Schomaker, "Weighted distributed hash tables", 2005).
 */
final class Rendezvous {
  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private Rendezvous() {}

  /**
   * @return {@code count} owners of {@code key}, or all {@code nodes} if there are fewer; best
   *     first
   */
  static <N> List<N> owners(
      String key,
      Collection<N> nodes,
      Function<N, String> name,
      ToDoubleFunction<N> weight,
      int count) {
    long keyHash = hash(key);
    var scored = new ArrayList<Scored<N>>(nodes.size());
    for (var node : nodes) {
      var nodeName = name.apply(node);
      scored.add(
          new Scored<>(node, nodeName, score(hash(nodeName), weight.applyAsDouble(node), keyHash)));
    }
    scored.sort(Comparator.<Scored<N>>comparingDouble(s -> -s.score()).thenComparing(Scored::name));
    return scored.stream().limit(count).map(Scored::node).toList();
  }

  private record Scored<N>(N node, String name, double score) {}

  private static double score(long node, double weight, long key) {
    double u = ((mix(node ^ mix(key)) >>> 11) + 0.5) * 0x1p-53;
    return -weight / Math.log(u);
  }

  /** FNV-1a, implemented here since it must be the same on every JDK. */
  private static long hash(String text) {
    long hash = FNV_OFFSET;
    for (int i = 0; i < text.length(); i++) hash = (hash ^ text.charAt(i)) * FNV_PRIME;
    return mix(hash);
  }

  /** The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
