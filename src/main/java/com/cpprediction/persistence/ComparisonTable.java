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

  private static final String INSERT =
      """
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
      """;

  private static final String INSERT_CANARY =
      """
      INSERT INTO canary_predictions (prediction_id, predicted_at, shipment_id, served_release, shadow_release, run)
      SELECT unnest($1::uuid[]), to_timestamp(unnest($2::double precision[])), unnest($3::text[]),
             unnest($4::text[]), unnest($5::text[]), unnest($6::uuid[])
      ON CONFLICT DO NOTHING
      """;

  private static final String OUTCOMES =
      """
      SELECT of.prefix, count(*) AS outcomes,
             count(*) FILTER (WHERE told.cp = of.served_cp) AS served_right,
             count(*) FILTER (WHERE told.cp = of.shadow_cp) AS shadow_right
      FROM prediction_disagreements AS of
      JOIN outcomes AS told USING (shipment_id, prediction_id)
      WHERE of.served_release = $1::text AND of.shadow_release = $2::text
      GROUP BY of.prefix
      """;

  private static final String CANARY_RUN =
      "SELECT canary_run($1::text, $2::text, $3::uuid, $4::uuid, $5::jsonb) AS run";

  private final Database database;

  ComparisonTable(Database database) {
    this.database = database;
  }

  /** Inserts all of {@code rows}, each once however often it is repeated. */
  Future<Void> insert(List<ShadowComparison> rows) {
    // The disagreements first: a canary prediction is judged as it is inserted, and without one
    // counts as an agreement.
    return disagreements(rows.stream().filter(row -> !row.agrees()).toList())
        .compose(done -> canary(rows.stream().filter(ShadowComparison::canary).toList()));
  }

  private Future<Void> disagreements(List<ShadowComparison> rows) {
    if (rows.isEmpty()) return Future.succeededFuture();
    var values =
        keys(rows)
            .addValue(strings(rows, ShadowComparison::prefix))
            .addValue(rows.stream().map(ShadowComparison::canary).toArray(Boolean[]::new));
    add(values, rows, ShadowComparison::served);
    add(values, rows, ShadowComparison::shadow);
    return database.writeUnordered(INSERT, values).mapEmpty();
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

  private Future<Void> canary(List<ShadowComparison> rows) {
    if (rows.isEmpty()) return Future.succeededFuture();
    var values =
        keys(rows)
            .addValue(strings(rows, row -> row.served().release()))
            .addValue(strings(rows, row -> row.shadow().release()))
            .addValue(rows.stream().map(ShadowComparison::run).toArray(UUID[]::new));
    return database.writeUnordered(INSERT_CANARY, values).mapEmpty();
  }

  private static Tuple keys(List<ShadowComparison> rows) {
    return Tuple.tuple()
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
   * The worth of the disagreements of two releases by prefix, of those with a known outcome.
   *
   * @param releases {@code {"served","shadow"}}
   * @return as {@link com.cpprediction.bus.Bus#COMPARED_OUTCOMES}
   */
  Future<JsonArray> outcomes(JsonObject releases) {
    var values = Tuple.of(releases.getString("served"), releases.getString("shadow"));
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
