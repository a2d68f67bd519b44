package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.client.Outcome;
import com.cpprediction.client.Shipment;
import com.cpprediction.prediction.Verdict;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.ClusterNode;
import com.cpprediction.testing.OtlpReceiver;
import com.cpprediction.testing.PostgresProcess;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Three nodes that every build stops, starts and kills; the rest is in {@link ClusterChaos}. */
class ClusterIT {
  private static final int GOLDEN = 200;
  private static final int RATE = 100;
  private static final int CALM = 2 * RATE; // 2 s of them
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final Duration STOPPED = Duration.ofSeconds(30);

  @RegisterExtension private static final PostgresProcess postgres = new PostgresProcess();

  /** Gets the traces that a test begins; the nodes begin none. */
  @RegisterExtension private static final OtlpReceiver receiver = new OtlpReceiver();

  private static SampleAddresses addresses;
  private static ClusterTrial trial;

  @BeforeAll
  static void start() throws Exception {
    addresses = SampleAddresses.ask(postgres, SmallRelease.directory());
    trial = ClusterTrial.traced(postgres, SmallRelease.directory(), addresses, receiver);
  }

  @AfterAll
  static void stop() throws Exception {
    trial.close();
  }

  @Test
  void everyNodeTheBusAndTheClientReturnTheSamePredictions() throws Exception {
    trial.quiet("one by one");
    var asked = addresses.spread(GOLDEN);
    var ways = new ArrayList<List<JsonObject>>();
    for (var node : trial.nodes().all()) ways.add(overHttp(node, asked));
    ways.add(onTheBus(asked));
    ways.add(byTheClient(asked));

    assertThat(ways).allSatisfy(way -> assertThat(way).isEqualTo(ways.get(0)));
    reportToEveryNode();
    publishToEveryNode();
    aRequestThatAnotherNodeServesIsOneTrace();
    trial.settle();
  }

  /** Of three nodes two own the prefix, so that the third asks one of them. */
  private static void aRequestThatAnotherNodeServesIsOneTrace() throws Exception {
    var question = addresses.spread(1).get(0);
    for (var node : trial.nodes().all()) {
      var request = trial.requests().request(question);
      var traceparent = "00-%s-00f067aa0ba902b7-01".formatted(TRACE);
      request.answered(askPatiently(node, request.body(), "traceparent", traceparent), node.name());
    }

    var served = receiver.await(TRACE, "process cp.scores@{node}");
    var hop = receiver.await(span -> span.id().equals(served.parent()));
    var request = receiver.await(span -> span.id().equals(hop.parent()));
    assertThat(served.trace()).isEqualTo(TRACE);
    assertThat(hop.name()).isEqualTo("hop");
    assertThat(request.name()).isEqualTo("POST /predict");
    assertThat(hop.attributes()).containsEntry("cp.node", instance(served));
    assertThat(instance(hop)).isEqualTo(instance(request)).isNotEqualTo(instance(served));
    receiver.await(span -> span.name().equals("cache") && span.parent().equals(served.id()));
  }

  private static String instance(OtlpReceiver.Received span) {
    return span.resource().get("service.instance.id");
  }

  @Test
  void noRequestFailsWhenANodeIsStoppedAndStarted() throws Exception {
    load();

    var stopping = trial.change("SIGTERM");
    trial.node(1).process().terminate();
    assertThat(trial.node(1).process().ends(STOPPED)).isTrue();
    trial.awaitWhole();
    trial.awaitMore(CALM);
    var starting = trial.change("started");
    trial.node(1).process().start();
    trial.awaitWhole();
    trial.awaitMore(CALM);

    trial.settle();
    assertNoneFailed(stopping, starting);
  }

  @Test
  void requestsFailOnlyAtTheMomentThatANodeIsKilled() throws Exception {
    load();

    var killing = trial.change("killed -9");
    trial.node(2).process().kill();
    trial.awaitWhole();
    var after = trial.quiet("after the kill");
    trial.awaitMore(CALM);
    var returning = trial.change("started again, with what its journal has");
    trial.node(2).process().start();
    trial.awaitWhole();

    trial.settle();
    assertNoneFailed(after, returning);
    assertThat(killing.ok()).isPositive();
  }

  private static void load() throws Exception {
    trial.load(RATE);
    trial.quiet("calm");
    trial.awaitMore(CALM);
  }

  private static void assertNoneFailed(Tally... stretches) {
    assertThat(stretches)
        .allSatisfy(stretch -> assertThat(stretch.failedCount()).as(stretch.name()).isZero());
  }

  private static List<JsonObject> overHttp(ClusterNode node, List<JsonObject> asked)
      throws Exception {
    var answers = new ArrayList<JsonObject>();
    for (var question : asked) {
      var request = trial.requests().request(question);
      var answer = askPatiently(node, request.body());
      request.answered(answer, node.name());
      answers.add(same(answer));
    }
    return answers;
  }

  private static List<JsonObject> onTheBus(List<JsonObject> asked) {
    var answers = new ArrayList<JsonObject>();
    for (var question : asked) {
      var request = trial.requests().request(question);
      var answer = trial.bus().ask(BusClient.PREDICT, request.body());
      request.answered(answer, "bus");
      answers.add(same(answer));
    }
    return answers;
  }

  /** A node whose code isn't compiled yet may take longer than another one waits for it. */
  private static JsonObject askPatiently(ClusterNode node, JsonObject shipment, String... headers)
      throws Exception {
    var answer = new AtomicReference<HttpResponse<String>>();
    Await.until(
        "an answer",
        () -> {
          answer.set(node.process().post("/predict", shipment, headers));
          return answer.get().statusCode() != 503;
        });
    assertThat(answer.get().statusCode()).as(answer.get().body()).isEqualTo(200);
    return json(answer.get());
  }

  /**
   * Where the first shipment of {@link #byTheClient} went: what one node takes, all of them know.
   */
  private static void reportToEveryNode() throws Exception {
    var stored = "/predictions/typed-0";
    Await.until("stored", () -> trial.node(0).process().get(stored).statusCode() == 200);
    var predictions = json(trial.node(0), stored).getJsonArray("predictions");
    var went = new Outcome("typed-0", predictions.getJsonObject(0).getString("cp"));

    var judged = trial.bus().typed().report(List.of(went)).await(60, TimeUnit.SECONDS);

    assertThat(judged.get(0).orThrow()).isEqualTo(Verdict.RIGHT);
    var outcome = new JsonObject().put("shipment_id", went.shipmentId()).put("cp", went.cp());
    var body = new JsonObject().put("outcomes", new JsonArray().add(outcome));
    for (var node : trial.nodes().all()) {
      var answer = json(node.process().post("/outcomes", body));
      assertThat(answer.getJsonObject("summary").getInteger("right")).isEqualTo(1);
      Await.until("counted once", () -> rightOf(node) == 1);
    }
  }

  private static long rightOf(ClusterNode node) throws Exception {
    var live = json(node, "/models/status").getJsonObject("live");
    return live == null ? 0 : live.getLong("right");
  }

  private static void publishToEveryNode() throws Exception {
    int cached = 0; // by those that own a prefix: by chance one of them may own none
    for (var node : trial.nodes().all()) cached += json(node, "/cache/stats").getInteger("size");
    assertThat(cached).isPositive();
    var loaded = new ArrayList<String>();
    for (var node : trial.nodes().all()) loaded.add(reloaded(node));

    trial.bus().publish("cp.cache.clear");
    trial.bus().publish("cp.models.reload");

    for (int i = 0; i < loaded.size(); i++) {
      var node = trial.node(i);
      var before = loaded.get(i);
      Await.until("cleared", () -> json(node, "/cache/stats").getInteger("size") == 0);
      Await.until("reloaded", () -> !reloaded(node).equals(before));
    }
  }

  private static String reloaded(ClusterNode node) throws Exception {
    return json(node, "/models/status").getJsonObject("last_reload").getString("at");
  }

  private static JsonObject json(ClusterNode node, String path) throws Exception {
    return json(node.process().get(path));
  }

  private static JsonObject json(HttpResponse<String> response) {
    return new JsonObject(response.body());
  }

  /** As applications do that use the client of this service. */
  private static List<JsonObject> byTheClient(List<JsonObject> asked) throws Exception {
    var answers = new ArrayList<JsonObject>();
    for (var question : asked) {
      var shipment =
          new Shipment(
              "typed-" + answers.size(),
              question.getString("address"),
              question.getString("pincode"));
      var answer = trial.bus().typed().predict(shipment).await(60, TimeUnit.SECONDS);
      var alternatives = new JsonArray();
      for (var next : answer.candidates().subList(1, answer.candidates().size())) {
        alternatives.add(
            new JsonObject().put("cp", next.cp()).put("confidence", next.confidence()));
      }
      var json =
          new JsonObject()
              .put("prediction_id", answer.id().toString())
              .put("shipment_id", answer.shipmentId())
              .put("cp", answer.cp())
              .put("confidence", answer.confidence())
              .put("alternatives", alternatives)
              .put("pincode", answer.pincode())
              .put("pincode_doubt", answer.pincodeDoubt())
              .put("pincode_believed", answer.pincodeBelieved())
              .put("prefix", answer.prefix())
              .put("prefix_source", answer.prefixSource())
              .put("model", answer.model())
              .put("source", answer.source());
      trial.requests().sent(question, answer.id(), answer.shipmentId()).answered(json, "client");
      answers.add(same(json));
    }
    return answers;
  }

  /** What doesn't differ from one request to the next. */
  private static JsonObject same(JsonObject answer) {
    var rest = answer.copy();
    for (var own : List.of("prediction_id", "shipment_id", "source")) {
      assertThat(rest.remove(own)).as(own).isNotNull();
    }
    return rest;
  }
}
