package com.cpprediction.persistence;

import com.cpprediction.prediction.Candidate;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import javax.sql.DataSource;

/** Reads back what was answered, for commands. Blocks: JDBC. */
public final class PredictionLog {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration SOCKET_TIMEOUT = Duration.ofSeconds(60);
  private static final int RECENT = 100_000;

  private static final String COLUMNS =
      "prediction_id, address, pincode, prefix, cp, confidence, alternatives::text, fingerprint";
  private static final String BY_ID =
      "SELECT " + COLUMNS + " FROM predictions WHERE prediction_id = ANY (?)";
  private static final String SAMPLE =
      "SELECT "
          + COLUMNS
          + " FROM (SELECT * FROM predictions ORDER BY prediction_id DESC LIMIT ?) AS recent"
          + " ORDER BY md5(prediction_id::text || ?) LIMIT ?";

  private final DataSource source;

  /**
   * One stored prediction.
   *
   * @param address as typed
   * @param pincode six digits, or null when the prefix was read from the words
   * @param candidates as answered, best first
   * @param fingerprint scoring fingerprint
   */
  public record Row(
      UUID id,
      String address,
      String pincode,
      String prefix,
      List<Candidate> candidates,
      String fingerprint) {}

  /**
   * @param uri of the database
   */
  public PredictionLog(String uri) {
    source = DatabaseUri.parse(uri).dataSource(CONNECT_TIMEOUT, SOCKET_TIMEOUT);
  }

  /**
   * @return those of {@code ids} that are stored
   * @throws DatabaseStartException when the database can't be read
   */
  public List<Row> find(Collection<UUID> ids) {
    return query(
        connection -> {
          var statement = connection.prepareStatement(BY_ID);
          statement.setArray(1, connection.createArrayOf("uuid", ids.toArray()));
          return statement;
        });
  }

  /**
   * @param seed decides which; the same one, the same rows
   * @return {@code count} of the newest {@value #RECENT}, fewer when there are fewer
   * @throws DatabaseStartException when the database can't be read
   */
  public List<Row> sample(int count, long seed) {
    return query(
        connection -> {
          var statement = connection.prepareStatement(SAMPLE);
          statement.setInt(1, RECENT);
          statement.setString(2, Long.toString(seed));
          statement.setInt(3, count);
          return statement;
        });
  }

  private interface Question {
    PreparedStatement on(Connection connection) throws SQLException;
  }

  private List<Row> query(Question question) {
    try (var connection = source.getConnection();
        var statement = question.on(connection);
        var found = statement.executeQuery()) {
      var rows = new ArrayList<Row>();
      while (found.next()) rows.add(row(found));
      return rows;
    } catch (SQLException e) {
      throw new DatabaseStartException("Cannot read the predictions: " + Trouble.describe(e), e);
    }
  }

  private static Row row(ResultSet found) throws SQLException {
    var best = new Candidate(found.getString("cp"), found.getDouble("confidence"));
    var alternatives =
        new JsonArray(found.getString("alternatives"))
            .stream()
                .map(JsonObject.class::cast)
                .map(json -> new Candidate(json.getString("cp"), json.getDouble("confidence")));
    return new Row(
        found.getObject("prediction_id", UUID.class),
        found.getString("address"),
        found.getString("pincode"),
        found.getString("prefix"),
        Stream.concat(Stream.of(best), alternatives).toList(),
        found.getString("fingerprint"));
  }
}
