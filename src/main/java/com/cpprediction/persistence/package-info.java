/**
 * Keeps what was answered: a bounded queue, batches, PostgreSQL and its schema, and the PostgreSQL
 * that comes along where none is named. The only package that knows the PG client. Start reading at
 * {@code PersistenceVerticle}, then {@code BatchWriter} for what becomes of a row and {@code
 * DatabaseWatch} for what happens while the database is away.
 */
package com.cpprediction.persistence;
