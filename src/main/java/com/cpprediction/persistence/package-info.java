/**
 * Keeps what was answered: a bounded queue, batches, PostgreSQL and its schema, and the PostgreSQL
 * that comes along where none is named. The only package that knows the PG client. Start reading at
 * {@code PersistenceVerticle}, then {@code BatchWriter} for what becomes of a row, {@code
 * DatabaseWatch} for what happens while the database is away, and {@code OutcomeTable} for how
 * predictions are judged by what truly happened.
 */
package com.cpprediction.persistence;
