package com.cpprediction.outcomes;

import com.cpprediction.postgres.Database;
import com.cpprediction.prediction.Prediction;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.LocalDate;
import java.util.List;

/**
 * Reported outcomes in PostgreSQL, each judged against the shipment's latest prediction before the
 * report. The schema is {@code db/migration}. Every statement is idempotent.
 */
public final class OutcomeTable {
  /**
   * The CP that a shipment was delivered by.
   *
   * @param cp code of the CP
   * @param author name of the caller, or empty
   */
  record Outcome(String shipmentId, String cp, String author) {}

  /** Maximum number of late outcomes judged by one statement. */
  static final int RETRY_BATCH = 1_000;

  /**
   * Judges the outcomes in {@code told}. The minute of tolerance allows for clock skew: a
   * prediction has the time of its node, an outcome that of PostgreSQL.
   */
  static final String JUDGED =
      """
      judged AS (
        SELECT told.*, latest.*,
               CASE WHEN latest.prediction_id IS NULL THEN 'unknown'
                    WHEN latest.predicted = told.cp THEN 'right'
                    WHEN latest.alternatives @> jsonb_build_array(jsonb_build_object('cp', told.cp)) THEN 'alternative'
                    ELSE 'wrong' END AS result,
               CASE WHEN latest.prediction_id IS NULL
                    THEN now() + greatest(now() - told.reported_at, interval '2 seconds') END AS look_at
        FROM told LEFT JOIN LATERAL (
          SELECT prediction_id, predictions.cp AS predicted, alternatives, prefix, fingerprint
          FROM predictions
          WHERE predictions.shipment_id = told.shipment_id
            AND predicted_at <= told.reported_at + interval '1 minute'
          ORDER BY predicted_at DESC, prediction_id DESC
          LIMIT 1) AS latest ON true
      )
      """;

  // A repeated outcome keeps its report time, hence its verdict, also after its prediction expired.
  // The last outcome of a shipment counts, be it a report or a review; a report of the CP that a
  // person chose confirms the review, which stays one. Rows are locked in the order of their ids,
  // so that concurrent requests don't deadlock.
  private static final String STORE =
      """
      WITH told AS (
        SELECT place, told.shipment_id, told.cp, told.author, coalesce(before.reported_at, now()) AS reported_at
        FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS told(shipment_id, cp, author, place)
        LEFT JOIN outcomes AS before ON before.shipment_id = told.shipment_id AND before.cp = told.cp
      ), %s, stored AS (
        INSERT INTO outcomes (shipment_id, cp, reported_at, result, prediction_id, predicted, prefix, fingerprint,
                              look_at, author)
        SELECT DISTINCT ON (shipment_id)
               shipment_id, cp, reported_at, result, prediction_id, predicted, prefix, fingerprint, look_at,
               author
        FROM judged
        ORDER BY shipment_id, place DESC
        ON CONFLICT (shipment_id) DO UPDATE
        SET (cp, reported_at, result, prediction_id, predicted, prefix, fingerprint, look_at, origin, author,
             delivered)
          = (excluded.cp, excluded.reported_at, excluded.result, excluded.prediction_id, excluded.predicted,
             excluded.prefix, excluded.fingerprint, excluded.look_at,
             CASE outcomes.cp WHEN excluded.cp THEN outcomes.origin ELSE excluded.origin END,
             CASE WHEN outcomes.cp = excluded.cp AND outcomes.origin = 'review' THEN outcomes.author
                  ELSE excluded.author END,
             true)
        WHERE excluded.prediction_id IS NOT NULL
           OR outcomes.cp <> excluded.cp
           OR outcomes.prediction_id IS NULL
      )
      SELECT judged.shipment_id, judged.cp, coalesce(judged.predicted, kept.predicted) AS predicted,
             coalesce(kept.result, judged.result) AS result, coalesce(judged.prefix, kept.prefix) AS prefix,
             coalesce(judged.fingerprint, kept.fingerprint) AS fingerprint
      FROM judged LEFT JOIN outcomes AS kept
        ON judged.prediction_id IS NULL AND kept.shipment_id = judged.shipment_id AND kept.cp = judged.cp
      ORDER BY place
      """
          .formatted(JUDGED);

  // An outcome without a prediction is retried at double its age: soon where the journal lags,
  // ever more rarely where no prediction was requested.
  private static final String JUDGE_LATE =
      """
      WITH told AS (
        SELECT shipment_id, cp, reported_at
        FROM outcomes
        WHERE look_at <= now()
        ORDER BY look_at
        LIMIT $1::integer
        FOR UPDATE SKIP LOCKED
      ), %s
      UPDATE outcomes
      SET (result, prediction_id, predicted, prefix, fingerprint, look_at)
        = (judged.result, judged.prediction_id, judged.predicted, judged.prefix, judged.fingerprint, judged.look_at)
      FROM judged
      WHERE outcomes.shipment_id = judged.shipment_id
      """
          .formatted(JUDGED);

  private static final String COUNT =
      """
      SELECT prefix, fingerprint,
             coalesce(sum(outcomes), 0)::bigint AS outcomes,
             coalesce(sum(outcomes) FILTER (WHERE result = 'right'), 0)::bigint AS right,
             coalesce(sum(outcomes) FILTER (WHERE result IN ('right', 'alternative')), 0)::bigint AS top3
      FROM outcome_counts
      WHERE day >= $1::date
      GROUP BY prefix, fingerprint
      HAVING sum(outcomes) > 0
      ORDER BY prefix, fingerprint
      """;

  private final Database database;

  public OutcomeTable(Database database) {
    this.database = database;
  }

  /**
   * Stores all of {@code outcomes} or none; the last one of each shipment.
   *
   * @return the committed outcomes in request order, each {@code
   *     {"shipment_id","cp","predicted","result","prefix","model"}} or {@code
   *     {"shipment_id","cp","result":"unknown"}}
   */
  Future<JsonArray> store(List<Outcome> outcomes) {
    var columns =
        Tuple.tuple()
            .addValue(outcomes.stream().map(Outcome::shipmentId).toArray(String[]::new))
            .addValue(outcomes.stream().map(Outcome::cp).toArray(String[]::new))
            .addValue(outcomes.stream().map(Outcome::author).toArray(String[]::new));
    return database
        .writeUnordered(STORE, columns)
        .map(
            rows -> {
              var judged = new JsonArray();
              rows.forEach(row -> judged.add(judged(row)));
              return judged;
            });
  }

  /**
   * Judges due outcomes whose predictions were not stored yet when they were reported.
   *
   * @return number of outcomes judged, {@link #RETRY_BATCH} at most
   */
  Future<Integer> judgeLate() {
    return database.writeUnordered(JUDGE_LATE, Tuple.of(RETRY_BATCH)).map(RowSet::rowCount);
  }

  /**
   * Counts the outcomes reported since the beginning of {@code day} in UTC.
   *
   * @return {@code {"unknown","models":[{"prefix","fingerprint","outcomes","right","top3"},…]}}
   */
  Future<JsonObject> count(LocalDate day) {
    return database.read(COUNT, Tuple.of(day)).map(OutcomeTable::counts);
  }

  static JsonObject judged(Row row) {
    var json =
        new JsonObject()
            .put("shipment_id", row.getString("shipment_id"))
            .put("cp", row.getString("cp"));
    var predicted = row.getString("predicted");
    if (predicted != null) json.put("predicted", predicted);
    json.put("result", row.getString("result"));
    if (predicted == null) return json;
    var prefix = row.getString("prefix");
    return json.put("prefix", prefix)
        .put("model", Prediction.model(prefix, row.getString("fingerprint")));
  }

  private static JsonObject counts(RowSet<Row> rows) {
    long unknown = 0;
    var models = new JsonArray();
    for (var row : rows) {
      if (row.getString("prefix").isEmpty()) {
        unknown += row.getLong("outcomes");
        continue;
      }
      models.add(
          new JsonObject()
              .put("prefix", row.getString("prefix"))
              .put("fingerprint", row.getString("fingerprint"))
              .put("outcomes", row.getLong("outcomes"))
              .put("right", row.getLong("right"))
              .put("top3", row.getLong("top3")));
    }
    return new JsonObject().put("unknown", unknown).put("models", models);
  }
}
