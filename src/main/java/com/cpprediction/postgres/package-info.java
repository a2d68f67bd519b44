/**
 * PostgreSQL: the connection string, pooled and per-statement connections, the kinds of SQL
 * failure, and the embedded server. Start at {@link com.cpprediction.postgres.Database} and {@link
 * com.cpprediction.postgres.EmbeddedDatabase}. The PG client and JDBC are configured here only.
 */
@NullMarked
package com.cpprediction.postgres;

import org.jspecify.annotations.NullMarked;
