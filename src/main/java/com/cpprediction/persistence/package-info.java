/**
 * Stores predictions: from the journal through bounded batches into PostgreSQL, with its schema and
 * partitions. Start at {@link com.cpprediction.persistence.PersistenceVerticle}, then {@code
 * BatchWriter} for the queue and {@code DatabaseWatch} for outages.
 */
package com.cpprediction.persistence;
