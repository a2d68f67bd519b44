package com.cpprediction.config;

import java.time.Duration;

/** The cache of predictions. */
public record CacheConfig(boolean enabled, int maxSize, Duration ttl) {}
