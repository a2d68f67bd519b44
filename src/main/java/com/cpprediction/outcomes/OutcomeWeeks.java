package com.cpprediction.outcomes;

import com.cpprediction.postgres.Database;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Clock;
import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.TemporalAdjusters;
import org.jspecify.annotations.Nullable;

/** Reported outcomes by week (from Monday, UTC), prefix and CP, and those of a shipment. */
public final class OutcomeWeeks {
  /** Prefixes or CPs with the most wrong predictions that are listed. */
  private static final int WORST = 50;

  private static final String ALL =
      """
      SELECT date_trunc('week', day)::date AS week, sum(outcomes)::bigint AS outcomes,
             coalesce(sum(outcomes) FILTER (WHERE result = 'right'), 0)::bigint AS hits,
             coalesce(sum(outcomes) FILTER (WHERE result IN ('right', 'alternative')), 0)::bigint AS top3
      FROM outcome_counts
      WHERE day >= $1::date AND prefix <> '' AND ($2::text = '' OR prefix = $2::text)
      GROUP BY 1 HAVING sum(outcomes) > 0 ORDER BY 1
      """;

  /** What is counted of each week of a prefix. */
  private static final String BY_PREFIX =
      """
      SELECT prefix AS name, date_trunc('week', day)::date AS week, sum(outcomes)::bigint AS outcomes,
             coalesce(sum(outcomes) FILTER (WHERE result = 'right'), 0)::bigint AS hits
      FROM outcome_counts
      WHERE day >= $1::date AND prefix <> '' AND ($2::text = '' OR prefix = $2::text)
      GROUP BY 1, 2 HAVING sum(outcomes) > 0
      """;

  /** Of each week of a CP of a prefix, by where the shipments truly went. */
  private static final String BY_CP =
      """
      SELECT cp AS name, date_trunc('week', reported_at AT TIME ZONE 'UTC')::date AS week,
             count(*) AS outcomes, count(*) FILTER (WHERE result = 'right') AS hits
      FROM outcomes
      WHERE reported_at >= $1::date::timestamp AT TIME ZONE 'UTC' AND prefix = $2::text
      GROUP BY 1, 2
      """;

  private static final String WORST_FIRST =
      """
      WITH counted AS (%s), worst AS (
        SELECT name, sum(outcomes) - sum(hits) AS wrong FROM counted
        GROUP BY name ORDER BY wrong DESC, name LIMIT $3::integer)
      SELECT name, week, outcomes, hits FROM counted JOIN worst USING (name)
      ORDER BY wrong DESC, name, week
      """;

  private static final String OF_SHIPMENT =
      """
      SELECT shipment_id, cp, result, predicted, prefix, reported_at, origin, author
      FROM outcomes WHERE shipment_id = $1::text
      """;

  private final Database database;
  private final Clock clock;

  public OutcomeWeeks(Database database, Clock clock) {
    this.database = database;
    this.clock = clock;
  }

  /**
   * The body of {@code GET /outcomes/weeks}, read on one connection at a time.
   *
   * @param asked {@code weeks}, this one included, and {@code prefix}, empty for all
   */
  public Future<JsonObject> read(JsonObject asked) {
    var prefix = asked.getString("prefix");
    var since =
        LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC)
            .with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY))
            .minusWeeks(asked.getInteger("weeks") - 1L);
    var worstFirst = WORST_FIRST.formatted(prefix.isEmpty() ? BY_PREFIX : BY_CP);
    var body =
        new JsonObject()
            .put("since", since.toString())
            .put("by", prefix.isEmpty() ? "prefix" : "cp");
    return database
        .read(ALL, Tuple.of(since, prefix))
        .map(rows -> body.put("weeks", weeks(rows)))
        .compose(read -> database.read(worstFirst, Tuple.of(since, prefix, WORST)))
        .map(rows -> body.put("worst", worst(rows)));
  }

  /** The outcome of a shipment; a JSON object without fields where none was reported. */
  public Future<JsonObject> ofShipment(String shipmentId) {
    return database
        .read(OF_SHIPMENT, Tuple.of(shipmentId))
        .map(rows -> rows.size() == 0 ? new JsonObject() : outcome(rows.iterator().next()));
  }

  private static JsonObject outcome(Row row) {
    return new JsonObject()
        .put("shipment_id", row.getString("shipment_id"))
        .put("cp", row.getString("cp"))
        .put("result", row.getString("result"))
        .put("predicted", row.getString("predicted"))
        .put("prefix", row.getString("prefix"))
        .put("reported_at", row.getOffsetDateTime("reported_at").toInstant().toString())
        .put("origin", row.getString("origin"))
        .put("author", row.getString("author"));
  }

  private static JsonArray weeks(RowSet<Row> rows) {
    var weeks = new JsonArray();
    for (var row : rows) weeks.add(week(row).put("top3", row.getLong("top3")));
    return weeks;
  }

  private static JsonObject week(Row row) {
    return new JsonObject()
        .put("week", row.getLocalDate("week").toString())
        .put("outcomes", row.getLong("outcomes"))
        .put("right", row.getLong("hits"));
  }

  private static JsonArray worst(RowSet<Row> rows) {
    var worst = new JsonArray();
    @Nullable JsonObject latest = null;
    for (var row : rows) {
      var name = row.getString("name");
      if (latest == null || !name.equals(latest.getString("name"))) {
        latest = new JsonObject().put("name", name).put("weeks", new JsonArray());
        latest.put("outcomes", 0L).put("right", 0L);
        worst.add(latest);
      }
      latest.getJsonArray("weeks").add(week(row));
      latest.put("outcomes", latest.getLong("outcomes") + row.getLong("outcomes"));
      latest.put("right", latest.getLong("right") + row.getLong("hits"));
    }
    return worst;
  }
}
