/**
 * Stores predictions: from the journal through bounded batches into PostgreSQL, with its schema and
 * partitions. Start at {@link com.cpprediction.persistence.PersistenceVerticle}, then {@code
 * BatchWriter} for each row on its way and {@code DatabaseWatch} for an unavailable database.
 */
package com.cpprediction.persistence;
