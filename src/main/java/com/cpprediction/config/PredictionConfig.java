package com.cpprediction.config;

import java.time.Duration;
import java.util.OptionalDouble;

/**
 * Scoring.
 *
 * @param inlineUs microseconds
 * @param wrongPincodes share of wrong pincodes to assume; empty to estimate it
 */
public record PredictionConfig(
    int workers,
    int inlineUs,
    int maxInFlight,
    Duration timeout,
    OptionalDouble wrongPincodes,
    double minTextConfidence) {}
