/**
 * Keeps what was answered: bounded queue, batches, PostgreSQL and its schema. The only package that
 * knows the PG client. Start reading at {@code PersistenceVerticle}.
 */
package com.cpprediction.persistence;
