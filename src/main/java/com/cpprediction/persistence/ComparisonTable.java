package com.cpprediction.persistence;

import com.cpprediction.postgres.Database;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.ShadowComparison;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Comparisons with the shadow release in PostgreSQL. Every statement is idempotent. */
final class ComparisonTable {
  private static final double MILLIS = 1e3;

  // In one statement, so that a row is stored in both tables or in none. A canary prediction is
  // judged at its end, when the disagreements are there: without one it counts as an agreement.
  private static final String INSERT =
      """
      WITH disagreements AS (
        INSERT INTO prediction_disagreements
               (prediction_id, predicted_at, shipment_id, prefix, canary,
                served_cp, served_confidence, served_fingerprint, served_release,
                shadow_cp, shadow_confidence, shadow_fingerprint, shadow_release)
        SELECT unnest($1::uuid[]), to_timestamp(unnest($2::double precision[])), unnest($3::text[]),
               unnest($4::text[]), unnest($5::boolean[]), unnest($6::text[]),
               unnest($7::double precision[]), unnest($8::text[]), unnest($9::text[]),
               unnest($10::text[]), unnest($11::double precision[]), unnest($12::text[]),
               unnest($13::text[])
        ON CONFLICT DO NOTHING
      )
      INSERT INTO canary_predictions (prediction_id, predicted_at, shipment_id, served_release, shadow_release, run)
      SELECT unnest($14::uuid[]), to_timestamp(unnest($15::double precision[])), unnest($16::text[]),
             unnest($17::text[]), unnest($18::text[]), unnest($19::uuid[])
      ON CONFLICT DO NOTHING
      """;

  private static final String OUTCOMES =
      """
      SELECT of.prefix, count(*) AS outcomes,
             count(*) FILTER (WHERE told.cp = of.served_cp) AS served_right,
             count(*) FILTER (WHERE told.cp = of.shadow_cp) AS shadow_right
      FROM (SELECT * FROM prediction_disagreements ORDER BY noted_at DESC LIMIT $3::integer) AS of
      JOIN outcomes AS told USING (shipment_id, prediction_id)
      WHERE of.served_release = $1::text AND of.shadow_release = $2::text
      GROUP BY of.prefix
      """;

  private static final String CANARY_RUN =
      "SELECT canary_run($1::text, $2::text, $3::uuid, $4::uuid, $5::jsonb) AS run";

  /** Disagreements that {@link #outcomes} looks at: a second's work of PostgreSQL at most. */
  private static final int NEWEST = 100_000;

  private final Database database;
  private final int newest;

  ComparisonTable(Database database) {
    this(database, NEWEST);
  }

  /**
   * @param newest disagreements that {@link #outcomes} looks at
   */
  ComparisonTable(Database database, int newest) {
    this.database = database;
    this.newest = newest;
  }

  /** Inserts all of {@code rows} or none, each once however often it is repeated. */
  Future<Void> insert(List<ShadowComparison> rows) {
    var values = Tuple.tuple();
    addDisagreements(values, rows.stream().filter(row -> !row.agrees()).toList());
    addCanary(values, rows.stream().filter(ShadowComparison::canary).toList());
    return database.writeUnordered(INSERT, values).mapEmpty();
  }

  private static void addDisagreements(Tuple values, List<ShadowComparison> rows) {
    addKeys(values, rows);
    values
        .addValue(strings(rows, ShadowComparison::prefix))
        .addValue(rows.stream().map(ShadowComparison::canary).toArray(Boolean[]::new));
    add(values, rows, ShadowComparison::served);
    add(values, rows, ShadowComparison::shadow);
  }

  private static void add(
      Tuple values,
      List<ShadowComparison> rows,
      Function<ShadowComparison, ShadowComparison.Side> side) {
    values
        .addValue(strings(rows, row -> side.apply(row).cp()))
        .addValue(rows.stream().map(row -> side.apply(row).confidence()).toArray(Double[]::new))
        .addValue(strings(rows, row -> side.apply(row).fingerprint()))
        .addValue(strings(rows, row -> side.apply(row).release()));
  }

  private static void addCanary(Tuple values, List<ShadowComparison> rows) {
    addKeys(values, rows);
    values
        .addValue(strings(rows, row -> row.served().release()))
        .addValue(strings(rows, row -> row.shadow().release()))
        .addValue(rows.stream().map(ShadowComparison::run).toArray(UUID[]::new));
  }

  private static void addKeys(Tuple values, List<ShadowComparison> rows) {
    values
        .addValue(rows.stream().map(ShadowComparison::id).toArray(UUID[]::new))
        .addValue(
            rows.stream()
                .map(row -> PredictionIds.timeOf(row.id()).toEpochMilli() / MILLIS)
                .toArray(Double[]::new))
        .addValue(strings(rows, ShadowComparison::shipmentId));
  }

  private static String[] strings(
      List<ShadowComparison> rows, Function<ShadowComparison, String> value) {
    return rows.stream().map(value).toArray(String[]::new);
  }

  /**
   * The run that all nodes share, begun where there is none.
   *
   * @param asked as {@link com.cpprediction.bus.Bus#CANARY_RUN}
   */
  Future<JsonObject> canaryRun(JsonObject asked) {
    var values =
        Tuple.of(
            asked.getString("served"),
            asked.getString("shadow"),
            uuid(asked.getString("counter")),
            uuid(asked.getString("left")),
            asked.getJsonObject("mine"));
    return database
        .writeUnordered(CANARY_RUN, values)
        .map(found -> found.iterator().next().getJsonObject("run"));
  }

  private static @Nullable UUID uuid(@Nullable String text) {
    return text == null ? null : UUID.fromString(text);
  }

  /**
   * The worth of the disagreements of two releases by prefix, of those with a known outcome and
   * among the newest of all.
   *
   * @param releases {@code {"served","shadow"}}
   * @return as {@link com.cpprediction.bus.Bus#COMPARED_OUTCOMES}
   */
  Future<JsonArray> outcomes(JsonObject releases) {
    var values = Tuple.of(releases.getString("served"), releases.getString("shadow"), newest);
    return database
        .read(OUTCOMES, values)
        .map(
            found -> {
              var all = new JsonArray();
              for (var row : found) {
                all.add(
                    new JsonObject()
                        .put("prefix", row.getString("prefix"))
                        .put("outcomes", row.getLong("outcomes"))
                        .put("served_right", row.getLong("served_right"))
                        .put("shadow_right", row.getLong("shadow_right")));
              }
              return all;
            });
  }
}
