package com.cpprediction.config;

import java.time.Duration;

/**
 * The review of doubtful shipments.
 *
 * @param below confidence below which a prediction is doubtful
 * @param doubt of a pincode, above which a prediction is doubtful
 * @param days that a shipment can be reviewed for
 * @param claim time that a shipment is one reviewer's
 * @param refusalsPerHour that a node keeps at most; 0 for none
 */
public record ReviewConfig(
    double below, double doubt, int days, Duration claim, int refusalsPerHour) {}
