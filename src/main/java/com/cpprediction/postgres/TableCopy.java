package com.cpprediction.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.PGConnection;

/**
 * {@code COPY} in PostgreSQL's text format, whose lines every version of the server reads. Memory
 * is constant. Blocks: JDBC.
 */
public final class TableCopy {
  private TableCopy() {}

  /**
   * Writes the rows of a query.
   *
   * @param query as SQL
   * @return number of rows
   */
  public static long out(Connection connection, String query, OutputStream to)
      throws SQLException, IOException {
    var copy = connection.unwrap(PGConnection.class).getCopyAPI();
    return copy.copyOut("COPY (%s) TO STDOUT".formatted(query), to);
  }

  /**
   * Inserts rows.
   *
   * @param table with its columns, as SQL
   * @return number of rows
   */
  public static long in(Connection connection, String table, InputStream from)
      throws SQLException, IOException {
    var copy = connection.unwrap(PGConnection.class).getCopyAPI();
    return copy.copyIn("COPY %s FROM STDIN".formatted(table), from);
  }
}
