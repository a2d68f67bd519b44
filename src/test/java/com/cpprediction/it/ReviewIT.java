package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.json.Digests;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The review desk over HTTP, with what the service stored itself. */
class ReviewIT {
  private static final String ASHA = "Bearer token-of-asha-0123456789";
  private static final String BEN = "Bearer token-of-ben-0123456789";
  private static final String SHOP = "Bearer token-of-shop-0123456789";

  @RegisterExtension
  static final TestService service =
      new TestService(
          home -> {
            var models = SmallRelease.copyTo(home.resolve("release"));
            var cp = SmallRelease.rows().get(0).cp();
            Files.writeString(
                models.resolve("cps.csv"),
                "cp_code,pincode,office,district,state\n"
                    + cp
                    + ",575001,Kodialbail <SO>,Dakshina Kannada,Karnataka\n");
            return new JsonObject()
                .put("models", new JsonObject().put("dir", models.toString()))
                .put("prediction", new JsonObject().put("min_text_confidence", 0.9999))
                .put(
                    "http",
                    new JsonObject()
                        .put(
                            "admin_token",
                            "asha:token-of-asha-0123456789 ben:token-of-ben-0123456789")
                        .put("predict_token", "shop:token-of-shop-0123456789"));
          });

  private final Http http = service.http();

  @BeforeEach
  void nothingToReview() throws Exception {
    TestDatabase.execute(
        service.databaseUri(),
        "TRUNCATE predictions, refusals, outcomes, outcome_counts, review_claims");
  }

  private Http.Answer get(String path, String token) {
    return http.get(path, "authorization", token);
  }

  private Http.Answer post(String path, JsonObject body, String token) {
    return http.post(path, body, "authorization", token);
  }

  /** Ids of the shipments on a page. */
  private List<String> list(String query) {
    return ids(get("/review?" + query, ASHA).json());
  }

  private static List<String> ids(JsonObject page) {
    return shipments(page).map(shipment -> shipment.getString("shipment_id")).toList();
  }

  private static Stream<JsonObject> shipments(JsonObject page) {
    return page.getJsonArray("shipments").stream().map(JsonObject.class::cast);
  }

  private static JsonObject claims(int count, String desk) {
    return new JsonObject().put("count", count).put("desk", desk);
  }

  private JsonObject claim(int count, String desk, String token) {
    return post("/review/claims", claims(count, desk), token).json();
  }

  private Http.Answer decide(String shipment, String cp, String desk, String token) {
    return decide(shipment, new JsonObject().put("cp", cp), desk, token);
  }

  private Http.Answer decide(String shipment, JsonObject decision, String desk, String token) {
    return post(
        "/review/decisions", decision.put("shipment_id", shipment).put("desk", desk), token);
  }

  private Http.Answer skip(String shipment, String desk, String token) {
    var body = new JsonObject().put("shipment_id", shipment).put("desk", desk);
    return post("/review/skips", body, token);
  }

  private Http.Answer undo(String shipment, String desk, String token) {
    var body = new JsonObject().put("shipment_id", shipment).put("desk", desk);
    return post("/review/undo", body, token);
  }

  /** The newest entries of the audit log. */
  private List<String> audited(int count) {
    return get("/audit?limit=" + count, ASHA).json().getJsonArray("entries").stream()
        .map(JsonObject.class::cast)
        .map(
            entry ->
                "%s %s %s %s"
                    .formatted(
                        entry.getString("caller"),
                        entry.getString("action"),
                        entry.getJsonObject("after"),
                        entry.getString("target")))
        .toList();
  }

  private static List<String> query(String sql) throws Exception {
    return TestDatabase.query(service.databaseUri(), sql);
  }

  /** Stores predictions, one a second, of which {@code columns} tells the last ones. */
  private static void predicted(String... rows) throws Exception {
    for (int i = 0; i < rows.length; i++) {
      var row = rows[i].split(" ");
      TestDatabase.execute(
          service.databaseUri(),
          """
          INSERT INTO predictions (prediction_id, predicted_at, shipment_id, address, pincode, prefix, cp, confidence,
                                   alternatives, fingerprint, source, prefix_source, pincode_field, pincode_doubt,
                                   pincode_believed)
          SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid, at,
                 '%1$s', '%1$s MG Road', '575001', '%2$s', '%3$s', %4$s,
                 '[{"cp": "CP2", "confidence": 0.2}, {"cp": "CP3", "confidence": 0.1}]', repeat('f', 64), 'model',
                 '%6$s', '575001', %5$s, '575002'
          FROM (SELECT date_trunc('second', now()) - interval '1 hour' + %7$d * interval '1 second' AS at) AS t
          """
              .formatted(row[0], row[1], row[2], row[3], row[4], row[5], i));
    }
  }

  @Test
  void storesAndListsARefusalWithItsGuessesAndWhy() throws Exception {
    var row = SmallRelease.rows().get(0);
    var typed = row.text().replaceAll("[0-9]{6}", " ") + " <b>";

    var id = id(1);
    var refused = post("/predict", Http.shipment("R1", typed).put("prediction_id", id), SHOP);
    post("/predict", Http.shipment("R1", typed).put("prediction_id", id), SHOP);
    post(
        "/predict/batch",
        new JsonObject()
            .put(
                "shipments",
                new JsonArray()
                    .add(Http.shipment("R2", "Lake Road, Toronto, Canada"))
                    .add(Http.shipment("P1", row.typed()))
                    .add(Http.shipment("R3", " "))),
        SHOP);
    Await.until(() -> list("").size() == 2);

    assertThat(refused.status()).isEqualTo(422);
    assertThat(query("SELECT shipment_id FROM refusals ORDER BY 1")).containsExactly("R1", "R2");
    var shipments = shipments(get("/review?order=newest", ASHA).json()).toList();
    assertThat(shipments.get(0).getString("shipment_id")).isEqualTo("R2");
    assertThat(shipments.get(0).getJsonArray("candidates")).isEmpty();
    assertThat(shipments.get(0).getString("detail")).contains("abroad");
    var first = shipments.get(1);
    assertThat(first.getString("address")).isEqualTo(typed);
    assertThat(first.getJsonArray("why")).containsExactly("refused");
    var guesses = refused.json().getJsonArray("guesses");
    var candidate = first.getJsonArray("candidates").getJsonObject(0);
    assertThat(candidate.getString("cp")).isEqualTo(guesses.getJsonObject(0).getString("cp"));
    assertThat(candidate.getString("office")).isEqualTo("Kodialbail <SO>");
    assertThat(candidate.getString("district")).isEqualTo("Dakshina Kannada");
    assertThat(http.get("/metrics").body()).contains("cp_refusals_total{result=\"kept\"} 3.0");
    assertThat(get("/predictions/R1", SHOP).status()).isEqualTo(404);
  }

  private static String id(int n) {
    return PredictionIds.parse(
            "%08x-%04x-7000-8000-%012x"
                .formatted(
                    System.currentTimeMillis() >>> 16, System.currentTimeMillis() & 0xFFFF, n),
            Instant.now())
        .toString();
  }

  @Test
  void listsWhatIsDoubtfulByTheLatestPredictionInPages() throws Exception {
    predicted(
        "certain 575 CP1 0.97 0.01 pincode",
        "low 575 CP1 0.3 0.01 pincode",
        "doubted 575 CP1 0.9 0.8 pincode",
        "corrected 831 CP1 0.7 0.4 corrected",
        "lowest 831 CP1 0.1 0.9 pincode",
        "again 575 CP1 0.2 0.01 pincode",
        "done 575 CP1 0.2 0.01 pincode",
        "again 575 CP1 0.99 0.01 pincode");
    post(
        "/outcomes",
        new JsonObject()
            .put(
                "outcomes",
                new JsonArray().add(new JsonObject().put("shipment_id", "done").put("cp", "CP1"))),
        SHOP);

    var first = get("/review?order=worst&limit=2", ASHA).json();
    var next = "order=worst&limit=2&after=" + first.getString("next");

    assertThat(list("")).containsExactly("lowest", "corrected", "doubted", "low");
    assertThat(ids(first)).containsExactly("lowest", "low");
    assertThat(list(next)).containsExactly("corrected", "doubted");
    assertThat(list("kind=pincode-doubt")).containsExactly("lowest", "doubted");
    assertThat(list("kind=low-confidence&prefix=575")).containsExactly("low");
    assertThat(list("kind=corrected")).containsExactly("corrected");
    assertThat(list("kind=refused")).isEmpty();
    var newest = get("/review?limit=2", ASHA).json();
    assertThat(newest.getInteger("waiting")).isEqualTo(4);
    assertThat(list("limit=2&after=" + newest.getString("next"))).containsExactly("doubted", "low");
    var lowest = shipments(first).findFirst().orElseThrow();
    assertThat(lowest.getJsonArray("why")).containsExactly("low-confidence", "pincode-doubt");
    assertThat(lowest.getString("pincode")).isEqualTo("575001");
    assertThat(lowest.getString("pincode_believed")).isEqualTo("575002");
    assertThat(lowest.getJsonArray("candidates").getJsonObject(1).getString("cp")).isEqualTo("CP2");
    for (var bad : List.of("kind=x", "order=x", "limit=101", "prefix=x", "after=x", "x=1")) {
      assertThat(get("/review?" + bad, ASHA).status()).as(bad).isEqualTo(400);
    }
  }

  @Test
  void dealsEachShipmentToOneReviewerOnly() throws Exception {
    predicted(
        IntStream.range(0, 60)
            .mapToObj(i -> "S%d 575 CP1 0.%02d 0.01 pincode".formatted(i, i % 50))
            .toArray(String[]::new));
    var pool = Executors.newFixedThreadPool(8);
    try {
      var calls = new ArrayList<Callable<List<String>>>();
      for (int i = 0; i < 8; i++) {
        var desk = "desk-" + i;
        var token = i % 2 == 0 ? ASHA : BEN;
        var order = i % 4 < 2 ? "worst" : "newest";
        calls.add(
            () -> ids(post("/review/claims", claims(7, desk).put("order", order), token).json()));
      }
      var dealt = new ArrayList<String>();
      for (var claimed : pool.invokeAll(calls)) {
        assertThat(claimed.get()).hasSize(7);
        dealt.addAll(claimed.get());
      }

      assertThat(new HashSet<>(dealt)).hasSize(56);
      var held = ids(claim(7, "desk-0", ASHA));
      assertThat(dealt).as("the same ones again").containsAll(held);
      assertThat(ids(claim(20, "other", BEN))).hasSize(4).doesNotContainAnyElementsOf(dealt);
      assertThat(ids(claim(20, "another", ASHA))).isEmpty();
      TestDatabase.execute(
          service.databaseUri(),
          "UPDATE review_claims SET until = now() WHERE desk = 'desk-0' OR desk = 'desk-1'");
      assertThat(ids(claim(20, "another", BEN))).hasSize(14).containsAll(held);
      assertThat(ids(claim(7, "desk-0", ASHA))).isEmpty();
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void storesAChoiceOnceAndRefusesTheSecondReviewer() throws Exception {
    var known = SmallRelease.rows().get(0).cp();
    predicted("S1 575 " + known + " 0.3 0.01 pincode", "S2 575 CP1 0.3 0.01 pincode");
    claim(2, "left", ASHA);

    assertThat(decide("S1", known, "right", ASHA).status()).as("held by the other").isEqualTo(409);
    var chosen = decide("S1", known, "left", ASHA).json();
    assertThat(chosen.getString("result")).isEqualTo("right");
    assertThat(decide("S1", known, "left", ASHA).json()).as("again").isEqualTo(chosen);
    assertThat(decide("S1", "CP2", "left", ASHA).status()).isEqualTo(422);
    assertThat(decide("S1", known, "b", BEN).json().getString("code")).isEqualTo("conflict");
    assertThat(decide("S9", known, "left", ASHA).status()).isEqualTo(404);
    var unknown = decide("S2", "CP-NEW", "left", ASHA);
    assertThat(unknown.json().getString("code")).isEqualTo("unknown-cp");
    assertThat(
            decide("S2", new JsonObject().put("cp", "CP-NEW").put("confirmed", true), "left", ASHA)
                .json()
                .getString("result"))
        .isEqualTo("wrong");
    assertThat(
            query(
                "SELECT concat_ws(' ', shipment_id, cp, origin, author, delivered) FROM outcomes ORDER BY 1"))
        .containsExactly("S1 " + known + " review asha f", "S2 CP-NEW review asha f");
    assertThat(query("SELECT shipment_id FROM review_claims")).isEmpty();
    assertThat(query("SELECT sum(outcomes) FROM outcome_counts"))
        .as("a review is no delivery")
        .isEqualTo(Arrays.asList((String) null));

    post(
        "/outcomes",
        new JsonObject()
            .put(
                "outcomes",
                new JsonArray().add(new JsonObject().put("shipment_id", "S1").put("cp", known))),
        SHOP);

    assertThat(query("SELECT origin || author || delivered FROM outcomes WHERE shipment_id = 'S1'"))
        .containsExactly("reviewashatrue");
    assertThat(query("SELECT result || outcomes FROM outcome_counts")).containsExactly("right1");
    assertThat(undo("S1", "left", ASHA).status()).as("confirmed by a delivery").isEqualTo(409);
  }

  @Test
  void skipsAndTakesBack() throws Exception {
    predicted("S1 575 CP1 0.3 0.01 pincode", "S2 575 CP1 0.4 0.01 pincode");
    assertThat(ids(claim(1, "a", ASHA))).containsExactly("S2");

    skip("S2", "a", ASHA);
    assertThat(ids(claim(2, "a", ASHA))).as("not again").containsExactly("S1");
    assertThat(ids(claim(2, "b", BEN))).as("to another").containsExactly("S2");
    assertThat(undo("S2", "a", ASHA).status()).isEqualTo(409);
    skip("S2", "b", BEN);
    assertThat(undo("S2", "a", ASHA).json().getString("shipment_id")).isEqualTo("S2");

    var cp = new JsonObject().put("cp", "CP1").put("confirmed", true);
    assertThat(decide("S2", cp, "a", ASHA).status()).isEqualTo(200);
    assertThat(query("SELECT count(*) FROM outcomes")).containsExactly("1");
    assertThat(undo("S2", "a", BEN).status()).as("of another").isEqualTo(409);
    undo("S2", "a", ASHA);
    assertThat(query("SELECT count(*) FROM outcomes")).containsExactly("0");
    var target = "sha256:" + Digests.sha256Hex("S2".getBytes(StandardCharsets.UTF_8));
    var audited =
        List.of(
            "asha review-undo null " + target,
            "asha review {\"result\":\"right\"} " + target,
            "asha review-undo null " + target);
    Await.until(() -> audited(3), audited::equals);
    assertThat(ids(claim(2, "a", ASHA))).containsExactly("S2", "S1");
    for (var bad :
        List.of(
            new JsonObject(),
            new JsonObject().put("cp", 7),
            new JsonObject().put("cp", "CP1").put("confirmed", "yes"),
            new JsonObject().put("x", 1))) {
      assertThat(decide("S1", bad, "a", ASHA).status()).as(bad.encode()).isEqualTo(400);
    }
    assertThat(post("/review/claims", claims(21, "a"), ASHA).status()).isEqualTo(400);
  }

  @Test
  void findsCpsByCodeOfficeAndPincode() {
    var cp = SmallRelease.rows().get(0).cp();

    for (var query :
        List.of(cp, cp.toLowerCase(Locale.ROOT), "kodial dakshina", "KARNATAKA", "575001")) {
      assertThat(found(query)).as(query).contains(cp);
    }
    assertThat(found("nowhere at all")).isEmpty();
    assertThat(found("-")).isEmpty();
    assertThat(found("cp1").size()).isEqualTo(10);
  }

  @Test
  void saysWhereCpsAndPrefixesAre() {
    var row = SmallRelease.rows().get(0);
    var prefix = row.pincode().substring(0, 3);

    var names = get("/models/names?cp=%s&cp=CP-NONE&prefix=%s".formatted(row.cp(), prefix), SHOP);

    assertThat(names.status()).as(names.body()).isEqualTo(200);
    assertThat(names.json().getJsonArray("cps")).hasSize(1);
    assertThat(names.json().getJsonArray("cps").getJsonObject(0).getString("office"))
        .isEqualTo("Kodialbail <SO>");
    var place = names.json().getJsonArray("prefixes").getJsonObject(0);
    assertThat(place.getJsonArray("districts")).containsExactly("Dakshina Kannada");
    assertThat(place.getInteger("cps")).isGreaterThan(1);
    assertThat(get("/models/names", SHOP).status()).isEqualTo(400);
    assertThat(http.get("/models/names?cp=CP1").status()).isEqualTo(401);
  }

  private List<String> found(String query) {
    var encoded = URLEncoder.encode(query, StandardCharsets.UTF_8);
    return get("/review/cps?q=" + encoded, ASHA).json().getJsonArray("cps").stream()
        .map(cp -> ((JsonObject) cp).getString("cp"))
        .toList();
  }

  @Test
  void showsAddressesToReviewersOnly() {
    assertThat(http.get("/review").status()).isEqualTo(401);
    assertThat(get("/review", SHOP).status()).isEqualTo(403);
    assertThat(post("/review/claims", claims(1, ""), SHOP).status()).isEqualTo(403);
    assertThat(get("/review/cps?q=CP", SHOP).status()).isEqualTo(403);
    var page = http.get("/review", "accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    assertThat(page.status()).isEqualTo(200);
    assertThat(page.body()).startsWith("<!doctype html>");
  }
}
