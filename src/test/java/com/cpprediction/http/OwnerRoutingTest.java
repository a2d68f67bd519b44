package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.batch;
import static com.cpprediction.http.HttpFixture.shipment;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.OwnerReply;
import com.cpprediction.bus.OwnerRequest;
import com.cpprediction.config.ClusterConfig;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.testing.TestScores;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a node does of its own, and what it asks of others. */
@ExtendWith(VertxExtension.class)
class OwnerRoutingTest {
  private static final String MINE = "release one";
  private static final String OTHER = "release two";
  private static final String IN_560 = "1, MG Road 560017";
  private static final String IN_411 = "2, FC Road 411004";

  private final Cluster cluster = new Cluster();
  private final Map<String, List<OwnerRequest>> asked = new HashMap<>();
  private HttpFixture edge;

  /** Who answers what, as told by the test. */
  private static final class Cluster implements OwnerDirectory {
    private final Map<String, List<Owner>> owners = new HashMap<>(); // by prefix and release
    private final Set<String> releases = new java.util.TreeSet<>();
    private final List<Owner> silent = new CopyOnWriteArrayList<>();

    void own(String prefix, String release, String... ids) {
      releases.add(release);
      owners.put(
          prefix + release, List.of(ids).stream().map(id -> new Owner(id, id + ":1")).toList());
    }

    @Override
    public Owner self() {
      return new Owner("me", "me:1");
    }

    @Override
    public List<Owner> of(String prefix, String release) {
      return owners.getOrDefault(prefix + release, List.of());
    }

    @Override
    public Set<String> releases() {
      return releases;
    }

    @Override
    public void markUnresponsive(Owner owner) {
      silent.add(owner);
    }

    @Override
    public JsonObject describe() {
      return new JsonObject().put("enabled", true);
    }
  }

  @BeforeEach
  void startOneWith560Here(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx);
    edge.owners = cluster;
    edge.serve(catalog(MINE, HttpFixture.FINGERPRINTS, Set.of("560"), Locator.NONE));
    var defaults = edge.cluster;
    edge.cluster =
        new ClusterConfig(
            defaults.name(),
            defaults.host(),
            defaults.port(),
            defaults.busPort(),
            defaults.members(),
            defaults.service(),
            false,
            2,
            1,
            Duration.ofSeconds(1),
            defaults.tls());
    edge.start();
  }

  private static ServingRelease catalog(
      String release, Map<String, String> fingerprints, Set<String> here, Locator locator) {
    return ServingRelease.of(release, fingerprints.keySet(), fingerprints, here, locator);
  }

  private void node(String id, Function<OwnerRequest, Future<OwnerReply>> behaviour) {
    var questions = new CopyOnWriteArrayList<OwnerRequest>();
    asked.put(id, questions);
    edge.answer(
        Bus.owner(id),
        (OwnerRequest request) -> {
          questions.add(request);
          return behaviour.apply(request);
        });
  }

  private void healthy(String id) {
    node(id, request -> Future.succeededFuture(reply(id, request)));
  }

  private static OwnerReply reply(String id, OwnerRequest request) {
    return new OwnerReply(
        request.addresses().stream()
            .map(
                address ->
                    new LookupResult(
                        TestScores.of(
                            "f".repeat(64), address, List.of(new Candidate("CP-" + id, 0.9))),
                        Source.MODEL))
            .toList());
  }

  private HttpResponse<String> predict(String address) throws Exception {
    return edge.post("/predict", shipment("S1", address));
  }

  private static String served(HttpResponse<?> response) {
    return response.headers().firstValue("X-Served-By").orElse("");
  }

  @Test
  void answersWhatItHoldsItself() throws Exception {
    healthy("a");
    cluster.own("560", MINE, "a");

    var response = predict(IN_560);

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(served(response)).isEqualTo("\"me:1\";hop=local");
    assertThat(asked.get("a")).isEmpty();
  }

  @Test
  void asksTheOwnerAndRecordsTheAnswerHere() throws Exception {
    healthy("a");
    cluster.own("411", MINE, "a");

    var first = predict(IN_411);
    var second = predict(IN_411);

    assertThat(new JsonObject(first.body()).getString("cp")).isEqualTo("CP-a");
    assertThat(served(first)).isEqualTo("\"a:1\";hop=remote");
    assertThat(second.statusCode()).isEqualTo(200);
    assertThat(asked.get("a")).as("cached where it is owned, not here").hasSize(2);
    assertThat(asked.get("a").get(0).release()).isEqualTo(MINE);
    assertThat(edge.recorded()).hasSize(2);
    assertThat(edge.scoreRequests).isEmpty();
  }

  @Test
  void asksAnotherOwnerWhereOneIsSilentOrRefuses() throws Exception {
    node("silent", request -> Future.future(never -> {}));
    node("refusing", request -> Future.failedFuture(Failure.OVERLOADED.because("full")));
    healthy("b");
    cluster.own("411", MINE, "silent", "b");
    var afterSilence = predict(IN_411);
    cluster.own("411", MINE, "refusing", "b");
    var afterRefusal = predict(IN_411);
    cluster.own("411", MINE, "absent", "b");
    var afterAbsence = predict(IN_411);

    for (var response : List.of(afterSilence, afterRefusal, afterAbsence)) {
      assertThat(served(response)).isEqualTo("\"b:1\";hop=remote");
    }
    assertThat(cluster.silent.stream().map(OwnerDirectory.Owner::id))
        .containsExactly("silent", "absent");
  }

  @Test
  void isNotReadyWhereNoOwnerAnswers() throws Exception {
    node("a", request -> Future.future(never -> {}));
    node("b", request -> Future.failedFuture(Failure.NOT_READY.because("Not with that release")));
    node("c", request -> Future.failedFuture(Failure.OVERLOADED.because("full")));

    cluster.own("411", MINE, "a", "absent");
    AdmissionTest.isProblem(predict(IN_411), Failure.NOT_READY);
    cluster.own("411", MINE, "absent", "b");
    AdmissionTest.isProblem(predict(IN_411), Failure.NOT_READY);
    cluster.own("411", MINE, "absent", "c");
    AdmissionTest.isProblem(predict(IN_411), Failure.OVERLOADED);
    cluster.own("411", MINE);
    AdmissionTest.isProblem(predict(IN_411), Failure.NOT_READY);
    assertThat(edge.recorded()).isEmpty();
  }

  @Test
  void splitsABatchByOwnerAndKeepsItsOrder() throws Exception {
    edge.serve(
        catalog(
            MINE,
            Map.of("560", "a".repeat(64), "411", "b".repeat(64), "400", "c".repeat(64)),
            Set.of("560"),
            Locator.NONE));
    healthy("a");
    node("b", request -> Future.failedFuture(Failure.OVERLOADED.because("full")));
    cluster.own("411", MINE, "a");
    cluster.own("400", MINE, "b");

    var response =
        edge.post(
            "/predict/batch",
            batch(
                shipment("1", IN_411),
                shipment("2", "3, Fort 400001"),
                shipment("3", IN_560),
                shipment("4", "5, JM Road 411005")));

    var results = new JsonObject(response.body()).getJsonArray("results");
    assertThat(results.stream().map(r -> ((JsonObject) r).getString("shipment_id")))
        .containsExactly("1", "2", "3", "4");
    assertThat(results.getJsonObject(0).getString("cp")).isEqualTo("CP-a");
    assertThat(results.getJsonObject(1).getJsonObject("error").getString("code"))
        .isEqualTo("overloaded");
    assertThat(results.getJsonObject(2).getString("model")).startsWith("560@");
    assertThat(results.getJsonObject(3).getString("cp")).isEqualTo("CP-a");
    assertThat(asked.get("a")).as("one message for a prefix").hasSize(1);
    assertThat(served(response)).isEqualTo("\"a:1\";hop=remote, \"me:1\";hop=local");
    assertThat(edge.recorded()).hasSize(3);
  }

  @Test
  void prefersItsOwnReleaseAndNeverMixesTwo() throws Exception {
    healthy("old");
    healthy("new");
    cluster.own("411", OTHER, "new");
    cluster.own("560", OTHER, "new");
    var both = batch(shipment("1", IN_411), shipment("2", IN_560));

    var onlyTheOther = edge.post("/predict/batch", both);
    cluster.own("411", MINE, "old");
    var mine = edge.post("/predict/batch", both);

    assertThat(served(onlyTheOther)).isEqualTo("\"new:1\";hop=remote");
    assertThat(asked.get("new")).extracting(OwnerRequest::release).containsOnly(OTHER);
    assertThat(served(mine)).isEqualTo("\"me:1\";hop=local, \"old:1\";hop=remote");
  }

  @Test
  void placesAnAddressWithoutAPincodeWithItsOwnReleaseOnly() throws Exception {
    edge.serve(
        catalog(
            MINE, HttpFixture.FINGERPRINTS, Set.of("560"), text -> TestScores.chances("411", 0.9)));
    healthy("new");
    healthy("old");
    cluster.own("411", OTHER, "new");

    AdmissionTest.isProblem(predict("FC Road"), Failure.NOT_READY);
    cluster.own("411", MINE, "old");
    var answer = new JsonObject(predict("FC Road").body());

    assertThat(answer.getString("cp")).isEqualTo("CP-old");
    assertThat(answer.getDouble("confidence")).isEqualTo(0.9 * 0.9);
  }

  @Test
  void answersOtherNodesFromItsCacheAndRecordsNothing(Vertx vertx) throws Exception {
    var first = ask(vertx, "560", MINE);
    var second = ask(vertx, "560", MINE);

    assertThat(first.results()).extracting(LookupResult::source).containsExactly(Source.MODEL);
    assertThat(second.results()).extracting(LookupResult::source).containsExactly(Source.CACHE);
    assertThat(edge.scoreRequests).hasSize(1);
    assertThat(edge.recorded()).isEmpty();
  }

  @Test
  void answersOtherNodesOnlyWithTheReleaseTheyAskFor(Vertx vertx) {
    for (var question : List.of(List.of("560", OTHER), List.of("411", MINE))) {
      assertThatThrownBy(() -> ask(vertx, question.get(0), question.get(1)))
          .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
    }
    assertThat(edge.scoreRequests).isEmpty();
  }

  @Test
  void refusesOtherNodesAPincodeThatItsReleasePlacesElsewhere(Vertx vertx) {
    edge.serve(
        catalog(
            MINE,
            Map.of("560", "a".repeat(64), "560001", "b".repeat(64)),
            Set.of("560", "560001"),
            Locator.NONE));

    assertThatThrownBy(() -> ask(vertx, "560", MINE))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
  }

  @Test
  void failsOnlyThePrefixWithoutAnOwnerInABatchPlacedByWords() throws Exception {
    edge.serve(
        catalog(
            MINE, HttpFixture.FINGERPRINTS, Set.of("560"), text -> TestScores.chances("560", 0.9)));
    healthy("new");
    cluster.own("411", OTHER, "new");
    cluster.own("560", OTHER, "new");

    var response =
        edge.post("/predict/batch", batch(shipment("1", IN_411), shipment("2", "MG Road")));

    var results = new JsonObject(response.body()).getJsonArray("results");
    assertThat(results.getJsonObject(0).getJsonObject("error").getString("code"))
        .isEqualTo("not-ready");
    assertThat(results.getJsonObject(1).getString("prefix_source")).isEqualTo("text");
    assertThat(asked.get("new")).isEmpty();
  }

  @Test
  void anImpatientCallerMakesNoNodeSilent() throws Exception {
    node("slow", request -> Future.future(never -> {}));
    cluster.own("411", MINE, "slow");

    edge.send(
        "POST",
        "/predict",
        shipment("S1", IN_411).toBuffer().getBytes(),
        "Content-Type",
        "application/json",
        "X-Deadline-Ms",
        "300");

    HttpFixture.until(() -> asked.get("slow").size() == 1);
    assertThat(cluster.silent).isEmpty();
  }

  @Test
  void refusesOtherNodesWhatItHasNoRoomFor(Vertx vertx) {
    edge.prediction =
        new com.cpprediction.config.PredictionConfig(
            1, 0, 1, Duration.ofSeconds(5), OptionalDouble.of(0.01), 0.5);
    edge.scorer = request -> Future.future(never -> {});
    vertx.eventBus().request(Bus.owner("me"), question("560", MINE));

    assertThatThrownBy(() -> ask(vertx, "560", MINE))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.OVERLOADED));
  }

  private static OwnerRequest question(String prefix, String release) {
    return new OwnerRequest(
        prefix,
        release,
        List.of(Address.of("7, Brigade Road", prefix + "001")),
        true,
        false,
        PincodeErrors.of(0.01),
        Deadline.in(Duration.ofSeconds(5)));
  }

  private static OwnerReply ask(Vertx vertx, String prefix, String release) throws Exception {
    return vertx
        .eventBus()
        .<OwnerReply>request(Bus.owner("me"), question(prefix, release))
        .await(60, TimeUnit.SECONDS)
        .body();
  }

  @Test
  void clearsItsCacheWhenAskedOnTheBus(Vertx vertx) throws Exception {
    predict(IN_560);

    var cleared = edge.ask(Bus.CACHE_CLEAR, null).body();

    assertThat(cleared.getLong("cleared")).isEqualTo(1);
    assertThat(new JsonObject(predict(IN_560).body()).getString("source")).isEqualTo("model");
  }

  @Test
  void explainsWhereTheAnswerCameFrom() throws Exception {
    node(
        "b",
        request -> {
          var explanation = new JsonObject().put("by", request.explain() ? "b" : "absent");
          return Future.succeededFuture(
              new OwnerReply(
                  reply("b", request).results().stream()
                      .map(result -> result.explainedBy(explanation))
                      .toList()));
        });
    cluster.own("411", MINE, "b");

    var response = edge.post("/predict?explain=true", shipment("S1", IN_411));

    assertThat(new JsonObject(response.body()).getJsonObject("explanation").getString("by"))
        .isEqualTo("b");
    assertThat(served(response)).isEqualTo("\"b:1\";hop=remote");
  }

  @Test
  void explainsToOtherNodes(Vertx vertx) throws Exception {
    edge.explainer = request -> Future.succeededFuture(new JsonObject().put("first", "CP1"));
    var asked = question("560", MINE);
    var explained =
        new OwnerRequest(
            asked.prefix(),
            MINE,
            asked.addresses(),
            true,
            true,
            PincodeErrors.of(0.01),
            asked.deadline());

    var reply =
        vertx
            .eventBus()
            .<OwnerReply>request(Bus.owner("me"), explained)
            .await(60, TimeUnit.SECONDS)
            .body();

    assertThat(reply.results().get(0).explanation().getString("first")).isEqualTo("CP1");
  }

  @Test
  void showsTheCluster() throws Exception {
    assertThat(new JsonObject(edge.get("/cluster").body()).getBoolean("enabled")).isTrue();
  }
}
