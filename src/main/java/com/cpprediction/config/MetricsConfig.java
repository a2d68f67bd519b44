package com.cpprediction.config;

/** The meters. */
public record MetricsConfig(boolean enabled) {}
