package com.cpprediction.config;

import java.time.Duration;

/**
 * The cache of predictions.
 *
 * @param warmPopular addresses that the cache is filled with after a start and after models were
 *     replaced, 0..10,000
 */
public record CacheConfig(boolean enabled, int maxSize, Duration ttl, int warmPopular) {}
