package com.cpprediction.persistence;

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
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.IntFunction;

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
  public Future<Integer> insert(List<Prediction> predictions) {
    var row =
        Tuple.tuple()
            .addValue(column(predictions, UUID[]::new, p -> p.request().id()))
            .addValue(
                column(
                    predictions,
                    OffsetDateTime[]::new,
                    p -> p.predictedAt().atOffset(ZoneOffset.UTC)))
            .addValue(texts(predictions, p -> p.request().shipmentId()))
            .addValue(texts(predictions, p -> p.request().typed()))
            .addValue(texts(predictions, p -> p.request().address().pincode()))
            .addValue(texts(predictions, p -> p.request().prefix()))
            .addValue(texts(predictions, p -> p.best().cp()))
            .addValue(column(predictions, Double[]::new, p -> p.best().confidence()))
            .addValue(texts(predictions, p -> json(p.alternatives()).encode()))
            .addValue(texts(predictions, p -> p.scored().fingerprint()))
            .addValue(texts(predictions, p -> p.source().label()));
    return database.write(INSERT, row).map(RowSet::rowCount);
  }

  private static String[] texts(List<Prediction> rows, Function<Prediction, String> value) {
    return column(rows, String[]::new, value);
  }

  private static <T> T[] column(
      List<Prediction> rows, IntFunction<T[]> array, Function<Prediction, T> value) {
    return rows.stream().map(value).toArray(array);
  }

  /** Whether predictions could be inserted now: the table, the permission, a writable server. */
  Future<Void> probe() {
    return insert(List.of()).mapEmpty();
  }

  @Override
  public Future<Void> reject(Prediction prediction, Throwable refusal) {
    var request = prediction.request();
    var row =
        new JsonObject()
            .put("predicted_at", DateTimeFormatter.ISO_INSTANT.format(prediction.predictedAt()))
            .put("shipment_id", request.shipmentId())
            .put("address", request.typed())
            .put("pincode", request.address().pincode())
            .put("prefix", request.prefix())
            .put("cp", prediction.best().cp())
            .put("confidence", prediction.best().confidence())
            .put("alternatives", json(prediction.alternatives()))
            .put("fingerprint", prediction.scored().fingerprint())
            .put("source", prediction.source().label());
    // jsonb can't hold it
    var text = row.encode().replace("\\u0000", "\\ufffd");
    return reject(request.id(), text, refusal)
        .recover(
            failure ->
                Trouble.of(failure) == Trouble.DATA
                    ? reject(request.id(), "{}", refusal) // its id and the reason at least
                    : Future.failedFuture(failure));
  }

  private Future<Void> reject(UUID id, String prediction, Throwable refusal) {
    var values = Tuple.of(id, prediction, refusal.getMessage(), Trouble.sqlState(refusal));
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
