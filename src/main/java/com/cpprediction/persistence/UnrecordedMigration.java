package com.cpprediction.persistence;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;

/**
 * A migration that is applied and isn't in Flyway's history: versions of this service before 1.0.0
 * committed the two one after the other, and may have been killed in between. Finds it by comparing
 * what the migration creates, in a schema for comparison that is rolled back, with what is there.
 * Blocks: JDBC.
 */
final class UnrecordedMigration {
  /** An object of the migration exists: a table, another object, a column, a function. */
  private static final Set<String> EXISTS = Set.of("42P07", "42710", "42701", "42723");

  /** A migration drops what it has dropped already. */
  private static final String MISSING = "42704";

  private static final String SCRATCH = "cp_migration_compared";

  // Held up to the commit: Flyway adds no row meanwhile.
  private static final String LOCK = "LOCK TABLE flyway_schema_history IN EXCLUSIVE MODE";

  private static final String RECORD =
      """
      INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum,
                                         installed_by, execution_time, success)
      SELECT coalesce(max(installed_rank), 0) + 1, ?, ?, 'SQL', ?, ?, current_user, 0, true
      FROM flyway_schema_history
      """;

  /** Objects of a schema and what they are, without partitions, which depend on the month. */
  private static final String OBJECTS =
      """
      WITH named AS (SELECT oid, quote_ident(nspname) || '.' AS name FROM pg_namespace WHERE nspname = ?),
      tables AS (
        SELECT pg_class.oid, relname, named.name FROM pg_class JOIN named ON named.oid = relnamespace
        WHERE relkind IN ('r', 'p') AND NOT relispartition
      )
      SELECT concat_ws(' ', 'column', relname, attname, format_type(atttypid, atttypmod), attnotnull,
                       pg_get_expr(adbin, adrelid))
      FROM tables JOIN pg_attribute ON attrelid = tables.oid AND attnum > 0 AND NOT attisdropped
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
      UNION ALL
      SELECT replace(pg_get_indexdef(indexrelid), name, '') FROM tables JOIN pg_index ON indrelid = tables.oid
      UNION ALL
      SELECT concat_ws(' ', relname, conname, pg_get_constraintdef(pg_constraint.oid))
      FROM tables JOIN pg_constraint ON conrelid = tables.oid AND contype IN ('p', 'u', 'c')
      UNION ALL
      SELECT replace(pg_get_triggerdef(pg_trigger.oid), name, '')
      FROM tables JOIN pg_trigger ON tgrelid = tables.oid AND NOT tgisinternal
      UNION ALL
      SELECT concat_ws(' ', 'function', proname, pg_get_function_arguments(pg_proc.oid), prosrc)
      FROM pg_proc JOIN named ON named.oid = pronamespace
      """;

  private UnrecordedMigration() {}

  /** Whether a migration may have failed with this SQLSTATE because it is applied already. */
  static boolean mayExplain(String sqlState) {
    return EXISTS.contains(sqlState) || MISSING.equals(sqlState);
  }

  /**
   * Adds the first migration that is absent from the history to it, if all that it creates is
   * there.
   *
   * @return the file of the migration; empty where the history or the schema is another one
   */
  static Optional<String> record(DataSource source) throws SQLException {
    try (var connection = source.getConnection()) {
      connection.setAutoCommit(false);
      execute(connection, LOCK);
      var applied = Migrations.applied(connection);
      var all = Migrations.all();
      int next = applied.size();
      if (next >= all.size() || !applied.equals(all.subList(0, next))) return Optional.empty();
      var file = Migrations.FILES.get(next);
      var created = createdBy(connection, next);
      if (created.isEmpty() || !objects(connection, connection.getSchema()).containsAll(created)) {
        return Optional.empty();
      }
      record(connection, file, all.get(next));
      connection.commit();
      return Optional.of(file);
    }
  }

  /** What a migration adds to the schema that those before it make. */
  private static Set<String> createdBy(Connection connection, int migration) throws SQLException {
    var before = connection.setSavepoint();
    execute(connection, "CREATE SCHEMA " + SCRATCH);
    execute(connection, "SET LOCAL search_path TO " + SCRATCH);
    run(connection, Migrations.FILES.subList(0, migration));
    var earlier = objects(connection, SCRATCH);
    run(connection, Migrations.FILES.subList(migration, migration + 1));
    var created = objects(connection, SCRATCH);
    created.removeAll(earlier);
    connection.rollback(before);
    return created;
  }

  private static void run(Connection connection, List<String> files) throws SQLException {
    for (var file : files) execute(connection, Migrations.sql(file));
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Set<String> objects(Connection connection, String schema) throws SQLException {
    try (var statement = connection.prepareStatement(OBJECTS)) {
      statement.setString(1, schema);
      try (var rows = statement.executeQuery()) {
        var objects = new HashSet<String>();
        while (rows.next()) objects.add(rows.getString(1));
        return objects;
      }
    }
  }

  private static void record(Connection connection, String file, Migrations.Applied migration)
      throws SQLException {
    try (var statement = connection.prepareStatement(RECORD)) {
      statement.setString(1, migration.version());
      statement.setString(2, Migrations.description(file));
      statement.setString(3, file);
      statement.setInt(4, migration.checksum());
      statement.executeUpdate();
    }
  }
}
