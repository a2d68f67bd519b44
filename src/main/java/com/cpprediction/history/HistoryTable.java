package com.cpprediction.history;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.postgres.Database;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The history in PostgreSQL. The schema is {@code db/migration}. Every statement is idempotent. */
public final class HistoryTable {
  private static final int MAX_MARKS = 500;
  private static final int DECIMALS = 6;

  /** Counts that are added up over minutes and nodes. */
  static final List<String> COUNTS =
      List.of(
          "from_model", "from_cache", "caller_failures", "service_failures", "shed", "corrected");

  /** Gauges, of which the highest is told. */
  static final List<String> GAUGES =
      List.of(
          "journal_bytes",
          "queued_rows",
          "pool_in_use",
          "pool_waiting",
          "in_flight",
          "heap_bytes",
          "resident_bytes");

  static final List<String> RATIOS = List.of("hit_rate", "confidence", "doubt");

  static final Map<String, Double> PERCENTILES = Map.of("p50", 0.5, "p95", 0.95, "p99", 0.99);

  static final List<String> TIMES = List.of("model_times", "cache_times", "loop_times");

  private static final String STORE_MINUTES =
      store(
          "service_minutes",
          Stream.of(
                  Stream.of("minute", "node", "started", "seconds", "failures"),
                  COUNTS.stream(),
                  Stream.of("cache_hits", "cache_misses", "doubts", "doubt_sum"),
                  Stream.of("confidence_sum", "confidences"),
                  TIMES.stream(),
                  GAUGES.stream())
              .flatMap(Function.identity())
              .toList());

  private static final String STORE_MARKS =
      store("service_marks", List.of("at", "node", "kind", "text"));

  /** Names of the series in a response. */
  static final List<String> SERIES =
      Stream.of(
              Stream.of("seconds"),
              COUNTS.stream(),
              GAUGES.stream(),
              RATIOS.stream(),
              TIMES.stream().flatMap(HistoryTable::percentiles))
          .flatMap(Function.identity())
          .toList();

  private static final String WITHIN =
      "WHERE minute >= $1::timestamptz AND minute < $2::timestamptz AND ($3::text = '' OR node = $3::text)";

  // Elements are added up one by one: an unnest of every array takes ten times as long.
  private static final String POINTS =
      "SELECT (floor(extract(epoch FROM minute) / $4::integer) * $4::integer)::bigint AS at,"
          + " sum(seconds) / count(DISTINCT node) AS seconds, "
          + COUNTS.stream()
              .map("sum(%1$s)::bigint AS %1$s, "::formatted)
              .collect(Collectors.joining())
          + GAUGES.stream()
              .map("max(%1$s)::bigint AS %1$s, "::formatted)
              .collect(Collectors.joining())
          + TIMES.stream()
              .map(column -> sums(column, BucketCounts.SIZE) + ", ")
              .collect(Collectors.joining())
          + sums("confidences", ServiceMetrics.CONFIDENCES.size())
          + ", (sum(cache_hits) / nullif(sum(cache_hits + cache_misses), 0))::float8 AS hit_rate,"
          + " sum(confidence_sum) / nullif(sum(from_model + from_cache), 0) AS confidence,"
          + " sum(doubt_sum) / nullif(sum(doubts), 0) AS doubt FROM service_minutes "
          + WITHIN
          + " GROUP BY 1 ORDER BY 1";

  private static final String NODES =
      "SELECT DISTINCT node FROM service_minutes WHERE minute >= $1::timestamptz AND minute < $2::timestamptz ORDER BY 1";

  private static final String FAILURES =
      "SELECT code, sum(failed::bigint)::bigint AS failed FROM service_minutes,"
          + " jsonb_each_text(failures) AS each(code, failed) "
          + WITHIN
          + " GROUP BY 1 ORDER BY 2 DESC, 1";

  private static final String MARKS =
      """
      SELECT at, node, kind, text FROM service_marks
      WHERE at >= $1::timestamptz AND at < $2::timestamptz AND ($3::text = '' OR node = $3::text)
      ORDER BY at DESC, node, kind LIMIT $4::integer
      """;

  private final Vertx vertx;
  private final Database database;

  /**
   * What to read.
   *
   * @param node empty for all
   */
  public record Query(Instant from, Instant to, int stepSeconds, String node) {
    public static Query of(JsonObject json) {
      return new Query(
          json.getInstant("from"),
          json.getInstant("to"),
          json.getInteger("step_seconds"),
          json.getString("node"));
    }
  }

  public HistoryTable(Vertx vertx, Database database) {
    this.vertx = vertx;
    this.database = database;
  }

  /** Names the columns: a later version may have added some. */
  private static String store(String table, List<String> columns) {
    return """
        INSERT INTO %1$s (%2$s)
        SELECT %2$s FROM jsonb_populate_recordset(NULL::%1$s, $1::jsonb)
        ON CONFLICT DO NOTHING
        """
        .formatted(table, String.join(", ", columns));
  }

  private static String sums(String column, int size) {
    return IntStream.rangeClosed(1, size)
        .mapToObj(i -> "sum(" + column + "[" + i + "])::bigint")
        .collect(Collectors.joining(", ", "ARRAY[", "] AS " + column));
  }

  Future<Void> storeMinutes(List<JsonObject> rows) {
    return database.writeUnordered(STORE_MINUTES, Tuple.of(new JsonArray(rows))).mapEmpty();
  }

  Future<Void> storeMarks(List<JsonObject> rows) {
    return database.writeUnordered(STORE_MARKS, Tuple.of(new JsonArray(rows))).mapEmpty();
  }

  /** The body of {@code GET /history} without its source, read on one connection at a time. */
  public Future<JsonObject> read(Query query) {
    var from = OffsetDateTime.ofInstant(query.from, ZoneOffset.UTC);
    var to = OffsetDateTime.ofInstant(query.to, ZoneOffset.UTC);
    return database
        .read(POINTS, Tuple.of(from, to, query.node, query.stepSeconds))
        .compose(points -> vertx.executeBlocking(() -> json(query, points), false))
        .compose(
            json ->
                database
                    .read(NODES, Tuple.of(from, to))
                    .map(rows -> json.put("nodes", nodes(rows))))
        .compose(
            json ->
                database
                    .read(FAILURES, Tuple.of(from, to, query.node))
                    .map(rows -> json.put("failures", failures(rows))))
        .compose(json -> marks(query).map(json::mergeIn));
  }

  /** The {@code marks} of {@code GET /history}. */
  public Future<JsonObject> marks(Query query) {
    var from = OffsetDateTime.ofInstant(query.from, ZoneOffset.UTC);
    var to = OffsetDateTime.ofInstant(query.to, ZoneOffset.UTC);
    return database
        .read(MARKS, Tuple.of(from, to, query.node, MAX_MARKS))
        .map(rows -> new JsonObject().put("marks", marks(rows)));
  }

  private static JsonObject json(Query query, RowSet<Row> rows) {
    var at = new JsonArray();
    var series = new JsonObject();
    for (var name : SERIES) series.put(name, new JsonArray());
    var confidences = new long[ServiceMetrics.CONFIDENCES.size()];
    for (var row : rows) {
      at.add(row.getLong("at"));
      add(series, "seconds", rounded(row.getDouble("seconds")));
      for (var name : COUNTS) add(series, name, row.getLong(name));
      for (var name : GAUGES) add(series, name, row.getLong(name));
      for (var name : RATIOS) add(series, name, rounded(row.getDouble(name)));
      for (var name : TIMES) addTimes(series, name, row.getArrayOfLongs(name));
      var of = row.getArrayOfLongs("confidences");
      for (int i = 0; i < confidences.length; i++) if (of[i] != null) confidences[i] += of[i];
    }
    var byConfidence = new JsonArray();
    for (int i = 0; i < confidences.length; i++) {
      byConfidence.add(
          new JsonObject()
              .put("to", ServiceMetrics.CONFIDENCES.get(i))
              .put("count", confidences[i]));
    }
    return new JsonObject()
        .put("from", query.from.toString())
        .put("to", query.to.toString())
        .put("step_seconds", query.stepSeconds)
        .put("at", at)
        .put("series", series)
        .put("confidences", byConfidence);
  }

  private static void addTimes(JsonObject series, String column, @Nullable Long[] sums) {
    var counts = Arrays.stream(sums).map(count -> count == null ? 0L : count).toList();
    PERCENTILES.forEach(
        (name, share) ->
            add(series, series(column, name), rounded(BucketCounts.percentile(counts, share))));
  }

  private static Stream<String> percentiles(String column) {
    return PERCENTILES.keySet().stream().map(name -> series(column, name));
  }

  /** Such as {@code model_p50_ms}. */
  static String series(String column, String percentile) {
    return column.replace("times", percentile) + "_ms";
  }

  static void add(JsonObject series, String name, @Nullable Number value) {
    series.getJsonArray(name).add(value);
  }

  static @Nullable Double rounded(@Nullable Double value) {
    if (value == null) return null;
    double scale = Math.pow(10, DECIMALS);
    return Math.round(value * scale) / scale;
  }

  private static JsonArray nodes(RowSet<Row> rows) {
    var nodes = new JsonArray();
    rows.forEach(row -> nodes.add(row.getString("node")));
    return nodes;
  }

  private static JsonObject failures(RowSet<Row> rows) {
    var failures = new JsonObject();
    rows.forEach(row -> failures.put(row.getString("code"), row.getLong("failed")));
    return failures;
  }

  private static JsonArray marks(RowSet<Row> rows) {
    var marks = new JsonArray();
    for (var row : rows) {
      marks.add(
          new JsonObject()
              .put("at", row.getOffsetDateTime("at").toInstant().toString())
              .put("node", row.getString("node"))
              .put("kind", row.getString("kind"))
              .put("text", row.getString("text")));
    }
    return marks;
  }
}
