package com.cpprediction.persistence;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * The migrations of the schema, and whether a database has them all. One query tells, so that
 * Flyway is loaded only where there is something to migrate.
 */
final class Migrations {
  /** Directory on the class path. */
  static final String LOCATION = "db/migration";

  /** Files in {@link #LOCATION} by version. */
  static final List<String> FILES =
      List.of(
          "V1__predictions.sql",
          "V2__retention.sql",
          "V3__outcomes.sql",
          "V4__retention_of_stray_rows.sql",
          "V5__rejects_of_one_id.sql",
          "V6__pincode_beliefs.sql",
          "V7__audit_log.sql",
          "V8__shadow.sql",
          "V9__review.sql",
          "V11__history.sql",
          "V12__erasure.sql",
          "V13__canary_runs.sql",
          "V14__erasure_beside_readers.sql",
          "V15__erasure_in_one_order.sql");

  private static final Pattern CREATE_TABLE = Pattern.compile("CREATE TABLE (\\w+) \\((.*)");

  private static final String UNDEFINED_TABLE = "42P01";

  /** Flyway keeps its history in the current schema. Another schema may have one, too. */
  private static final String HISTORY =
      """
      SELECT h.version, h.checksum, h.success
      FROM flyway_schema_history h
      JOIN pg_class c ON c.oid = h.tableoid
      JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
      WHERE h.type <> 'BASELINE'
      ORDER BY h.installed_rank
      """;

  /**
   * A migration of Flyway's history.
   *
   * @param checksum as {@link #checksum} makes it
   */
  record Applied(String version, int checksum, boolean success) {}

  private Migrations() {}

  /** Whether exactly these migrations are applied, all successfully, with the files of today. */
  static boolean complete(Connection connection) throws SQLException {
    try {
      return applied(connection).equals(all());
    } catch (SQLException e) {
      if (UNDEFINED_TABLE.equals(e.getSQLState())) return false;
      throw e;
    }
  }

  /** Flyway's history, in the order of the migrations. */
  static List<Applied> applied(Connection connection) throws SQLException {
    try (var statement = connection.createStatement();
        var rows = statement.executeQuery(HISTORY)) {
      var applied = new ArrayList<Applied>();
      while (rows.next()) {
        applied.add(
            new Applied(String.valueOf(rows.getString(1)), rows.getInt(2), rows.getBoolean(3)));
      }
      return applied;
    }
  }

  /** Tables that the migrations create, without partitions. */
  static List<String> tables() {
    return FILES.stream()
        .flatMap(Migrations::lines)
        .map(CREATE_TABLE::matcher)
        .filter(Matcher::matches)
        .map(table -> table.group(1))
        .toList();
  }

  /** Every migration as it is in the history once applied. */
  static List<Applied> all() {
    return FILES.stream()
        .map(file -> new Applied(file.substring(1, file.indexOf("__")), checksum(file), true))
        .toList();
  }

  /** The statements of a migration. */
  static String sql(String file) {
    return lines(file).collect(Collectors.joining("\n"));
  }

  /** Flyway's description of a migration. */
  static String description(String file) {
    return file.substring(file.indexOf("__") + 2, file.length() - ".sql".length())
        .replace('_', ' ');
  }

  /** Flyway's checksum: the CRC-32 of the lines without their ends. */
  private static int checksum(String file) {
    var crc = new CRC32();
    lines(file).forEach(line -> crc.update(line.getBytes(StandardCharsets.UTF_8)));
    return (int) crc.getValue();
  }

  private static Stream<String> lines(String file) {
    var path = '/' + LOCATION + '/' + file;
    try (var in = Objects.requireNonNull(Migrations.class.getResourceAsStream(path), path);
        var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      return lines.lines().toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
