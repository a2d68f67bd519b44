/**
 * Stores predictions: from the journal through bounded batches into PostgreSQL, with its schema and
 * partitions. Start at {@link com.cpprediction.persistence.PersistenceVerticle}, then {@code
 * BatchWriter} for the queue and {@code DatabaseWatch} for outages. A row that PostgreSQL refuses
 * is isolated by bisection in {@code BatchWriter} and set aside in {@code prediction_rejects} by
 * {@code PredictionTable}.
 */
@NullMarked
package com.cpprediction.persistence;

import org.jspecify.annotations.NullMarked;
