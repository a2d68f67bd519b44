package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.batch;
import static com.cpprediction.http.HttpFixture.shipment;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.prediction.Catalog;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Located;
import com.cpprediction.prediction.Locator;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Models are replaced while a request is on its way. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class OvertakenTest {
  private static final String OLD = HttpFixture.FINGERPRINTS.get("560");
  private static final String NEW = "c".repeat(64);
  private static final JsonObject BY_WORDS = shipment("S1", "MG Road Bengaluru");
  private static final JsonObject BY_PINCODE = shipment("S2", "MG Road 560017");

  private final Queue<String> answering =
      new ArrayDeque<>(); // fingerprints, of one after the other
  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx).start();
    edge.catalog = catalog(0.9, OLD);
    edge.scorer = this::score;
  }

  private Future<ScoreReply> score(ScoreRequest request) {
    return Future.succeededFuture(HttpFixture.reply(request, answering.remove()));
  }

  /** As if {@code catalog} came while the first request was on its way. */
  private void replaceWhileScoring(Catalog catalog) {
    edge.scorer =
        request -> {
          edge.catalog = catalog;
          edge.scorer = this::score;
          return score(request);
        };
  }

  /**
   * @param probability that an address lies in 560
   */
  private static Catalog catalog(double probability, String fingerprint) {
    return new Catalog(Map.of("560", fingerprint), text -> Located.byText("560", probability));
  }

  @Test
  void anAddressByItsWordsIsLocatedAgain() throws Exception {
    answering.add(NEW);
    answering.add(NEW);
    replaceWhileScoring(catalog(0.8, NEW));

    var answer = new JsonObject(edge.post("/predict", BY_WORDS).body());

    assertThat(answer.getString("model")).isEqualTo("560@cccccccc");
    assertThat(answer.getDouble("confidence")).isEqualTo(0.97 * 0.8);
    assertThat(edge.recorded()).hasSize(1);
  }

  @Test
  void inABatchItIsLocatedAgainToo() throws Exception {
    answering.add(NEW);
    answering.add(NEW);
    replaceWhileScoring(catalog(0.8, NEW));

    var answer = new JsonObject(edge.post("/predict/batch", batch(BY_WORDS, BY_PINCODE)).body());

    assertThat(answer.getJsonObject("summary").getInteger("predicted")).isEqualTo(2);
    var first = answer.getJsonArray("results").getJsonObject(0);
    assertThat(first.getDouble("confidence")).isEqualTo(0.97 * 0.8);
    assertThat(edge.recorded()).hasSize(2);
  }

  @Test
  void whatIsToBeExplainedIsScoredByTheModelThatExplainsIt() throws Exception {
    answering.add(OLD);
    answering.add(NEW);
    edge.answerAll(
        worker -> Bus.explain("560", worker),
        (JsonObject question) -> {
          edge.catalog = catalog(0.9, NEW);
          return question.getString("fingerprint").equals(NEW)
              ? Future.succeededFuture(new JsonObject().put("first", "CP1"))
              : Future.failedFuture(Failure.NOT_READY.because("replaced"));
        });

    var answer = new JsonObject(edge.post("/predict?explain=true", BY_PINCODE).body());

    assertThat(answer.getString("model")).isEqualTo("560@cccccccc");
    assertThat(answer.getJsonObject("explanation").getString("first")).isEqualTo("CP1");
  }

  @Test
  void whatALongerPrefixLeavesUnansweredGoesToTheShorter() throws Exception {
    edge.catalog = new Catalog(Map.of("560", OLD, "56001", NEW), Locator.NONE);
    answering.add(OLD);
    edge.answerAll(
        worker -> Bus.score("56001", worker),
        (ScoreRequest request) -> {
          edge.catalog = catalog(0.9, OLD);
          return Future.failedFuture(Failure.UNKNOWN_PREFIX.because("gone"));
        });

    var answer = new JsonObject(edge.post("/predict", BY_PINCODE).body());

    assertThat(answer.getString("prefix")).isEqualTo("560");
  }

  @Test
  void aPrefixThatNoModelServesAnyMoreIsUnknown() throws Exception {
    edge.scorer =
        request -> {
          edge.catalog = new Catalog(Map.of("411", NEW), Locator.NONE);
          return Future.failedFuture(Failure.NOT_READY.because("nobody there"));
        };

    var answer = edge.post("/predict", BY_PINCODE);

    AdmissionTest.isProblem(answer, Failure.UNKNOWN_PREFIX);
  }

  /** Old, new, and old again: whoever asks then must not get what the new one said between. */
  @Test
  void whoJoinsAScoringDoesNotGetTheAnswerOfAModelReplacedBeforeTheyAsked() throws Exception {
    var asked = Promise.<Void>promise();
    var flight = Promise.<ScoreReply>promise();
    edge.scorer =
        request -> {
          asked.complete();
          return flight.future();
        };
    answering.add(OLD);
    var first = edge.posting("/predict", BY_PINCODE);
    asked.future().await(10, SECONDS);
    var second = edge.posting("/predict", BY_PINCODE);
    HttpFixture.until(() -> edge.cache.stats().getLong("hits") == 1);

    edge.scorer = this::score;
    flight.complete(HttpFixture.reply(edge.scoreRequests.get(0), NEW));

    assertThat(new JsonObject(first.await(10, SECONDS).body()).getString("model"))
        .isEqualTo("560@cccccccc");
    assertThat(new JsonObject(second.await(10, SECONDS).body()).getString("model"))
        .isEqualTo("560@aaaaaaaa");
  }
}
