package com.cpprediction.backup;

import com.cpprediction.persistence.Schema;
import com.cpprediction.persistence.SchemaState;
import com.cpprediction.postgres.DatabaseUri;
import com.cpprediction.postgres.SqlFailure;
import com.cpprediction.postgres.TableCopy;
import com.cpprediction.terminal.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Reads a backup into a database without rows, in one transaction. A database without tables is
 * given those of the schema of the backup first, and is migrated to that of today afterwards.
 * Memory is constant. Blocks: JDBC.
 */
public final class DatabaseRestore {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration TIMEOUT = Duration.ofMinutes(30);
  private static final String LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10s'";
  private static final String LOCK_NOT_AVAILABLE = "55P03";
  private static final String ERASED_BEFORE = "erased_before";

  /** Erasures of the database that a backup replaces, some of which it may not have. */
  private static final String KEEP_ERASURES =
      "CREATE TEMPORARY TABLE %s ON COMMIT DROP AS SELECT * FROM %s"
          .formatted(ERASED_BEFORE, SchemaState.ERASED);

  private static final String MERGE_ERASURES =
      """
      INSERT INTO %s AS erased SELECT * FROM %s
      ON CONFLICT (shipment) DO UPDATE SET erased_at = greatest(erased.erased_at, excluded.erased_at)
      """
          .formatted(SchemaState.ERASED, ERASED_BEFORE);

  private final Connection connection;
  private final BackupInput input;
  private final BackupManifest manifest;
  private final CopyProgress progress;

  private DatabaseRestore(Connection connection, BackupInput input, CopyProgress progress) {
    this.connection = connection;
    this.input = input;
    this.manifest = input.manifest();
    this.progress = progress;
  }

  /**
   * Restores {@code file}.
   *
   * @param uri of the database
   * @param days {@code persistence.retention_days}, for the partitions of the months to come
   * @param replace whether rows that the database has are replaced; what was erased there stays so
   * @throws BackupException when the file is damaged or the database does not fit it
   */
  public static BackupSummary read(
      Path file, String uri, int days, boolean replace, Progress progress) {
    var shown = new CopyProgress(progress);
    try (var input = BackupInput.open(file)) {
      checkKnown(input.manifest());
      input.verify(shown);
      try (var connection = connect(uri)) {
        var restore = new DatabaseRestore(connection, input, shown);
        restore.prepareSchema(uri);
        restore.restore(replace);
      }
      Schema.migrate(uri, days);
      return BackupSummary.of(input.manifest());
    } catch (SQLException e) {
      throw BackupException.of("restore %s; the database is as it was".formatted(file), e);
    } catch (IOException e) {
      throw new BackupException("Cannot read %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  private static Connection connect(String uri) throws SQLException {
    try {
      return DatabaseUri.parse(uri).dataSource(CONNECT_TIMEOUT, TIMEOUT).getConnection();
    } catch (IllegalArgumentException e) {
      throw new BackupException(String.valueOf(e.getMessage()), e);
    }
  }

  private static void checkKnown(BackupManifest manifest) {
    if (SchemaState.known().containsAll(manifest.migrations())) return;
    throw new BackupException(
        "The backup has the schema of migration %s, which this version of the service doesn't know; restore it with the version that wrote it, or a later one"
            .formatted(manifest.version()));
  }

  private void prepareSchema(String uri) throws SQLException {
    if (SchemaState.migrations(connection).isEmpty()) Schema.migrateTo(uri, manifest.version());
    var found = SchemaState.migrations(connection);
    if (!found.equals(manifest.migrations())) {
      throw new BackupException(
          "The database has the schema of migration %s and the backup that of %s; restore into a database without tables, such as that of a new data_dir: it is migrated afterwards"
              .formatted(found.get(found.size() - 1), manifest.version()));
    }
    if (!new TreeSet<>(SchemaState.tables(connection)).equals(new TreeSet<>(manifest.names()))) {
      throw new BackupException("The backup has other tables than the database");
    }
    for (var table : manifest.tables()) {
      var columns = new TreeSet<>(SchemaState.columns(connection, table.name()));
      if (columns.equals(new TreeSet<>(table.columns()))) continue;
      throw new BackupException(
          "The backup has other columns of %s than the database".formatted(table.name()));
    }
  }

  private void restore(boolean replace) throws SQLException, IOException {
    connection.setAutoCommit(false);
    lock();
    var filled = filled();
    if (!filled.isEmpty() && !replace) {
      throw new BackupException(
          "The database has rows, in %s; restore into an empty one, or replace them with --force"
              .formatted(String.join(", ", filled)));
    }
    boolean erasures = filled.contains(SchemaState.ERASED);
    if (erasures) execute(KEEP_ERASURES);
    if (!filled.isEmpty()) execute("TRUNCATE " + String.join(", ", manifest.names()));
    SchemaState.createMonths(connection, manifest.months());
    // Triggers would count outcomes that the backup has the counts of, and look for erased rows.
    setTriggers("DISABLE");
    progress.begin("restoring", manifest.bytes());
    for (var table : manifest.tables()) copy(table);
    setTriggers("ENABLE");
    if (erasures) eraseAgain();
    execute("ANALYZE " + String.join(", ", manifest.names()));
    connection.commit();
  }

  /** Keeps out services that run on the database. */
  private void lock() throws SQLException {
    execute(LOCK_TIMEOUT);
    try {
      execute("LOCK TABLE %s".formatted(String.join(", ", manifest.names())));
    } catch (SQLException e) {
      if (!LOCK_NOT_AVAILABLE.equals(SqlFailure.sqlState(e))) throw e;
      throw new BackupException(
          "Other programs use the tables; stop the services on this database, and restore again",
          e);
    }
  }

  private List<String> filled() throws SQLException {
    var filled = new ArrayList<String>();
    for (var name : manifest.names()) {
      try (var statement = connection.createStatement();
          var rows = statement.executeQuery("SELECT FROM %s LIMIT 1".formatted(name))) {
        if (rows.next()) filled.add(name);
      }
    }
    return filled;
  }

  private void setTriggers(String state) throws SQLException {
    for (var name : manifest.names()) {
      execute("ALTER TABLE %s %s TRIGGER USER".formatted(name, state));
    }
  }

  private void copy(BackupManifest.Table table) throws SQLException, IOException {
    try (var rows = input.rows(table, progress)) {
      var target = "%s (%s)".formatted(table.name(), String.join(", ", table.columns()));
      if (TableCopy.in(connection, target, rows) != table.rows()) throw input.damaged(table, null);
    }
  }

  /** Deletes what the backup has of shipments that were erased after it was taken. */
  private void eraseAgain() throws SQLException {
    execute("ANALYZE " + ERASED_BEFORE);
    for (var erasable : SchemaState.ERASABLE) {
      if (!manifest.names().contains(erasable.table())) continue;
      execute(
          """
          DELETE FROM %1$s USING %2$s AS erased
          WHERE erased.shipment = sha256(convert_to(%3$s, 'UTF8')) AND erased.erased_at >= %4$s
          """
              .formatted(erasable.table(), ERASED_BEFORE, erasable.shipment(), erasable.time()));
    }
    execute(MERGE_ERASURES);
  }

  private void execute(String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
