package com.cpprediction.config;

import java.time.Duration;

/** The journal in front of PostgreSQL. */
public record JournalConfig(int maxBytes, Duration sync) {}
