package com.cpprediction.config;

import java.time.Duration;

/**
 * @param enabled whether answers are cached at all; hot; JSON: {@code cache.enabled}
 * @param maxSize answers kept at most, 0..10,000,000; hot; JSON: {@code cache.max_size}
 * @param ttl how long an answer may be served after it was scored, 1..31,536,000 s; hot; JSON:
 *     {@code cache.ttl_seconds}
 */
public record CacheConfig(boolean enabled, int maxSize, Duration ttl) {
  static final CacheConfig DEFAULT = new CacheConfig(true, 10_000, Duration.ofHours(1));

  public CacheConfig {
    Check.range("cache.max_size", maxSize, 0, 10_000_000);
    Check.range("cache.ttl_seconds", ttl.toSeconds(), 1, 31_536_000);
  }
}
