package com.cpprediction.testing;

import java.sql.SQLException;

/** Looks into the table of predictions from outside the service. */
public final class TestRows {
  private TestRows() {}

  public static long count(String uri, String condition) throws SQLException {
    try (var connection = Jdbc.connect(uri);
        var statement = connection.createStatement();
        var result =
            statement.executeQuery("SELECT count(*) FROM predictions WHERE " + condition)) {
      result.next();
      return result.getLong(1);
    }
  }

  /**
   * @param change from {@code SET} on
   * @return how many rows it changed
   */
  public static int update(String uri, String change) throws SQLException {
    try (var connection = Jdbc.connect(uri);
        var statement = connection.createStatement()) {
      return statement.executeUpdate("UPDATE predictions " + change);
    }
  }
}
