package com.cpprediction.persistence;

import com.cpprediction.postgres.Database;
import com.cpprediction.postgres.SqlFailure;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PrefixSource;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** Queries stored predictions. */
final class PredictionQueries {
  /** Maximum number of predictions shown for a shipment. */
  static final int MAX_SHOWN = 100;

  /** Number of newest rows in which popular addresses are counted. */
  static final int RECENT = 100_000;

  private static final String BY_SHIPMENT =
      """
      SELECT prediction_id, shipment_id, cp, confidence, alternatives, pincode, prefix, fingerprint, source,
             predicted_at, prefix_source, pincode_doubt, pincode_believed
      FROM predictions
      WHERE shipment_id = $1::text
      ORDER BY predicted_at DESC, prediction_id DESC
      LIMIT $2::integer
      """;

  // Ids are ordered by time, so the primary key finds the newest rows.
  private static final String POPULAR =
      """
      SELECT address, pincode
      FROM (SELECT address, predicted_at,
                   CASE WHEN prefix_source IS NULL THEN pincode ELSE pincode_field END AS pincode
            FROM predictions
            ORDER BY prediction_id DESC LIMIT $2::integer) AS recent
      GROUP BY address, pincode
      ORDER BY count(*) DESC, max(predicted_at) DESC
      LIMIT $1::integer
      """;

  // Ids are ordered by time.
  private static final String AFTER =
      """
      SELECT prediction_id, prefix, cp, confidence, address
      FROM predictions
      WHERE prediction_id > $1::uuid
      ORDER BY prediction_id DESC
      LIMIT $2::integer
      """;

  private static final String DELIVERED =
      """
      SELECT cp, prefix, count(*) AS outcomes, min(reported_at) AS since, max(reported_at) AS until
      FROM (SELECT cp, prefix, reported_at
            FROM outcomes
            WHERE prediction_id IS NOT NULL
            ORDER BY reported_at DESC LIMIT $1::integer) AS recent
      GROUP BY cp, prefix
      ORDER BY outcomes DESC, cp, prefix
      """;

  private static final UUID FIRST = new UUID(0, 0);

  private final Database database;

  PredictionQueries(Database database) {
    this.database = database;
  }

  /** Predictions of a shipment as in the responses, newest first. */
  Future<JsonArray> byShipment(String shipmentId) {
    return database
        .read(BY_SHIPMENT, Tuple.of(shipmentId, MAX_SHOWN))
        .map(rows -> array(rows, PredictionQueries::prediction));
  }

  /**
   * The most frequent addresses among the newest rows, most frequent first. Fails with {@link
   * Failure#DEADLINE_EXCEEDED} where the query takes longer than {@code
   * persistence.statement_timeout_ms}.
   */
  Future<JsonArray> popular(int limit) {
    return database
        .read(POPULAR, Tuple.of(limit, RECENT))
        .map(
            rows ->
                array(
                    rows,
                    row ->
                        new JsonObject()
                            .put("address", row.getString("address"))
                            .put("pincode", row.getString("pincode"))))
        .recover(
            cause ->
                Future.failedFuture(
                    cause instanceof TimeoutException
                        ? Failure.DEADLINE_EXCEEDED.because(SqlFailure.describe(cause))
                        : cause));
  }

  /** The newest predictions after an id, see {@link com.cpprediction.bus.Bus#RECENT}. */
  Future<JsonArray> after(JsonObject request) {
    var after = request.getString("after");
    var id = after.isEmpty() ? FIRST : UUID.fromString(after);
    return database
        .read(AFTER, Tuple.of(id, request.getInteger("limit")))
        .map(
            rows ->
                array(
                    rows,
                    row ->
                        new JsonObject()
                            .put("prediction_id", row.getUUID("prediction_id").toString())
                            .put("prefix", row.getString("prefix"))
                            .put("cp", row.getString("cp"))
                            .put("confidence", row.getDouble("confidence"))
                            .put("address", row.getString("address"))));
  }

  /** CPs of the newest outcomes, see {@link com.cpprediction.bus.Bus#DELIVERED}. */
  Future<JsonArray> delivered(int limit) {
    return database.read(DELIVERED, Tuple.of(limit)).map(PredictionQueries::counted);
  }

  private static JsonArray counted(RowSet<Row> rows) {
    var cps = new JsonArray();
    OffsetDateTime since = null;
    OffsetDateTime until = null;
    for (var row : rows) {
      var first = row.getOffsetDateTime("since");
      var last = row.getOffsetDateTime("until");
      if (since == null || first.isBefore(since)) since = first;
      if (until == null || last.isAfter(until)) until = last;
      cps.add(
          new JsonObject()
              .put("cp", row.getString("cp"))
              .put("prefix", row.getString("prefix"))
              .put("outcomes", row.getLong("outcomes")));
    }
    return new JsonArray()
        .add(
            new JsonObject()
                .put("since", since == null ? null : since.toInstant().toString())
                .put("until", until == null ? null : until.toInstant().toString())
                .put("cps", cps));
  }

  private static JsonObject prediction(Row row) {
    var prefix = row.getString("prefix");
    return new JsonObject()
        .put("prediction_id", row.getUUID("prediction_id").toString())
        .put("shipment_id", row.getString("shipment_id"))
        .put("cp", row.getString("cp"))
        .put("confidence", row.getDouble("confidence"))
        .put("alternatives", row.getJsonArray("alternatives"))
        .put("pincode", row.getString("pincode"))
        .put("prefix", prefix)
        .put("prefix_source", prefixSource(row))
        .put("pincode_doubt", row.getFloat("pincode_doubt"))
        .put("pincode_believed", row.getString("pincode_believed"))
        .put("model", Prediction.model(prefix, row.getString("fingerprint")))
        .put("source", row.getString("source"))
        .put(
            "predicted_at",
            DateTimeFormatter.ISO_INSTANT.format(row.getOffsetDateTime("predicted_at")));
  }

  /** A row of an earlier version, which followed every pincode, doesn't tell. */
  private static String prefixSource(Row row) {
    var stored = row.getString("prefix_source");
    if (stored != null) return stored;
    return (row.getString("pincode") == null ? PrefixSource.TEXT : PrefixSource.PINCODE).label();
  }

  private static JsonArray array(RowSet<Row> rows, Function<Row, JsonObject> read) {
    var array = new JsonArray();
    rows.forEach(row -> array.add(read.apply(row)));
    return array;
  }
}
