package com.cpprediction.persistence;

import com.cpprediction.postgres.Database;
import com.cpprediction.postgres.SqlFailure;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PrefixSource;
import com.cpprediction.prediction.Refusal;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Inserts predictions and refusals into PostgreSQL and sets rejected ones aside. */
final class PredictionTable implements PredictionStore {
  // In a select list unnest passes values through; in FROM it first stores each column aside.
  private static final String INSERT =
      """
      INSERT INTO predictions (prediction_id, predicted_at, shipment_id, address, pincode, prefix, cp,
                               confidence, alternatives, fingerprint, source, prefix_source, pincode_field,
                               pincode_doubt, pincode_believed, wrong_slips, wrong_near, wrong_far)
      SELECT unnest($1::uuid[]), to_timestamp(unnest($2::double precision[])), unnest($3::text[]),
             unnest($4::text[]), unnest($5::text[]), unnest($6::text[]), unnest($7::text[]),
             unnest($8::double precision[]), unnest($9::text[])::jsonb, unnest($10::text[]),
             unnest($11::text[]), unnest($12::text[]), unnest($13::text[]),
             unnest($14::real[]), unnest($15::text[]), unnest($16::double precision[]),
             unnest($17::double precision[]), unnest($18::double precision[])
      ON CONFLICT DO NOTHING
      """;

  // Either all rows of a batch are stored or none, whatever their kinds.
  private static final String INSERT_BOTH =
      """
      WITH refused AS (
        INSERT INTO refusals (refusal_id, refused_at, shipment_id, address, pincode_field, detail, prefix, confidence,
                              guesses, pincode_doubt, fingerprint)
        SELECT unnest($19::uuid[]), to_timestamp(unnest($20::double precision[])), unnest($21::text[]),
               unnest($22::text[]), unnest($23::text[]), unnest($24::text[]), unnest($25::text[]),
               unnest($26::double precision[]), unnest($27::text[])::jsonb, unnest($28::real[]), unnest($29::text[])
        ON CONFLICT DO NOTHING
        RETURNING 1
      ), predicted AS (
        %s
        RETURNING 1
      )
      SELECT (SELECT count(*) FROM refused) AS refused, (SELECT count(*) FROM predicted) AS predicted
      """
          .formatted(INSERT);

  private static final String SAME_ID =
      """
      SELECT prediction_id, shipment_id, address, pincode, pincode_field, prefix_source
      FROM (SELECT unnest($1::uuid[]) AS id, to_timestamp(unnest($2::double precision[])) AS at) AS row
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
  public Future<Inserted> insert(List<JournalRow> rows) {
    var predictions = new ArrayList<PredictionRow>(rows.size());
    var refusals = new ArrayList<RefusalRow>(0);
    for (var row : rows) {
      if (row instanceof PredictionRow prediction) predictions.add(prediction);
      else refusals.add((RefusalRow) row);
    }
    return refusals.isEmpty()
        ? insert(rows, predictions)
        : database
            .write(INSERT_BOTH, Refusals.of(refusals, parameters(predictions)))
            .compose(
                inserted -> {
                  var counts = inserted.iterator().next();
                  int refused = counts.getLong("refused").intValue();
                  int predicted = counts.getLong("predicted").intValue();
                  return inserted(rows, predictions, predicted, refused);
                });
  }

  private Future<Inserted> insert(List<JournalRow> rows, List<PredictionRow> predictions) {
    return database
        .write(INSERT, parameters(predictions))
        .compose(inserted -> inserted(rows, predictions, inserted.rowCount(), 0));
  }

  /**
   * @param predicted number of new predictions
   * @param refused number of new refusals
   */
  private Future<Inserted> inserted(
      List<JournalRow> rows, List<PredictionRow> predictions, int predicted, int refused) {
    int added = predicted + refused;
    if (predicted == predictions.size()) {
      return Future.succeededFuture(new Inserted(added, Set.of()));
    }
    return taken(rows, predictions)
        .compose(taken -> setAside(rows, taken).map(new Inserted(added, taken)));
  }

  /** The parameters of an insert of {@code rows}. */
  static Tuple parameters(List<PredictionRow> rows) {
    return Columns.of(rows).tuple();
  }

  /**
   * Indexes of rows whose id is stored for another shipment.
   *
   * @param predictions those of {@code rows}
   */
  private Future<Set<Integer>> taken(List<JournalRow> rows, List<PredictionRow> predictions) {
    return database
        .write(SAME_ID, Columns.of(predictions).keys())
        .map(
            found -> {
              var stored = new HashMap<UUID, Row>();
              for (var row : found) stored.put(row.getUUID("prediction_id"), row);
              return IntStream.range(0, rows.size())
                  .filter(
                      i ->
                          rows.get(i) instanceof PredictionRow row
                              && !isSame(row, stored.get(row.id())))
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

  private Future<Void> setAside(List<JournalRow> rows, Set<Integer> taken) {
    return Future.all(
            taken.stream()
                .map(i -> reject(rows.get(i), ID_CONFLICT, UNIQUE_VIOLATION))
                .collect(Collectors.toList()))
        .mapEmpty();
  }

  /** Succeeds when rows can be inserted: the table exists, permission is granted, writes work. */
  Future<Void> probe() {
    return insert(List.of()).mapEmpty();
  }

  @Override
  public Future<Void> reject(JournalRow row, Throwable refusal) {
    var sqlState = Objects.requireNonNull(SqlFailure.sqlState(refusal));
    return reject(row, String.valueOf(refusal.getMessage()), sqlState);
  }

  private Future<Void> reject(JournalRow row, String error, String sqlState) {
    var json = row instanceof PredictionRow prediction ? json(prediction) : json((RefusalRow) row);
    // jsonb can't hold a NUL
    var text = json.encode().replace("\\u0000", "\\ufffd");
    return reject(row.id(), text, error, sqlState)
        .recover(
            failure ->
                SqlFailure.of(failure) == SqlFailure.ROW_REJECTED
                    ? reject(row.id(), "{}", error, sqlState) // id and error at least
                    : Future.failedFuture(failure));
  }

  private static JsonObject json(RefusalRow row) {
    var refusal = row.refusal();
    return new JsonObject()
        .put("refused_at", DateTimeFormatter.ISO_INSTANT.format(row.refusedAt()))
        .put("shipment_id", refusal.shipmentId())
        .put("address", refusal.typed())
        .put("pincode_field", refusal.pincodeField())
        .put("detail", refusal.detail())
        .put("guesses", Refusals.guesses(refusal));
  }

  private static JsonObject json(PredictionRow row) {
    var json =
        new JsonObject()
            .put("predicted_at", DateTimeFormatter.ISO_INSTANT.format(row.predictedAt()))
            .put("shipment_id", row.shipmentId())
            .put("address", row.typed())
            .put("pincode", row.pincode())
            .put("prefix", row.prefix())
            .put("cp", row.best().cp())
            .put("confidence", row.best().confidence())
            .put("alternatives", new JsonArray(AlternativesJson.encode(row.candidates())))
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
    return json;
  }

  private Future<Void> reject(UUID id, String prediction, String error, String sqlState) {
    var values = Tuple.of(id, prediction, error, sqlState);
    return database.write(REJECT, values).mapEmpty();
  }

  /** The parameters that {@link #INSERT_BOTH} has beside those of {@link #INSERT}. */
  private static final class Refusals {
    private Refusals() {}

    static Tuple of(List<RefusalRow> rows, Tuple predictions) {
      return predictions
          .addValue(rows.stream().map(RefusalRow::id).toArray(UUID[]::new))
          .addValue(
              rows.stream()
                  .map(row -> row.refusedAt().toEpochMilli() / Columns.MILLIS)
                  .toArray(Double[]::new))
          .addValue(strings(rows, Refusal::shipmentId))
          .addValue(strings(rows, Refusal::typed))
          .addValue(strings(rows, Refusal::pincodeField))
          .addValue(strings(rows, Refusal::detail))
          .addValue(strings(rows, Refusals::prefix))
          .addValue(rows.stream().map(row -> confidence(row.refusal())).toArray(Double[]::new))
          .addValue(strings(rows, refusal -> guesses(refusal).encode()))
          .addValue(rows.stream().map(row -> row.refusal().doubt()).toArray(Float[]::new))
          .addValue(strings(rows, Refusal::fingerprint));
    }

    private static @Nullable String prefix(Refusal refusal) {
      return refusal.guesses().isEmpty() ? null : refusal.guesses().get(0).prefix();
    }

    private static double confidence(Refusal refusal) {
      return refusal.guesses().isEmpty() ? 0 : refusal.guesses().get(0).confidence();
    }

    private static @Nullable String[] strings(
        List<RefusalRow> rows, Function<Refusal, @Nullable String> column) {
      return rows.stream().map(row -> column.apply(row.refusal())).toArray(String[]::new);
    }

    static JsonArray guesses(Refusal refusal) {
      var guesses = new JsonArray();
      for (var guess : refusal.guesses()) {
        guesses.add(
            new JsonObject()
                .put("cp", guess.cp())
                .put("confidence", guess.confidence())
                .put("prefix", guess.prefix()));
      }
      return guesses;
    }
  }

  /** The parameters of {@link #INSERT}: the columns of the table. */
  private static final class Columns {
    private static final double MILLIS = 1e3;
    private static final String[] SOURCES =
        Stream.of(Source.values()).map(source -> source.label()).toArray(String[]::new);
    private static final String[] PREFIX_SOURCES =
        Stream.of(PrefixSource.values()).map(source -> source.label()).toArray(String[]::new);

    private final UUID[] ids;
    private final Double[] times; // seconds since 1970; a double is exact to the millisecond
    private final String[] shipmentIds;
    private final String[] addresses;
    private final @Nullable String[] pincodes;
    private final String[] prefixes;
    private final String[] cps;
    private final Double[] confidences;
    private final String[] alternatives;
    private final String[] fingerprints;
    private final String[] sources;
    private final @Nullable String[] prefixSources; // from here on null without a belief
    private final @Nullable String[] pincodeFields;
    private final @Nullable Float[] doubts;
    private final @Nullable String[] believed;
    private final @Nullable Double[] slips;
    private final @Nullable Double[] near;
    private final @Nullable Double[] far;

    private Columns(int rows) {
      ids = new UUID[rows];
      times = new Double[rows];
      shipmentIds = new String[rows];
      addresses = new String[rows];
      pincodes = new String[rows];
      prefixes = new String[rows];
      cps = new String[rows];
      confidences = new Double[rows];
      alternatives = new String[rows];
      fingerprints = new String[rows];
      sources = new String[rows];
      prefixSources = new String[rows];
      pincodeFields = new String[rows];
      doubts = new Float[rows];
      believed = new String[rows];
      slips = new Double[rows];
      near = new Double[rows];
      far = new Double[rows];
    }

    static Columns of(List<PredictionRow> rows) {
      var columns = new Columns(rows.size());
      for (int i = 0; i < rows.size(); i++) columns.set(i, rows.get(i));
      return columns;
    }

    private void set(int i, PredictionRow row) {
      ids[i] = row.id();
      times[i] = row.predictedAt().toEpochMilli() / MILLIS;
      shipmentIds[i] = row.shipmentId();
      addresses[i] = row.typed();
      pincodes[i] = row.pincode();
      prefixes[i] = row.prefix();
      cps[i] = row.best().cp();
      confidences[i] = row.best().confidence();
      alternatives[i] = AlternativesJson.encode(row.candidates());
      fingerprints[i] = row.fingerprint();
      sources[i] = SOURCES[row.source().ordinal()];
      var belief = row.belief();
      if (belief == null) return;
      prefixSources[i] = PREFIX_SOURCES[belief.source().ordinal()];
      pincodeFields[i] = belief.pincodeField();
      doubts[i] = belief.doubt();
      believed[i] = belief.believed();
      slips[i] = belief.wrongPincodes().slips();
      near[i] = belief.wrongPincodes().near();
      far[i] = belief.wrongPincodes().far();
    }

    Tuple keys() {
      return Tuple.tuple().addValue(ids).addValue(times);
    }

    Tuple tuple() {
      return keys()
          .addValue(shipmentIds)
          .addValue(addresses)
          .addValue(pincodes)
          .addValue(prefixes)
          .addValue(cps)
          .addValue(confidences)
          .addValue(alternatives)
          .addValue(fingerprints)
          .addValue(sources)
          .addValue(prefixSources)
          .addValue(pincodeFields)
          .addValue(doubts)
          .addValue(believed)
          .addValue(slips)
          .addValue(near)
          .addValue(far);
    }
  }
}
