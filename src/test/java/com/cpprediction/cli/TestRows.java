package com.cpprediction.cli;

import java.sql.DriverManager;
import java.sql.SQLException;

/** Looks into the table of predictions from outside the service. */
final class TestRows {
  private TestRows() {}

  static long count(String uri, String condition) throws SQLException {
    var jdbc = "jdbc:" + uri.replace("postgres@", "") + "?user=postgres";
    try (var connection = DriverManager.getConnection(jdbc);
        var statement = connection.createStatement();
        var result =
            statement.executeQuery("SELECT count(*) FROM predictions WHERE " + condition)) {
      result.next();
      return result.getLong(1);
    }
  }
}
