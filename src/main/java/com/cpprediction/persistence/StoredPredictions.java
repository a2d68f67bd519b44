package com.cpprediction.persistence;

import com.cpprediction.config.DatabaseConfig;
import com.cpprediction.postgres.DatabaseStartException;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.StoredPrediction;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads stored predictions for commands, with or without a running service. Read-only. Blocks:
 * JDBC. Throws {@link DatabaseStartException} when the database can't be read.
 */
public final class StoredPredictions implements AutoCloseable {
  /** Number of newest rows that samples are drawn from. */
  static final int RECENT = 100_000;

  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private static final String COLUMNS =
      "prediction_id, address, pincode, pincode_field, prefix, fingerprint, cp, confidence,"
          + " alternatives, prefix_source, pincode_doubt, pincode_believed, wrong_slips, wrong_near, wrong_far";

  private static final String BY_ID =
      "SELECT %s FROM predictions WHERE prediction_id = ?".formatted(COLUMNS);

  // Ordering by a digest makes the sample reproducible for a seed and unchanged rows.
  private static final String SAMPLE =
      """
      SELECT %1$s
      FROM (SELECT %1$s FROM predictions ORDER BY prediction_id DESC LIMIT ?) AS recent
      ORDER BY md5(? || prediction_id::text), prediction_id
      LIMIT ?
      """
          .formatted(COLUMNS);

  private final StoredDatabase database;

  private StoredPredictions(StoredDatabase database) {
    this.database = database;
  }

  /**
   * Connects to the configured or embedded server. An embedded server that doesn't run is started,
   * and stopped on {@link #close}.
   *
   * @param dataDir {@code data_dir}
   */
  public static StoredPredictions open(DatabaseConfig database, Path dataDir) {
    return new StoredPredictions(StoredDatabase.open(database, dataDir, TIMEOUT));
  }

  static StoredPredictions open(String uri) {
    return new StoredPredictions(StoredDatabase.open(uri, TIMEOUT));
  }

  /** The prediction with this id; empty when absent. */
  public Optional<StoredPrediction> find(UUID id) {
    try (var statement = database.connection().prepareStatement(BY_ID)) {
      statement.setObject(1, id);
      return read(statement).stream().findFirst();
    } catch (SQLException e) {
      throw cannotRead(e);
    }
  }

  /**
   * A random sample of the newest 100,000 predictions, reproducible for a seed and unchanged rows.
   *
   * @param count maximum size of the sample
   */
  public List<StoredPrediction> sample(int count, long seed) {
    try (var statement = database.connection().prepareStatement(SAMPLE)) {
      statement.setInt(1, RECENT);
      statement.setString(2, Long.toString(seed));
      statement.setInt(3, count);
      return read(statement);
    } catch (SQLException e) {
      throw cannotRead(e);
    }
  }

  private static List<StoredPrediction> read(PreparedStatement statement) throws SQLException {
    var all = new ArrayList<StoredPrediction>();
    try (var rows = statement.executeQuery()) {
      while (rows.next()) all.add(read(rows));
    }
    return all;
  }

  private static StoredPrediction read(ResultSet row) throws SQLException {
    return new StoredPrediction(
        row.getObject("prediction_id", UUID.class),
        row.getString("address"),
        row.getString("pincode"),
        row.getString("pincode_field"),
        row.getString("prefix"),
        row.getString("fingerprint"),
        row.getString("cp"),
        row.getDouble("confidence"),
        row.getString("alternatives"),
        row.getString("prefix_source"),
        (Float) row.getObject("pincode_doubt"),
        row.getString("pincode_believed"),
        errors(row));
  }

  /** Absent in rows of versions that stored none. */
  private static @Nullable PincodeErrors errors(ResultSet row) throws SQLException {
    var slips = (Double) row.getObject("wrong_slips");
    return slips == null
        ? null
        : new PincodeErrors(slips, row.getDouble("wrong_near"), row.getDouble("wrong_far"));
  }

  private static DatabaseStartException cannotRead(SQLException e) {
    return StoredDatabase.cannotRead("predictions", e);
  }

  @Override
  public void close() {
    database.close();
  }
}
