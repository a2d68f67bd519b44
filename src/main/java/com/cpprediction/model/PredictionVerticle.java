package com.cpprediction.model;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Bus;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ScoreReply;
import com.cpprediction.prediction.ScoreRequest;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.ArrayList;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores the addresses of every prefix of this node. Deployed as a worker, several times: {@link
 * Scorer#score} is CPU-bound, and with XGBoost native.
 */
public final class PredictionVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(PredictionVerticle.class);

  private final ModelCatalog models;
  private final ServiceMetrics metrics;
  private final Scorer scorer = new Scorer();
  private final Map<String, MessageConsumer<ScoreRequest>> consumers = new TreeMap<>();
  private final ModelCatalog.Follower follower = this::follow;

  public PredictionVerticle(ModelCatalog models, ServiceMetrics metrics) {
    this.models = models;
    this.metrics = metrics;
  }

  @Override
  public Future<?> start() {
    return models.follow(follower);
  }

  @Override
  public Future<?> stop() {
    models.unfollow(follower);
    return Future.succeededFuture();
  }

  /** Consumers belong to the verticle's context, wherever the change comes from. */
  private Future<?> follow(Set<String> prefixes) {
    var followed = Promise.<Void>promise();
    context.runOnContext(
        now -> {
          var changes = new ArrayList<Future<Void>>();
          for (var prefix : prefixes) {
            if (consumers.containsKey(prefix)) continue;
            MessageConsumer<ScoreRequest> consumer =
                vertx
                    .eventBus()
                    .localConsumer(Bus.score(prefix), message -> answer(prefix, message));
            consumers.put(prefix, consumer);
            changes.add(consumer.completion());
          }
          var gone = new ArrayList<>(consumers.keySet());
          gone.removeAll(prefixes);
          for (var prefix : gone) changes.add(consumers.remove(prefix).unregister());
          Future.join(changes).<Void>mapEmpty().onComplete(followed);
        });
    return followed.future();
  }

  private void answer(String prefix, Message<ScoreRequest> message) {
    var addresses = message.body().addresses();
    var scoring = models.acquire(prefix);
    if (scoring == null) {
      message.fail(Failure.UNKNOWN_PREFIX.code(), "No model serves prefix " + prefix + " any more");
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
    } finally {
      scoring.model().release();
    }
  }
}
