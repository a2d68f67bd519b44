package com.cpprediction.outcomes;

import com.cpprediction.postgres.Database;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Objects;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Doubtful shipments without an outcome, who reviews which, and what was decided. A shipment is
 * doubtful by the last thing that was said of it: its latest prediction, or its refusal. Every
 * statement is idempotent. The schema is {@code db/migration}.
 */
final class ReviewTable {
  /**
   * What to review.
   *
   * @param kind a reason for a review, or empty for all
   * @param prefix three digits, or null for all
   * @param worst whether the least confident come first, else the newest
   */
  record Selection(String kind, @Nullable String prefix, boolean worst) {}

  /**
   * The limits of doubt.
   *
   * @param below confidence
   * @param doubt of the pincode
   * @param days since the prediction
   */
  record Limits(double below, double doubt, int days) {}

  /**
   * Who reviews.
   *
   * @param name of the caller, or empty
   * @param desk of the browser, or empty
   */
  record Reviewer(String name, String desk) {
    /** Skipped shipments are those of a person, or of a browser where the person has no name. */
    String skipper() {
      return name.isEmpty() ? '/' + desk : name;
    }
  }

  /** Reasons for a review. */
  static final String LOW_CONFIDENCE = "low-confidence";

  static final String PINCODE_DOUBT = "pincode-doubt";
  static final String CORRECTED = "corrected";
  static final String REFUSED = "refused";

  /** Shipments counted as waiting at most. */
  static final int MOST_COUNTED = 1_000;

  private static final int CLAIM_ATTEMPTS = 4;
  private static final Pattern ANY_PREFIX = Pattern.compile("\\$4::text IS NULL /\\* ([pr]) \\*/");

  private static final String PREDICTED =
      """
      p.shipment_id, p.prediction_id AS id, p.predicted_at AS at, p.address,
      coalesce(p.pincode_field, p.pincode) AS given, p.pincode_believed AS believed, p.pincode_doubt AS doubt,
      p.prefix, p.prefix_source, p.confidence, p.cp, p.alternatives, NULL AS detail, false AS refused
      """;

  private static final String REFUSED_ROW =
      """
      r.shipment_id, r.refusal_id AS id, r.refused_at AS at, r.address,
      r.pincode_field AS given, NULL AS believed, r.pincode_doubt AS doubt,
      r.prefix, NULL AS prefix_source, r.confidence, NULL AS cp, r.guesses AS alternatives, r.detail, true AS refused
      """;

  // The first condition is that of the partial indexes, word for word. The inner limit is a
  // constant,
  // so that PostgreSQL plans for few rows. A subquery with OFFSET 0
  // is evaluated for the few rows that are read in the order of an index; as an anti-join
  // PostgreSQL
  // may read whole tables first.
  private static final String QUEUE =
      """
      SELECT * FROM (
        (SELECT %1$s FROM predictions AS p
         WHERE (confidence < 0.95 OR pincode_doubt > 0.05 OR prefix_source = 'corrected')
           AND p.predicted_at >= now() - make_interval(days => $3::integer)
           AND (p.confidence < $1::double precision AND $5::text IN ('', 'low-confidence')
                OR p.pincode_doubt > $2::real AND $5::text IN ('', 'pincode-doubt')
                OR p.prefix_source = 'corrected' AND $5::text IN ('', 'corrected'))
           AND $4::text IS NULL /* p */
           AND %3$s
           AND NOT EXISTS (SELECT FROM outcomes AS o WHERE o.shipment_id = p.shipment_id OFFSET 0)
           AND NOT EXISTS (SELECT FROM predictions AS later
                WHERE later.shipment_id = p.shipment_id AND later.predicted_at >= p.predicted_at
                  AND later.prediction_id > p.prediction_id OFFSET 0)
           AND NOT EXISTS (SELECT FROM refusals AS later
                WHERE later.shipment_id = p.shipment_id AND later.refusal_id > p.prediction_id OFFSET 0)
           %7$s
         ORDER BY %4$s
         LIMIT 100)
        UNION ALL
        (SELECT %2$s FROM refusals AS r
         WHERE $5::text IN ('', 'refused')
           AND r.refused_at >= now() - make_interval(days => $3::integer)
           AND $4::text IS NULL /* r */
           AND %5$s
           AND NOT EXISTS (SELECT FROM outcomes AS o WHERE o.shipment_id = r.shipment_id OFFSET 0)
           AND NOT EXISTS (SELECT FROM predictions AS later
                WHERE later.shipment_id = r.shipment_id AND later.prediction_id > r.refusal_id OFFSET 0)
           AND NOT EXISTS (SELECT FROM refusals AS later
                WHERE later.shipment_id = r.shipment_id AND later.refusal_id > r.refusal_id OFFSET 0)
           %8$s
         ORDER BY %6$s
         LIMIT 100)
      ) AS queue
      ORDER BY %9$s
      LIMIT $6::integer
      """;

  private static final String AFTER_NEWEST =
      "coalesce($7::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')";
  private static final String AFTER_WORST =
      "(coalesce($8::double precision, -1), coalesce($7::uuid, '00000000-0000-0000-0000-000000000000'))";

  // Parameter 7 is the last id of the page before, 8 its confidence.
  private static final String NEWEST =
      newest(
          PREDICTED,
          REFUSED_ROW,
          "p.prediction_id < " + AFTER_NEWEST,
          "r.refusal_id < " + AFTER_NEWEST,
          "");
  private static final String WORST =
      worst(
          PREDICTED,
          REFUSED_ROW,
          "(p.confidence, p.prediction_id) > " + AFTER_WORST,
          "(r.confidence, r.refusal_id) > " + AFTER_WORST,
          "");

  private static final String WAITING =
      "SELECT count(*) AS waiting FROM (%s) AS queue"
          .formatted(
              newest("p.prediction_id AS id", "r.refusal_id AS id", "true", "true", "")
                  .replace("LIMIT 100", "LIMIT " + MOST_COUNTED));

  private static final String FREE =
      """
      AND NOT EXISTS (SELECT FROM review_claims AS claim
           WHERE claim.shipment_id = %s.shipment_id
             AND (claim.until > now() OR $9::text = ANY (claim.skipped_by)) OFFSET 0)
      """;

  /** The last thing that was said of the shipments of {@code mine}. */
  private static final String ITEMS =
      """
      SELECT item.* FROM mine, LATERAL (
        SELECT * FROM (
          (SELECT %s FROM predictions AS p WHERE p.shipment_id = mine.shipment_id
           ORDER BY p.predicted_at DESC, p.prediction_id DESC LIMIT 1)
          UNION ALL
          (SELECT %s FROM refusals AS r WHERE r.shipment_id = mine.shipment_id
           ORDER BY r.refusal_id DESC LIMIT 1)) AS said
        ORDER BY id DESC LIMIT 1) AS item
      """
          .formatted(PREDICTED, REFUSED_ROW);

  // Two that claim the same shipment at once meet at its key: the second gets none of it.
  private static final String CLAIM =
      """
      WITH held AS (
        UPDATE review_claims AS c SET until = now() + make_interval(secs => $11::double precision)
        WHERE claimed_by = $7::text AND desk = $8::text AND until > now()
          AND NOT EXISTS (SELECT FROM outcomes AS o WHERE o.shipment_id = c.shipment_id)
        RETURNING shipment_id
      ), queue AS MATERIALIZED (%s
      ), free AS (
        SELECT shipment_id FROM queue LIMIT greatest(0, $10::integer - (SELECT count(*) FROM held))
      ), claimed AS (
        INSERT INTO review_claims AS c (shipment_id, claimed_by, desk, claimed_at, until)
        SELECT shipment_id, $7::text, $8::text, now(), now() + make_interval(secs => $11::double precision) FROM free
        ON CONFLICT (shipment_id) DO UPDATE
        SET (claimed_by, desk, claimed_at, until)
          = (excluded.claimed_by, excluded.desk, excluded.claimed_at, excluded.until)
        WHERE c.until <= now()
        RETURNING shipment_id
      ), mine AS (SELECT shipment_id FROM held UNION SELECT shipment_id FROM claimed)
      SELECT (SELECT count(*) FROM free) > (SELECT count(*) FROM claimed) AS raced, items.*
      FROM (SELECT 1) AS one LEFT JOIN (%s) AS items ON true
      ORDER BY %s
      """;

  private static final String CLAIM_NEWEST =
      CLAIM.formatted(
          newest(
              "p.shipment_id, p.prediction_id AS id",
              "r.shipment_id, r.refusal_id AS id",
              "true",
              "true",
              FREE),
          ITEMS,
          "items.id DESC");
  private static final String CLAIM_WORST =
      CLAIM.formatted(
          worst(
              "p.shipment_id, p.prediction_id AS id, p.confidence",
              "r.shipment_id, r.refusal_id AS id, r.confidence",
              "true",
              "true",
              FREE),
          ITEMS,
          "items.confidence, items.id");

  /** Whether another reviewer has the shipment. */
  private static final String TAKEN =
      """
      taken AS (
        SELECT claimed_by FROM review_claims
        WHERE shipment_id = $1::text AND until > now() AND (claimed_by, desk) <> ($2::text, $3::text)
      )
      """;

  private static final String DECIDE =
      """
      WITH %s, told AS (
        SELECT $1::text AS shipment_id, $4::text AS cp, now() AS reported_at
        WHERE NOT EXISTS (SELECT FROM taken)
          AND (EXISTS (SELECT FROM predictions WHERE shipment_id = $1::text)
               OR EXISTS (SELECT FROM refusals WHERE shipment_id = $1::text))
      ), %s, stored AS (
        INSERT INTO outcomes (shipment_id, cp, reported_at, result, prediction_id, predicted, prefix, fingerprint,
                              look_at, origin, author, delivered)
        SELECT shipment_id, cp, reported_at, result, prediction_id, predicted, prefix, fingerprint, look_at,
               'review', $2::text, false
        FROM judged
        ON CONFLICT (shipment_id) DO NOTHING
        RETURNING *
      ), freed AS (
        DELETE FROM review_claims WHERE shipment_id = $1::text AND EXISTS (SELECT FROM stored)
      ), known AS (
        SELECT *, true AS fresh FROM stored
        UNION ALL SELECT *, false FROM outcomes WHERE shipment_id = $1::text
      )
      SELECT known.*, taken.claimed_by, EXISTS (SELECT FROM told) AS found
      FROM (SELECT 1) AS one LEFT JOIN known ON true LEFT JOIN taken ON true
      LIMIT 1
      """
          .formatted(TAKEN, OutcomeTable.JUDGED);

  private static final String SKIP =
      """
      INSERT INTO review_claims AS c (shipment_id, claimed_by, desk, claimed_at, until, skipped_by)
      SELECT $1::text, $2::text, $3::text, now(), now(), ARRAY[$4::text]
      WHERE EXISTS (SELECT FROM predictions WHERE shipment_id = $1::text)
         OR EXISTS (SELECT FROM refusals WHERE shipment_id = $1::text)
      ON CONFLICT (shipment_id) DO UPDATE
      SET until = CASE WHEN (c.claimed_by, c.desk) = ($2::text, $3::text) THEN least(c.until, now()) ELSE c.until END,
          skipped_by = array_append(array_remove(c.skipped_by, $4::text), $4::text)
      """;

  private static final String UNDO =
      """
      WITH %s, gone AS (
        DELETE FROM outcomes
        WHERE shipment_id = $1::text AND origin = 'review' AND author = $2::text AND NOT delivered
        RETURNING shipment_id
      ), settled AS (
        SELECT shipment_id FROM outcomes WHERE shipment_id = $1::text AND NOT EXISTS (SELECT FROM gone)
      ), mine AS (
        INSERT INTO review_claims AS c (shipment_id, claimed_by, desk, claimed_at, until)
        SELECT $1::text, $2::text, $3::text, now(), now() + make_interval(secs => $5::double precision)
        WHERE NOT EXISTS (SELECT FROM settled)
          AND (EXISTS (SELECT FROM predictions WHERE shipment_id = $1::text)
               OR EXISTS (SELECT FROM refusals WHERE shipment_id = $1::text))
        ON CONFLICT (shipment_id) DO UPDATE
        SET (claimed_by, desk, claimed_at, until, skipped_by)
          = (excluded.claimed_by, excluded.desk, excluded.claimed_at, excluded.until,
             array_remove(c.skipped_by, $4::text))
        WHERE c.until <= now() OR (c.claimed_by, c.desk) = ($2::text, $3::text)
        RETURNING shipment_id
      )
      SELECT items.*, EXISTS (SELECT FROM settled) OR EXISTS (SELECT FROM taken) AS late
      FROM (SELECT 1) AS one LEFT JOIN (%s) AS items ON true
      """
          .formatted(TAKEN, ITEMS);

  private final Database database;

  ReviewTable(Database database) {
    this.database = database;
  }

  /**
   * @param after condition on the place in the queue
   * @param free condition on claims, with a place for the alias of the table
   */
  private static String newest(
      String predicted, String refused, String after, String afterRefusal, String free) {
    return QUEUE.formatted(
        predicted,
        refused,
        after,
        "p.prediction_id DESC",
        afterRefusal,
        "r.refusal_id DESC",
        free.formatted("p"),
        free.formatted("r"),
        "id DESC");
  }

  private static String worst(
      String predicted, String refused, String after, String afterRefusal, String free) {
    return QUEUE.formatted(
        predicted,
        refused,
        after,
        "p.confidence, p.prediction_id",
        afterRefusal,
        "r.confidence, r.refusal_id",
        free.formatted("p"),
        free.formatted("r"),
        "confidence, id");
  }

  /** {@code sql} for a prefix, where there is one: that has an index of its own. */
  private static String of(Selection selection, String sql) {
    return selection.prefix() == null
        ? sql
        : ANY_PREFIX.matcher(sql).replaceAll("$1.prefix = \\$4::text");
  }

  /** The parameters that all queries of the queue begin with. */
  private static Tuple parameters(Selection selection, Limits limits, int count) {
    return Tuple.tuple()
        .addValue(limits.below())
        .addValue(limits.doubt())
        .addValue(limits.days())
        .addValue(selection.prefix())
        .addValue(selection.kind())
        .addValue(count);
  }

  /**
   * A page of the queue, claimed or not.
   *
   * @param after the {@code next} of the page before, if there is one
   * @return {@code {"shipments":[…],"next"?}}
   * @throws ServiceException {@link Failure#MALFORMED_REQUEST} when {@code after} is none
   */
  Future<JsonObject> page(Selection selection, Limits limits, int count, @Nullable String after) {
    var parameters = parameters(selection, limits, count);
    addPlace(parameters, after, selection.worst());
    return database
        .read(of(selection, selection.worst() ? WORST : NEWEST), parameters)
        .map(
            rows -> {
              var page = new JsonObject().put("shipments", items(rows, limits));
              if (rows.size() < count) return page;
              Row last = null;
              for (var row : rows) last = row;
              return page.put("next", place(Objects.requireNonNull(last)));
            });
  }

  private static String place(Row row) {
    return row.getDouble("confidence") + "_" + row.getUUID("id");
  }

  private static void addPlace(Tuple parameters, @Nullable String after, boolean worst) {
    int end = after == null ? -1 : after.indexOf('_');
    try {
      parameters.addValue(after == null ? null : UUID.fromString(after.substring(end + 1)));
      if (!worst) return; // ids alone are ordered by time
      parameters.addValue(
          after == null ? null : Double.valueOf(after.substring(0, Math.max(0, end))));
    } catch (IllegalArgumentException e) {
      throw Failure.MALFORMED_REQUEST.because("after is not the next of a page");
    }
  }

  /** Shipments in the queue, {@value #MOST_COUNTED} at most. */
  Future<Integer> waiting(Selection selection, Limits limits) {
    return database
        .read(of(selection, WAITING), parameters(selection, limits, MOST_COUNTED))
        .map(rows -> rows.iterator().next().getLong("waiting").intValue());
  }

  /**
   * Has {@code reviewer} hold {@code count} shipments, those that it holds already among them.
   *
   * @param time that they are its own
   */
  Future<JsonArray> claim(
      Reviewer reviewer, Selection selection, Limits limits, int count, Duration time) {
    return claim(reviewer, selection, limits, count, time, CLAIM_ATTEMPTS);
  }

  private Future<JsonArray> claim(
      Reviewer reviewer,
      Selection selection,
      Limits limits,
      int count,
      Duration time,
      int attempts) {
    var parameters =
        parameters(selection, limits, count)
            .addValue(reviewer.name())
            .addValue(reviewer.desk())
            .addValue(reviewer.skipper())
            .addValue(count)
            .addValue((double) time.toSeconds());
    return database
        .writeUnordered(of(selection, selection.worst() ? CLAIM_WORST : CLAIM_NEWEST), parameters)
        .compose(
            rows ->
                rows.iterator().next().getBoolean("raced") && attempts > 1
                    ? claim(reviewer, selection, limits, count, time, attempts - 1)
                    : Future.succeededFuture(items(rows, limits)));
  }

  /**
   * Stores the CP that {@code reviewer} chose as the outcome of a shipment.
   *
   * @return as of {@link OutcomeTable#store}; fails with {@link Failure#CONFLICT} where another
   *     reviewer holds it, or it has another outcome by now, with {@link Failure#NOT_FOUND} where
   *     nothing is stored of it
   */
  Future<JsonObject> decide(Reviewer reviewer, String shipmentId, String cp) {
    var parameters = Tuple.of(shipmentId, reviewer.name(), reviewer.desk(), cp);
    return database
        .writeUnordered(DECIDE, parameters)
        .compose( // an outcome that was stored at the same time can't be seen by the statement
            rows ->
                isMissed(rows.iterator().next())
                    ? database.writeUnordered(DECIDE, parameters)
                    : Future.succeededFuture(rows))
        .map(rows -> decided(rows.iterator().next(), reviewer, cp));
  }

  private static boolean isMissed(Row row) {
    return row.getBoolean("found") && row.getString("shipment_id") == null;
  }

  private static JsonObject decided(Row row, Reviewer reviewer, String cp) {
    if (row.getString("shipment_id") == null) {
      if (row.getString("claimed_by") != null) {
        throw Failure.CONFLICT.because("Another reviewer has this shipment now; take the next one");
      }
      throw Failure.NOT_FOUND.because("Nothing is stored of this shipment");
    }
    boolean own =
        row.getString("origin").equals("review")
            && row.getString("author").equals(reviewer.name())
            && row.getString("cp").equals(cp);
    if (!row.getBoolean("fresh") && !own) {
      throw Failure.CONFLICT.because(
          "This shipment has an outcome already: "
              + row.getString("cp")
              + (row.getString("origin").equals("review") ? ", by a reviewer" : ", as reported")
              + "; take the next one");
    }
    return OutcomeTable.judged(row).put("repeated", !row.getBoolean("fresh"));
  }

  /** Gives a shipment back, and doesn't hand it out to {@code reviewer} again. */
  Future<Void> skip(Reviewer reviewer, String shipmentId) {
    return database
        .writeUnordered(
            SKIP, Tuple.of(shipmentId, reviewer.name(), reviewer.desk(), reviewer.skipper()))
        .mapEmpty();
  }

  /**
   * Takes back what {@code reviewer} decided about a shipment, or that it was skipped, and has it
   * hold the shipment again. An outcome that a report has confirmed stays.
   *
   * @return the shipment; fails as {@link #decide}
   */
  Future<JsonObject> undo(Reviewer reviewer, String shipmentId, Limits limits, Duration time) {
    var parameters =
        Tuple.of(shipmentId, reviewer.name(), reviewer.desk(), reviewer.skipper())
            .addValue((double) time.toSeconds());
    return database
        .writeUnordered(UNDO, parameters)
        .map(
            rows -> {
              var items = items(rows, limits);
              if (!items.isEmpty()) return items.getJsonObject(0);
              throw rows.iterator().next().getBoolean("late")
                  ? Failure.CONFLICT.because(
                      "Another reviewer has this shipment now, or it has an outcome as reported")
                  : Failure.NOT_FOUND.because("Nothing is stored of this shipment");
            });
  }

  private static JsonArray items(RowSet<Row> rows, Limits limits) {
    var items = new JsonArray();
    for (var row : rows) {
      if (row.getString("shipment_id") != null) items.add(item(row, limits));
    }
    return items;
  }

  private static JsonObject item(Row row, Limits limits) {
    boolean refused = row.getBoolean("refused");
    var candidates = new JsonArray();
    if (!refused) {
      candidates.add(
          new JsonObject()
              .put("cp", row.getString("cp"))
              .put("confidence", row.getDouble("confidence")));
    }
    for (var alternative : row.getJsonArray("alternatives")) {
      var other = (JsonObject) alternative;
      candidates.add(
          new JsonObject()
              .put("cp", other.getString("cp"))
              .put("confidence", other.getDouble("confidence")));
    }
    return new JsonObject()
        .put("shipment_id", row.getString("shipment_id"))
        .put("at", time(row.getOffsetDateTime("at")))
        .put("address", row.getString("address"))
        .put("pincode", row.getString("given"))
        .put("pincode_believed", row.getString("believed"))
        .put("pincode_doubt", row.getFloat("doubt"))
        .put("prefix", row.getString("prefix"))
        .put("candidates", candidates)
        .put("why", why(row, refused, limits))
        .put("detail", row.getString("detail"));
  }

  private static JsonArray why(Row row, boolean refused, Limits limits) {
    var why = new JsonArray();
    if (refused) why.add(REFUSED);
    else if (row.getDouble("confidence") < limits.below()) why.add(LOW_CONFIDENCE);
    var doubt = row.getFloat("doubt");
    if (doubt != null && doubt > limits.doubt()) why.add(PINCODE_DOUBT);
    if (CORRECTED.equals(row.getString("prefix_source"))) why.add(CORRECTED);
    return why;
  }

  private static String time(OffsetDateTime at) {
    return DateTimeFormatter.ISO_INSTANT.format(at.withOffsetSameInstant(ZoneOffset.UTC));
  }
}
