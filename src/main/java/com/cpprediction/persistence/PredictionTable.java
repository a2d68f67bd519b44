package com.cpprediction.persistence;

import com.cpprediction.postgres.Database;
import com.cpprediction.postgres.SqlFailure;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Located;
import com.cpprediction.prediction.Prediction;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The predictions in PostgreSQL; its schema is {@code db/migration}. */
final class PredictionTable implements PredictionStore {
  /** Predictions of one shipment that are shown at most. */
  static final int SHOWN = 100;

  /** Newest rows among which the popular addresses are sought. */
  static final int RECENT = 100_000;

  private static final String INSERT =
      """
      INSERT INTO predictions (prediction_id, predicted_at, shipment_id, address, pincode, prefix, cp,
                               confidence, alternatives, fingerprint, source)
      SELECT prediction_id, predicted_at, shipment_id, address, pincode, prefix, cp,
             confidence, alternatives::jsonb, fingerprint, source
      FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                  $8::double precision[], $9::text[], $10::text[], $11::text[])
        AS row(prediction_id, predicted_at, shipment_id, address, pincode, prefix, cp,
               confidence, alternatives, fingerprint, source)
      ON CONFLICT DO NOTHING
      """;

  private static final String SAME_ID =
      """
      SELECT prediction_id, shipment_id, address, pincode
      FROM unnest($1::uuid[], $2::timestamptz[]) AS row(id, at)
      JOIN predictions ON prediction_id = id AND predicted_at = at
      """;

  private static final String TAKEN = "prediction_id is that of another shipment, stored before";
  private static final String UNIQUE_VIOLATION = "23505";

  private static final String REJECT =
      """
      INSERT INTO prediction_rejects (prediction_id, prediction, error, sqlstate)
      VALUES ($1::uuid, $2::text::jsonb, $3::text, $4::text)
      ON CONFLICT DO NOTHING
      """;

  private static final String BY_SHIPMENT =
      """
      SELECT prediction_id, shipment_id, cp, confidence, alternatives, pincode, prefix, fingerprint, source,
             predicted_at
      FROM predictions
      WHERE shipment_id = $1::text
      ORDER BY predicted_at DESC, prediction_id DESC
      LIMIT $2::integer
      """;

  // The ids carry the time, so the primary key finds the newest rows.
  private static final String POPULAR =
      """
      SELECT address, pincode
      FROM (SELECT address, pincode, predicted_at FROM predictions
            ORDER BY prediction_id DESC LIMIT $2::integer) AS recent
      GROUP BY address, pincode
      ORDER BY count(*) DESC, max(predicted_at) DESC
      LIMIT $1::integer
      """;

  private final Database database;

  PredictionTable(Database database) {
    this.database = database;
  }

  @Override
  public Future<Inserted> insert(List<PredictionRow> rows) {
    var columns =
        keys(rows)
            .addValue(texts(rows, PredictionRow::shipmentId))
            .addValue(texts(rows, PredictionRow::typed))
            .addValue(texts(rows, PredictionRow::pincode))
            .addValue(texts(rows, PredictionRow::prefix))
            .addValue(texts(rows, r -> r.best().cp()))
            .addValue(column(rows, Double[]::new, r -> r.best().confidence()))
            .addValue(texts(rows, r -> json(r.alternatives()).encode()))
            .addValue(texts(rows, PredictionRow::fingerprint))
            .addValue(texts(rows, r -> r.source().label()));
    return database
        .write(INSERT, columns)
        .compose(
            inserted -> {
              int added = inserted.rowCount();
              if (added == rows.size()) {
                return Future.succeededFuture(new Inserted(added, Set.of()));
              }
              return taken(rows)
                  .compose(taken -> setAside(rows, taken).map(new Inserted(added, taken)));
            });
  }

  private static Tuple keys(List<PredictionRow> rows) {
    return Tuple.tuple()
        .addValue(column(rows, UUID[]::new, PredictionRow::id))
        .addValue(
            column(rows, OffsetDateTime[]::new, r -> r.predictedAt().atOffset(ZoneOffset.UTC)));
  }

  /** The places of those whose id is stored, but for another shipment. */
  private Future<Set<Integer>> taken(List<PredictionRow> rows) {
    return database
        .write(SAME_ID, keys(rows))
        .map(
            found -> {
              var stored = new HashMap<UUID, Row>();
              for (var row : found) stored.put(row.getUUID("prediction_id"), row);
              return IntStream.range(0, rows.size())
                  .filter(i -> !isSame(rows.get(i), stored.get(rows.get(i).id())))
                  .boxed()
                  .collect(Collectors.toUnmodifiableSet());
            });
  }

  /**
   * @param stored null when it is gone by now
   */
  private static boolean isSame(PredictionRow row, Row stored) {
    return stored == null
        || row.isOf(
            stored.getString("shipment_id"),
            stored.getString("address"),
            stored.getString("pincode"));
  }

  private Future<Void> setAside(List<PredictionRow> rows, Set<Integer> taken) {
    return Future.all(
            taken.stream()
                .map(i -> reject(rows.get(i), TAKEN, UNIQUE_VIOLATION))
                .collect(Collectors.toList()))
        .mapEmpty();
  }

  private static String[] texts(List<PredictionRow> rows, Function<PredictionRow, String> value) {
    return column(rows, String[]::new, value);
  }

  private static <T> T[] column(
      List<PredictionRow> rows, IntFunction<T[]> array, Function<PredictionRow, T> value) {
    return rows.stream().map(value).toArray(array);
  }

  /** Whether predictions could be inserted now: the table, the permission, a writable server. */
  Future<Void> probe() {
    return insert(List.of()).mapEmpty();
  }

  @Override
  public Future<Void> reject(PredictionRow row, Throwable refusal) {
    return reject(row, refusal.getMessage(), SqlFailure.sqlState(refusal));
  }

  private Future<Void> reject(PredictionRow row, String error, String sqlState) {
    var json =
        new JsonObject()
            .put("predicted_at", DateTimeFormatter.ISO_INSTANT.format(row.predictedAt()))
            .put("shipment_id", row.shipmentId())
            .put("address", row.typed())
            .put("pincode", row.pincode())
            .put("prefix", row.prefix())
            .put("cp", row.best().cp())
            .put("confidence", row.best().confidence())
            .put("alternatives", json(row.alternatives()))
            .put("fingerprint", row.fingerprint())
            .put("source", row.source().label());
    // jsonb can't hold it
    var text = json.encode().replace("\\u0000", "\\ufffd");
    return reject(row.id(), text, error, sqlState)
        .recover(
            failure ->
                SqlFailure.of(failure) == SqlFailure.ROW_REJECTED
                    ? reject(row.id(), "{}", error, sqlState) // its id and the reason at least
                    : Future.failedFuture(failure));
  }

  private Future<Void> reject(UUID id, String prediction, String error, String sqlState) {
    var values = Tuple.of(id, prediction, error, sqlState);
    return database.write(REJECT, values).mapEmpty();
  }

  /**
   * @return the predictions of a shipment as they were answered, newest first
   */
  Future<JsonArray> byShipment(String shipmentId) {
    return database
        .read(BY_SHIPMENT, Tuple.of(shipmentId, SHOWN))
        .map(rows -> array(rows, PredictionTable::prediction));
  }

  /**
   * @return the most frequent addresses among the newest rows, most frequent first
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
                            .put("pincode", row.getString("pincode"))));
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
        .put("prefix_source", Located.Source.of(row.getString("pincode")).label())
        .put("model", Prediction.model(prefix, row.getString("fingerprint")))
        .put("source", row.getString("source"))
        .put(
            "predicted_at",
            DateTimeFormatter.ISO_INSTANT.format(row.getOffsetDateTime("predicted_at")));
  }

  private static JsonArray array(RowSet<Row> rows, Function<Row, JsonObject> read) {
    var array = new JsonArray();
    rows.forEach(row -> array.add(read.apply(row)));
    return array;
  }

  private static JsonArray json(List<Candidate> candidates) {
    var array = new JsonArray();
    candidates.forEach(
        candidate ->
            array.add(
                new JsonObject()
                    .put("cp", candidate.cp())
                    .put("confidence", candidate.confidence())));
    return array;
  }
}
