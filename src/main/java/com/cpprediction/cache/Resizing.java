package com.cpprediction.cache;

import com.cpprediction.config.CacheConfig;
import com.github.benmanes.caffeine.cache.Cache;

/**
 * Changes the size and the lifetime of a cache in use. The library removes a surplus under a lock
 * that other threads may wait for, so that it is removed in portions.
 */
final class Resizing {
  private static final int PORTION = 1_000; // as many as the library lets expire at a time

  private Resizing() {}

  /** Blocks. */
  static void apply(Cache<?, ?> cache, CacheConfig changed) {
    cache.policy().expireAfterWrite().orElseThrow().setExpiresAfter(changed.ttl());
    var eviction = cache.policy().eviction().orElseThrow();
    for (long size = cache.estimatedSize(); size > changed.maxSize(); size -= PORTION) {
      eviction.setMaximum(Math.min(size, eviction.getMaximum()));
    }
    eviction.setMaximum(changed.maxSize());
  }
}
