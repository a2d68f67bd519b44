package com.cpprediction.persistence;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What a database has of the schema, for programs that copy it. Blocks: JDBC. */
public final class SchemaState {
  /** The table of the erased shipments. */
  public static final String ERASED = "erased_shipments";

  /**
   * A table with rows of shipments.
   *
   * @param shipment its id, as SQL
   * @param time that an erasure is compared with, as SQL
   */
  public record Erasable(String table, String shipment, String time) {}

  /** All tables that an erasure deletes from, as migration V12 has them. */
  public static final List<Erasable> ERASABLE =
      List.of(
          new Erasable("predictions", "shipment_id", "predicted_at"),
          new Erasable("refusals", "shipment_id", "refused_at"),
          new Erasable(
              "prediction_rejects",
              "prediction->>'shipment_id'",
              "coalesce(prediction->>'predicted_at', prediction->>'refused_at')::timestamptz"),
          new Erasable("outcomes", "shipment_id", "reported_at"),
          new Erasable("prediction_disagreements", "shipment_id", "predicted_at"),
          new Erasable("canary_predictions", "shipment_id", "predicted_at"),
          new Erasable("review_claims", "shipment_id", "claimed_at"));

  private static final String EXISTS = "SELECT to_regclass(?) IS NOT NULL";

  private static final String COLUMNS =
      """
      SELECT quote_ident(attname) FROM pg_attribute
      WHERE attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped
      ORDER BY attnum
      """;

  private static final String MONTHS =
      """
      SELECT (lower AT TIME ZONE 'UTC')::date::text
      FROM (SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \\(''([^'']+)''\\)')::timestamptz AS lower
            FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
            WHERE inhparent = 'predictions'::regclass) AS partitions
      WHERE lower IS NOT NULL
      ORDER BY 1
      """;

  private SchemaState() {}

  /** Versions of the migrations that this version of the service has, in their order. */
  public static List<String> known() {
    return Migrations.all().stream().map(Migrations.Applied::version).toList();
  }

  /** Versions of the applied migrations, in their order; empty where there is no schema. */
  public static List<String> migrations(Connection connection) throws SQLException {
    if (!exists(connection, "flyway_schema_history")) return List.of();
    return Migrations.applied(connection).stream().map(Migrations.Applied::version).toList();
  }

  /**
   * Tables of the schema that exist, in the order of the migrations that make them, but for {@link
   * #ERASED}, which is the last.
   */
  public static List<String> tables(Connection connection) throws SQLException {
    var tables = new ArrayList<String>();
    for (var table : Migrations.tables()) if (exists(connection, table)) tables.add(table);
    if (tables.remove(ERASED)) tables.add(ERASED);
    return tables;
  }

  private static boolean exists(Connection connection, String table) throws SQLException {
    try (var statement = connection.prepareStatement(EXISTS)) {
      statement.setString(1, table);
      try (var row = statement.executeQuery()) {
        row.next();
        return row.getBoolean(1);
      }
    }
  }

  /** Columns of a table, quoted where SQL needs it. */
  public static List<String> columns(Connection connection, String table) throws SQLException {
    try (var statement = connection.prepareStatement(COLUMNS)) {
      statement.setString(1, table);
      try (var rows = statement.executeQuery()) {
        var columns = new ArrayList<String>();
        while (rows.next()) columns.add(rows.getString(1));
        return columns;
      }
    }
  }

  /** First days of the months that predictions have a partition for. */
  public static List<String> months(Connection connection) throws SQLException {
    try (var statement = connection.createStatement();
        var rows = statement.executeQuery(MONTHS)) {
      var months = new ArrayList<String>();
      while (rows.next()) months.add(rows.getString(1));
      return months;
    }
  }

  /** Creates the partitions of months where they are absent. */
  public static void createMonths(Connection connection, List<String> months) throws SQLException {
    try (var partition = connection.prepareStatement("SELECT predictions_partition(?::date)")) {
      for (var month : months) {
        partition.setString(1, month);
        partition.execute();
      }
    }
  }

  /** Time of the current transaction. */
  public static Instant now(Connection connection) throws SQLException {
    try (var statement = connection.createStatement();
        var row = statement.executeQuery("SELECT now()")) {
      row.next();
      return Objects.requireNonNull(row.getObject(1, OffsetDateTime.class)).toInstant();
    }
  }
}
