package com.cpprediction.config;

/** Callers with roles and limits. */
public record AuthConfig(CallerList callers) {}
