package com.cpprediction.model;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.audit.AuditLog;
import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreBatch;
import com.cpprediction.bus.ScoreReplies;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.SharedDeadline;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(VertxExtension.class)
class ScoringVerticleTest {
  private final AtomicInteger workers = new AtomicInteger();

  @TempDir private Path dir;
  private ModelStore models;

  @BeforeEach
  void deployTwoWorkers(Vertx vertx) throws Exception {
    models = Models.load(SmallRelease.copyTo(dir.resolve("release")));
    Bus.registerCodecs(vertx.eventBus());
    var options = new DeploymentOptions().setThreadingModel(ThreadingModel.WORKER).setInstances(2);
    vertx
        .deployVerticle(
            () -> new ScoringVerticle(workers.getAndIncrement(), models, Models.metrics()), options)
        .compose(
            ok ->
                vertx.deployVerticle(
                    new ModelsVerticle(
                        models, () -> Duration.ZERO, new AuditLog(vertx, "", Clock.systemUTC()))))
        .await(60, SECONDS);
  }

  @AfterEach
  void close() {
    assertThat(models.leases()).isZero();
    models.close();
  }

  @Test
  void answersAnAddressOfItsPrefix(Vertx vertx) throws Exception {
    var address = new Address("gandhi nagar jammu", "180004");

    var reply = ask(vertx, "180", List.of(address));

    assertThat(reply.scores())
        .isEqualTo(new Scorer().score(models.scoring("180"), List.of(address)));
  }

  @Test
  void answersABatchInItsOrder(Vertx vertx) throws Exception {
    for (var prefix : models.prefixes()) {
      var addresses = Models.addresses(prefix);

      var reply = ask(vertx, prefix, addresses);

      assertThat(reply.scores()).isEqualTo(new Scorer().score(models.scoring(prefix), addresses));
    }
  }

  @Test
  void aRequestOfAMessageFailsAlone(Vertx vertx) throws Exception {
    var address = new Address("gandhi nagar jammu", "180004");
    var good = request(models.current(), "180", List.of(address), false);
    var bad = request(models.current(), "999", List.of(address), false);

    var replies =
        vertx
            .eventBus()
            .<ScoreReplies>request(Bus.score(0), new ScoreBatch(List.of(good, bad, good)))
            .await(60, SECONDS)
            .body()
            .replies();

    var scores = new Scorer().score(models.scoring("180"), List.of(address));
    assertThat(replies.get(0).result().scores()).isEqualTo(scores);
    assertThat(Failure.of(replies.get(1).cause())).isEqualTo(Failure.NOT_READY);
    assertThat(replies.get(2).result().scores()).isEqualTo(scores);
  }

  @Test
  void explainsWhatItScored(Vertx vertx) throws Exception {
    var address = new Address("bejai church road mangalore", "575004");
    var scoring = models.scoring("575");

    var reply = ask(vertx, models.current(), "575", List.of(address), true);

    assertThat(reply.explanations())
        .containsExactly(new Scorer().explain(scoring, address, PincodeErrors.of(0.01)).toJson());
    assertThat(reply.scores()).containsExactly(new Scorer().score(scoring, address));
  }

  @Test
  void scoresWithTheGenerationItIsAskedFor(Vertx vertx) throws Exception {
    var address = new Address("bejai church road mangalore", "575004");
    try (var before = models.lease()) {
      replaceModels();

      var scored = ask(vertx, before, "575", List.of(address), false).scores();

      assertThat(scored.get(0).fingerprint()).isEqualTo(before.fingerprints().get("575"));
      assertThat(scored).isEqualTo(new Scorer().score(before.scoring("575"), List.of(address)));
    }
  }

  @Test
  void refusesAGenerationWithoutALease(Vertx vertx) throws Exception {
    var before = models.current();
    replaceModels();

    assertThatThrownBy(() -> ask(vertx, before, "180", List.of(new Address("jammu", null)), false))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
  }

  @Test
  void countsTheAddressesInTheStatus(Vertx vertx) throws Exception {
    ask(vertx, "831", Models.addresses("831").subList(0, 5));
    ask(vertx, "831", Models.addresses("831").subList(0, 2));

    var status =
        vertx.eventBus().<JsonObject>request(Bus.MODELS_STATUS, null).await(60, SECONDS).body();

    assertThat(status).isEqualTo(models.status().toJson());
    var last = status.getJsonArray("models").getJsonObject(2);
    assertThat(last.getString("prefix")).isEqualTo("831");
    assertThat(last.getLong("requests")).isEqualTo(7);
  }

  @Test
  void aPrefixWithoutAModelHasNoConsumer(Vertx vertx) {
    assertThatThrownBy(() -> ask(vertx, "110", List.of(new Address("delhi", "110001"))))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
  }

  @Test
  void aRequestAfterTheModelsAreGoneIsAnsweredToo(Vertx vertx) {
    models.close();

    assertThatThrownBy(() -> ask(vertx, "180", List.of(new Address("jammu", null))))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
  }

  @Test
  void scoresNothingPastItsDeadline(Vertx vertx) {
    var late =
        new ScoreRequest(
            models.current().generation(),
            "180",
            List.of(new Address("jammu", null)),
            new SharedDeadline(new Deadline(System.nanoTime())),
            false,
            PincodeErrors.of(0.01));

    assertThatThrownBy(() -> Models.ask(vertx, 0, late).await(60, SECONDS))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.DEADLINE_EXCEEDED));
    assertThat(models.status().toJson().getJsonArray("models").getJsonObject(0).getLong("requests"))
        .isZero();
  }

  @Test
  void stopsBetweenTwoAddressesPastTheDeadline() {
    var scored = new AtomicInteger();
    var addresses = Models.addresses("831").subList(0, 5);

    assertThatThrownBy(
            () ->
                new Scorer()
                    .score(
                        models.scoring("831"),
                        addresses,
                        () -> {
                          if (scored.incrementAndGet() == 3) throw Deadline.exceeded();
                        }))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.DEADLINE_EXCEEDED));
    assertThat(scored.get()).isEqualTo(3);
  }

  @Test
  void saysWhenItHasFinishedWhatItWasSentBefore(Vertx vertx) throws Exception {
    var request = request(models.current(), "831", Models.addresses("831"), false);
    var order = new CopyOnWriteArrayList<String>();

    var scored = Models.ask(vertx, 1, request).onComplete(done -> order.add("scored"));
    var finished =
        vertx.eventBus().request(Bus.score(1), null).onComplete(done -> order.add("finished"));

    scored.await(60, SECONDS);
    finished.await(60, SECONDS);
    assertThat(order).containsExactly("scored", "finished");
  }

  private void replaceModels() throws IOException {
    for (var prefix : SmallRelease.PREFIXES) Releases.change(dir.resolve("release"), prefix);
    models.reload();
  }

  private ScoreReply ask(Vertx vertx, String prefix, List<Address> addresses) throws Exception {
    return ask(vertx, models.current(), prefix, addresses, false);
  }

  private static ScoreReply ask(
      Vertx vertx, ServingRelease release, String prefix, List<Address> addresses, boolean explain)
      throws Exception {
    return Models.ask(vertx, 0, request(release, prefix, addresses, explain)).await(60, SECONDS);
  }

  private static ScoreRequest request(
      ServingRelease release, String prefix, List<Address> addresses, boolean explain) {
    var deadline = new SharedDeadline(Deadline.in(Duration.ofMinutes(1)));
    return new ScoreRequest(
        release.generation(), prefix, addresses, deadline, explain, PincodeErrors.of(0.01));
  }
}
