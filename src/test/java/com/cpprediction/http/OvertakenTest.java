package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.batch;
import static com.cpprediction.http.HttpFixture.shipment;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.OwnerReply;
import com.cpprediction.bus.OwnerRequest;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.serving.SecondRelease;
import com.cpprediction.testing.TestScores;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Models are replaced while a request is on its way: it is served by one release all the same. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class OvertakenTest {
  private static final String OLD = HttpFixture.FINGERPRINTS.get("560");
  private static final String NEW = "c".repeat(64);
  private static final JsonObject BY_WORDS = shipment("S1", "MG Road Bengaluru");
  private static final JsonObject BY_PINCODE = shipment("S2", "MG Road 560017");

  private final ServingRelease before = release(0.9, OLD);
  private final ServingRelease after = release(0.8, NEW);
  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
    edge.serve(before);
  }

  /** As if models were replaced while the first request is on its way. */
  private void replaceWhileScoring() throws Exception {
    edge.scorer =
        request -> {
          edge.serve(after);
          edge.scorer = question -> Future.succeededFuture(HttpFixture.reply(question, NEW));
          return Future.succeededFuture(HttpFixture.reply(request, OLD));
        };
    edge.start();
  }

  /**
   * @param probability that an address lies in 560
   */
  private static ServingRelease release(double probability, String fingerprint) {
    return ServingRelease.of(
        fingerprint,
        Set.of("560"),
        Map.of("560", fingerprint),
        Set.of("560"),
        text -> TestScores.chances("560", probability));
  }

  @Test
  void aRequestIsServedByTheReleaseItWasReadAgainst() throws Exception {
    replaceWhileScoring();

    var first = new JsonObject(edge.post("/predict", BY_WORDS).body());
    var second = new JsonObject(edge.post("/predict", BY_WORDS).body());

    assertThat(first.getString("model")).isEqualTo("560@aaaaaaaa");
    assertThat(first.getDouble("confidence")).isEqualTo(0.97 * 0.9);
    assertThat(second.getString("model")).isEqualTo("560@cccccccc");
    assertThat(second.getDouble("confidence")).isEqualTo(0.97 * 0.8);
    assertThat(edge.recorded()).hasSize(2);
    assertThat(edge.scoreRequests).hasSize(2);
  }

  /** The release {@code after} serves all addresses as a canary; counts those that failed. */
  private final class CanaryOfAll implements SecondRelease {
    private final AtomicInteger failed = new AtomicInteger();

    @Override
    public boolean present() {
      return true;
    }

    @Override
    public void compare(Prediction sent, String release, boolean canary, boolean busy) {}

    @Override
    public ServingRelease canary() {
      assertThat(after.retain()).isTrue();
      return after;
    }

    @Override
    public boolean serves(Address address) {
      return true;
    }

    @Override
    public void answered(boolean canary, boolean unserved) {
      if (canary && unserved) failed.incrementAndGet();
    }
  }

  @Test
  void whatACanaryCanNotServeAnyMoreIsServedByTheReleaseInForce() throws Exception {
    var canary = new CanaryOfAll();
    edge.second = canary;
    edge.scorer =
        request ->
            request.generation() == after.generation()
                ? Future.failedFuture(Failure.NOT_READY.because("replaced"))
                : Future.succeededFuture(HttpFixture.reply(request, OLD));
    edge.start();

    var alone = new JsonObject(edge.post("/predict", BY_PINCODE).body());
    var together = new JsonObject(edge.post("/predict/batch", batch(BY_WORDS, BY_PINCODE)).body());

    assertThat(alone.getString("model")).isEqualTo("560@aaaaaaaa");
    assertThat(together.getJsonArray("results"))
        .extracting(result -> ((JsonObject) result).getString("model"))
        .containsOnly("560@aaaaaaaa");
    assertThat(alone.encode() + together.encode()).doesNotContain("canary");
    assertThat(canary.failed).hasValue(3);
    assertThat(after.uses()).as("leases").isEqualTo(1);
  }

  @Test
  void soIsABatch() throws Exception {
    replaceWhileScoring();

    var answer = new JsonObject(edge.post("/predict/batch", batch(BY_WORDS, BY_PINCODE)).body());

    assertThat(answer.getJsonObject("summary").getInteger("predicted")).isEqualTo(2);
    assertThat(answer.getJsonArray("results"))
        .extracting(result -> ((JsonObject) result).getString("model"))
        .containsOnly("560@aaaaaaaa");
  }

  @Test
  void soIsAChunkOfAStream() throws Exception {
    replaceWhileScoring();
    var lines = BY_WORDS.encode() + "\n" + BY_PINCODE.encode() + "\n";

    var response = edge.send("POST", "/predict/stream", lines.getBytes(StandardCharsets.UTF_8));

    assertThat(response.body().lines())
        .hasSize(2)
        .extracting(line -> new JsonObject(line).getString("model"))
        .containsOnly("560@aaaaaaaa");
  }

  @Test
  void soIsAnExplanation() throws Exception {
    var explained = new CopyOnWriteArrayList<ScoreRequest>();
    edge.explainer =
        request -> {
          explained.add(request);
          return Future.succeededFuture(new JsonObject().put("first", "CP1"));
        };
    replaceWhileScoring();

    var answer = new JsonObject(edge.post("/predict?explain=true", BY_PINCODE).body());

    assertThat(answer.getString("model")).isEqualTo("560@aaaaaaaa");
    assertThat(explained)
        .extracting(ScoreRequest::generation)
        .containsExactly(edge.scoreRequests.get(0).generation());
  }

  @Test
  void aReleaseIsLeasedFromTheReadingOfABodyToTheEndOfItsRequest() throws Exception {
    var recorded = Promise.<JsonArray>promise();
    edge.recorder = batch -> recorded.future();
    edge.start();

    var response = edge.posting("/predict", BY_PINCODE);
    HttpFixture.until(() -> edge.batches.size() == 1);
    edge.serve(after);

    assertThat(before.uses()).as("its own, and the request's").isEqualTo(2);
    recorded.complete(new JsonArray());
    assertThat(response.await(60, SECONDS).statusCode()).isEqualTo(200);
    assertThat(before.uses()).isEqualTo(1);
  }

  /** The one who began it gave up and has no lease any more; the one who joined has another. */
  @Test
  void aScoringThatOthersJoinedKeepsItsRelease() throws Exception {
    var flight = Promise.<ScoreReply>promise();
    edge.scorer = request -> flight.future();
    edge.start();
    var impatient = BY_PINCODE.toBuffer().getBytes();

    var late = edge.send("POST", "/predict", impatient, "X-Deadline-Ms", "100");
    edge.serve(release(0.7, OLD)); // another release, and the same model
    var joined = edge.posting("/predict", BY_PINCODE);
    HttpFixture.until(() -> edge.cache.stats().getLong("hits") == 1);
    AdmissionTest.isProblem(late, Failure.DEADLINE_EXCEEDED);
    assertThat(before.uses()).as("its own, and the scoring's").isEqualTo(2);
    flight.complete(HttpFixture.reply(edge.scoreRequests.get(0), OLD));

    assertThat(new JsonObject(joined.await(60, SECONDS).body()).getString("source"))
        .isEqualTo("cache");
    HttpFixture.until(() -> before.uses() == 1);
  }

  @Test
  void aPrefixThatNoModelServesAnyMoreIsUnknown() throws Exception {
    edge.scorer =
        request -> {
          edge.serve(ServingRelease.of(Map.of("411", NEW), Locator.NONE));
          return Future.failedFuture(Failure.NOT_READY.because("nobody there"));
        };
    edge.start();

    AdmissionTest.isProblem(edge.post("/predict", BY_PINCODE), Failure.UNKNOWN_PREFIX);
  }

  /** An owner of 411 that goes over to another release before this node does. */
  private final class Owners implements OwnerDirectory {
    final List<OwnerRequest> asked = new CopyOnWriteArrayList<>();

    /**
     * @param refused how many requests find the owner gone over to another release
     * @param follows whether this node goes over after it
     */
    Owners(int refused, boolean follows) {
      edge.answer(
          Bus.owner("owner"),
          (OwnerRequest request) -> {
            asked.add(request);
            if (asked.size() > refused) return Future.succeededFuture(reply(request));
            if (follows) edge.serve(remote(0.8, NEW + asked.size()));
            return Future.failedFuture(Failure.NOT_READY.because("not with that release now"));
          });
    }

    private static OwnerReply reply(OwnerRequest request) {
      var candidates = List.of(new Candidate("CP1", 0.9));
      return new OwnerReply(
          request.addresses().stream()
              .map(a -> new LookupResult(TestScores.of(NEW, a, candidates), Source.MODEL))
              .toList());
    }

    @Override
    public Owner self() {
      return new Owner("me", "me:1");
    }

    @Override
    public List<Owner> of(String prefix, String release) {
      return List.of(new Owner("owner", "owner:1"));
    }

    @Override
    public Set<String> releases() {
      return Set.of();
    }

    @Override
    public void markUnresponsive(Owner owner) {}

    @Override
    public JsonObject describe() {
      return new JsonObject();
    }
  }

  /** One of which this node has 560 and another 411. */
  private static ServingRelease remote(double probability, String id) {
    return remote(probability, id, HttpFixture.FINGERPRINTS.keySet());
  }

  private static ServingRelease remote(double probability, String id, Set<String> prefixes) {
    return ServingRelease.of(
        id,
        prefixes,
        HttpFixture.FINGERPRINTS,
        Set.of("560"),
        text -> TestScores.chances("411", probability));
  }

  @Test
  void aRequestWhoseOwnerHasGoneOverIsStartedAgainWhole() throws Exception {
    var owners = new Owners(1, true);
    edge.owners = owners;
    edge.serve(remote(0.9, OLD));
    edge.start();

    var answer = new JsonObject(edge.post("/predict/batch", batch(BY_WORDS, BY_PINCODE)).body());

    assertThat(answer.getJsonObject("summary").getInteger("predicted")).isEqualTo(2);
    assertThat(answer.getJsonArray("results").getJsonObject(0).getDouble("confidence"))
        .as("placed anew")
        .isEqualTo(0.72);
    assertThat(answer.getJsonArray("results").getJsonObject(1).getString("source"))
        .as("looked up anew")
        .isEqualTo("cache");
    assertThat(owners.asked).extracting(OwnerRequest::release).containsExactly(OLD, NEW + 1);
    assertThat(edge.batches).hasSize(1);
  }

  /** The release that serves it has a model that the one it was read against lacks. */
  @Test
  void anItemWithoutAModelIsPlacedAnew() throws Exception {
    edge.owners = new Owners(1, true);
    edge.serve(remote(0.9, OLD, Set.of("411")));
    edge.start();
    var ids = PredictionIds.next().toString();

    var answer =
        new JsonObject(
            edge.post(
                    "/predict/batch",
                    batch(
                        BY_WORDS,
                        BY_PINCODE.copy().put("prediction_id", ids),
                        shipment("S3", "Fort 560002").put("prediction_id", ids)))
                .body());

    assertThat(answer.getJsonArray("results"))
        .extracting(result -> ((JsonObject) result).getString("prefix"))
        .containsExactly("411", "560", null);
    assertThat(
            answer
                .getJsonArray("results")
                .getJsonObject(2)
                .getJsonObject("error")
                .getString("code"))
        .as("an id is of one shipment")
        .isEqualTo("malformed-request");
  }

  /**
   * @param limit of shipments in flight
   */
  @ParameterizedTest
  @CsvSource({"1, 1", "2, 2"})
  void anItemIsPlacedAnewWithinTheLimitOnly(int limit, int predicted) throws Exception {
    var defaults = edge.prediction;
    edge.prediction =
        new PredictionConfig(
            defaults.workers(),
            defaults.inlineUs(),
            limit,
            defaults.timeout(),
            defaults.wrongPincodes(),
            defaults.minTextConfidence());
    edge.owners = new Owners(1, true);
    edge.serve(remote(0.9, OLD, Set.of("411")));
    edge.start();

    var answer = new JsonObject(edge.post("/predict/batch", batch(BY_WORDS, BY_PINCODE)).body());

    assertThat(answer.getJsonObject("summary").getInteger("predicted")).isEqualTo(predicted);
    assertThat(answer.getJsonArray("results").getJsonObject(0).getString("prefix"))
        .isEqualTo("411");
    HttpFixture.until(() -> edge.inFlight() == 0);
  }

  @Test
  void itIsStartedAgainOnce() throws Exception {
    var owners = new Owners(3, true);
    edge.owners = owners;
    edge.serve(remote(0.9, OLD));
    edge.start();

    AdmissionTest.isProblem(edge.post("/predict", BY_WORDS), Failure.NOT_READY);

    assertThat(owners.asked).extracting(OwnerRequest::release).containsExactly(OLD, NEW + 1);
    assertThat(edge.recorded()).isEmpty();
  }

  @Test
  void itIsNotStartedAgainWhereNothingElseIsInForce() throws Exception {
    var owners = new Owners(3, false);
    edge.owners = owners;
    edge.serve(remote(0.9, OLD));
    edge.start();

    AdmissionTest.isProblem(edge.post("/predict", BY_WORDS), Failure.NOT_READY);

    assertThat(owners.asked).hasSize(1);
  }
}
