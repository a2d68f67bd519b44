package com.cpprediction.persistence;

import com.cpprediction.postgres.Database;
import com.cpprediction.postgres.SqlFailure;
import com.cpprediction.prediction.Candidate;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Inserts predictions into PostgreSQL and sets rejected ones aside. */
final class PredictionTable implements PredictionStore {
  private static final String INSERT =
      """
      INSERT INTO predictions (prediction_id, predicted_at, shipment_id, address, pincode, prefix, cp,
                               confidence, alternatives, fingerprint, source, prefix_source, pincode_field,
                               pincode_doubt, pincode_believed, wrong_slips, wrong_near, wrong_far)
      SELECT prediction_id, predicted_at, shipment_id, address, pincode, prefix, cp,
             confidence, alternatives::jsonb, fingerprint, source, prefix_source, pincode_field,
             pincode_doubt, pincode_believed, wrong_slips, wrong_near, wrong_far
      FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                  $8::double precision[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
                  $14::real[], $15::text[], $16::double precision[],
                  $17::double precision[], $18::double precision[])
        AS row(prediction_id, predicted_at, shipment_id, address, pincode, prefix, cp,
               confidence, alternatives, fingerprint, source, prefix_source, pincode_field,
               pincode_doubt, pincode_believed, wrong_slips, wrong_near, wrong_far)
      ON CONFLICT DO NOTHING
      """;

  private static final String SAME_ID =
      """
      SELECT prediction_id, shipment_id, address, pincode, pincode_field, prefix_source
      FROM unnest($1::uuid[], $2::timestamptz[]) AS row(id, at)
      JOIN predictions ON prediction_id = id AND predicted_at = at
      """;

  private static final String ID_CONFLICT =
      "prediction_id is that of another shipment, stored before";
  private static final String UNIQUE_VIOLATION = "23505";

  private static final String REJECT =
      """
      INSERT INTO prediction_rejects (prediction_id, prediction, error, sqlstate)
      VALUES ($1::uuid, $2::text::jsonb, $3::text, $4::text)
      ON CONFLICT DO NOTHING
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
            .addValue(texts(rows, r -> r.source().label()))
            .addValue(beliefs(rows, String[]::new, belief -> belief.source().label()))
            .addValue(beliefs(rows, String[]::new, StoredBelief::pincodeField))
            .addValue(beliefs(rows, Float[]::new, StoredBelief::doubt))
            .addValue(beliefs(rows, String[]::new, StoredBelief::believed))
            .addValue(beliefs(rows, Double[]::new, belief -> belief.wrongPincodes().slips()))
            .addValue(beliefs(rows, Double[]::new, belief -> belief.wrongPincodes().near()))
            .addValue(beliefs(rows, Double[]::new, belief -> belief.wrongPincodes().far()));
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

  /** Indexes of rows whose id is stored for another shipment. */
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
   * @param stored absent when deleted in the meantime
   */
  private static boolean isSame(PredictionRow row, @Nullable Row stored) {
    return stored == null
        || row.isOf(
            stored.getString("shipment_id"),
            stored.getString("address"),
            stored.getString(storedBeliefs(row, stored) ? "pincode_field" : "pincode"));
  }

  /** A row without a belief, of an earlier version, has the pincode that counted alone. */
  private static boolean storedBeliefs(PredictionRow row, Row stored) {
    return row.belief() != null && stored.getString("prefix_source") != null;
  }

  private Future<Void> setAside(List<PredictionRow> rows, Set<Integer> taken) {
    return Future.all(
            taken.stream()
                .map(i -> reject(rows.get(i), ID_CONFLICT, UNIQUE_VIOLATION))
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

  /** A column of the beliefs, null for rows without. */
  private static <T> @Nullable T[] beliefs(
      List<PredictionRow> rows,
      IntFunction<T[]> array,
      Function<StoredBelief, ? extends @Nullable T> value) {
    return rows.stream()
        .map(row -> row.belief() == null ? null : value.apply(row.belief()))
        .toArray(array);
  }

  /** Succeeds when rows can be inserted: the table exists, permission is granted, writes work. */
  Future<Void> probe() {
    return insert(List.of()).mapEmpty();
  }

  @Override
  public Future<Void> reject(PredictionRow row, Throwable refusal) {
    var sqlState = Objects.requireNonNull(SqlFailure.sqlState(refusal));
    return reject(row, String.valueOf(refusal.getMessage()), sqlState);
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
    var belief = row.belief();
    if (belief != null) {
      json.put("prefix_source", belief.source().label())
          .put("pincode_field", belief.pincodeField())
          .put("pincode_doubt", belief.doubt())
          .put("pincode_believed", belief.believed())
          .put("wrong_slips", belief.wrongPincodes().slips())
          .put("wrong_near", belief.wrongPincodes().near())
          .put("wrong_far", belief.wrongPincodes().far());
    }
    // jsonb can't hold a NUL
    var text = json.encode().replace("\\u0000", "\\ufffd");
    return reject(row.id(), text, error, sqlState)
        .recover(
            failure ->
                SqlFailure.of(failure) == SqlFailure.ROW_REJECTED
                    ? reject(row.id(), "{}", error, sqlState) // id and error at least
                    : Future.failedFuture(failure));
  }

  private Future<Void> reject(UUID id, String prediction, String error, String sqlState) {
    var values = Tuple.of(id, prediction, error, sqlState);
    return database.write(REJECT, values).mapEmpty();
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
