package com.cpprediction.cli;

import com.cpprediction.testing.Jdbc;
import java.sql.SQLException;

/** Looks into the table of predictions from outside the service. */
final class TestRows {
  private TestRows() {}

  static long count(String uri, String condition) throws SQLException {
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
  static int update(String uri, String change) throws SQLException {
    try (var connection = Jdbc.connect(uri);
        var statement = connection.createStatement()) {
      return statement.executeUpdate("UPDATE predictions " + change);
    }
  }
}
