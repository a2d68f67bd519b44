package com.cpprediction.model;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Bus;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ScoreReply;
import com.cpprediction.prediction.ScoreRequest;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;
import java.util.ArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores the addresses of every prefix of this node. Deployed as a worker, several times: {@link
 * Scorer#score} is CPU-bound and native.
 */
public final class PredictionVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(PredictionVerticle.class);

  private final ModelCatalog models;
  private final ServiceMetrics metrics;
  private final Scorer scorer = new Scorer();

  public PredictionVerticle(ModelCatalog models, ServiceMetrics metrics) {
    this.models = models;
    this.metrics = metrics;
  }

  @Override
  public Future<?> start() {
    var bus = vertx.eventBus();
    var registrations = new ArrayList<Future<Void>>();
    for (var prefix : models.prefixes()) {
      registrations.add(
          bus.<ScoreRequest>localConsumer(Bus.score(prefix), message -> answer(prefix, message))
              .completion());
    }
    registrations.add(
        bus.localConsumer(Bus.MODELS_STATUS, message -> message.reply(models.status()))
            .completion());
    return Future.all(registrations);
  }

  private void answer(String prefix, Message<ScoreRequest> message) {
    var addresses = message.body().addresses();
    var scoring = models.scoring(prefix);
    if (scoring == null) {
      message.fail(Failure.NOT_READY.code(), "The models are not loaded");
      return;
    }
    try {
      long start = System.nanoTime();
      var scored = scorer.score(scoring, addresses);
      metrics.scored(addresses.size(), System.nanoTime() - start);
      models.counted(prefix, addresses.size());
      message.reply(new ScoreReply(scored));
    } catch (RuntimeException | Error e) { // every request gets an answer, even of a lost mapping
      log.error("Cannot score {} addresses of prefix {}", addresses.size(), prefix, e);
      message.fail(Failure.INTERNAL.code(), "scoring failed");
    }
  }
}
