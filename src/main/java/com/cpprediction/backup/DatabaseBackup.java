package com.cpprediction.backup;

import com.cpprediction.config.DatabaseConfig;
import com.cpprediction.csv.OutputPath;
import com.cpprediction.persistence.SchemaState;
import com.cpprediction.persistence.StoredDatabase;
import com.cpprediction.postgres.TableCopy;
import com.cpprediction.terminal.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes all tables of the service, as one snapshot has them, to one file, while the service runs
 * or not. Memory is constant. Blocks: JDBC.
 */
public final class DatabaseBackup {
  /** Longest wait for rows: sorting or a slow disk may precede the first one. */
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  private final Connection connection;
  private final BackupOutput output;
  private final CopyProgress progress;

  private DatabaseBackup(Connection connection, BackupOutput output, CopyProgress progress) {
    this.connection = connection;
    this.output = output;
    this.progress = progress;
  }

  /**
   * Writes a backup of the configured or embedded server; one that doesn't run is started, and
   * stopped afterwards.
   *
   * @param dataDir {@code data_dir}
   * @param file replaced where it exists, once the backup is complete and on the disk
   * @throws BackupException when the database can't be read
   */
  public static BackupSummary write(
      DatabaseConfig database, Path dataDir, Path file, Progress progress) {
    OutputPath.checkFile(file);
    if (OutputPath.isDevice(file)) {
      throw new BackupException("Cannot write %s: name a regular file".formatted(file));
    }
    try (var stored = StoredDatabase.open(database, dataDir, TIMEOUT);
        var output = BackupOutput.create(file)) {
      var backup = new DatabaseBackup(stored.connection(), output, new CopyProgress(progress));
      var manifest = backup.copy();
      output.publish(manifest);
      return BackupSummary.of(manifest);
    } catch (SQLException e) {
      throw BackupException.of("back up the database", e);
    } catch (IOException e) {
      throw OutputPath.failure(file, e);
    }
  }

  private BackupManifest copy() throws SQLException, IOException {
    var names = SchemaState.tables(connection);
    if (names.isEmpty()) {
      throw new BackupException("The database has no tables of the service; nothing to back up");
    }
    connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    connection.setAutoCommit(false);
    lock(names);
    var migrations = SchemaState.migrations(connection);
    if (!SchemaState.tables(connection).equals(names)) {
      throw new BackupException("The schema is being migrated; take the backup afterwards");
    }
    var takenAt = SchemaState.now(connection).toString();
    var months = SchemaState.months(connection);
    progress.begin("backing up");
    var tables = new ArrayList<BackupManifest.Table>();
    for (var name : names) tables.add(copy(name));
    connection.rollback();
    return new BackupManifest(takenAt, migrations, months, tables);
  }

  /**
   * Keeps migrations and the dropping of months away. The lock precedes the snapshot, which the
   * first query takes. An erasure waits 2 s at most for readers of the table of the erased
   * shipments in schemas before migration V14: that table is read last and not locked before.
   */
  private void lock(List<String> names) throws SQLException {
    var locked = names.stream().filter(name -> !name.equals(SchemaState.ERASED)).toList();
    try (var statement = connection.createStatement()) {
      statement.execute("LOCK TABLE %s IN ACCESS SHARE MODE".formatted(String.join(", ", locked)));
    }
  }

  private BackupManifest.Table copy(String name) throws SQLException, IOException {
    var columns = SchemaState.columns(connection, name);
    var query = "SELECT %s FROM %s".formatted(String.join(", ", columns), name);
    return output.add(name, columns, to -> TableCopy.out(connection, query, to), progress);
  }
}
