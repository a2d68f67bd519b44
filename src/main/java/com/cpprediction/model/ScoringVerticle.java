package com.cpprediction.model;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.format.Mapping;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores the addresses of every prefix of this node. Deployed as a worker, several times: {@link
 * Scorer#score} is CPU-bound, and with XGBoost native.
 */
public final class ScoringVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(ScoringVerticle.class);

  private final int worker;
  private final ModelCatalog models;
  private final ServiceMetrics metrics;
  private final Scorer scorer = new Scorer();
  private final Map<String, Consumers> consumers = new TreeMap<>();
  private final ModelCatalog.Follower follower = this::follow;

  /** What answers for one prefix. */
  private record Consumers(
      MessageConsumer<ScoreRequest> score, MessageConsumer<JsonObject> explain) {
    void unregister() {
      score.unregister();
      explain.unregister();
    }
  }

  /**
   * @param worker its number, from 0 on: it is sent messages of its own
   */
  public ScoringVerticle(int worker, ModelCatalog models, ServiceMetrics metrics) {
    this.worker = worker;
    this.models = models;
    this.metrics = metrics;
  }

  @Override
  public Future<?> start() {
    vertx.eventBus().localConsumer(Bus.finished(worker), message -> message.reply(null));
    return models.follow(follower);
  }

  @Override
  public Future<?> stop() {
    models.unfollow(follower);
    return Future.succeededFuture();
  }

  /**
   * Consumers belong to the verticle's context, wherever the change comes from. Local ones answer
   * as soon as they are made: what would have to be waited for is the cluster manager's note of
   * them, which takes seconds while members are being lost.
   */
  private Future<?> follow(Set<String> prefixes) {
    var followed = Promise.<Void>promise();
    context.runOnContext(
        now -> {
          for (var prefix : prefixes) consumers.computeIfAbsent(prefix, this::consume);
          var gone = new ArrayList<>(consumers.keySet());
          gone.removeAll(prefixes);
          for (var prefix : gone) consumers.remove(prefix).unregister();
          followed.complete();
        });
    return followed.future();
  }

  private Consumers consume(String prefix) {
    var bus = vertx.eventBus();
    return new Consumers(
        bus.localConsumer(
            Bus.score(prefix, worker),
            message -> reply(prefix, message, scoring -> score(scoring, message.body()))),
        bus.localConsumer(
            Bus.explain(prefix, worker),
            message -> reply(prefix, message, scoring -> explain(scoring, message.body()))));
  }

  private ScoreReply score(ScoringModel scoring, ScoreRequest request) {
    expire(request);
    long start = System.nanoTime();
    var scored = scorer.score(scoring, request.addresses(), () -> expire(request));
    metrics.scored(scored.size(), System.nanoTime() - start);
    models.counted(scoring.model().prefix(), scored.size());
    return new ScoreReply(scored);
  }

  private static void expire(ScoreRequest request) {
    if (request.deadline().latest().over()) throw Deadline.exceeded();
  }

  private JsonObject explain(ScoringModel scoring, JsonObject question) {
    if (!scoring.fingerprint().equals(question.getString("fingerprint"))) {
      throw Failure.NOT_READY.because("The models were replaced this moment; try again");
    }
    var address = new Address(question.getString("text"), question.getString("pincode"));
    return scorer.explain(scoring, address).toJson();
  }

  private void reply(String prefix, Message<?> message, Function<ScoringModel, ?> answer) {
    ScoringModel scoring = null;
    try {
      scoring = models.acquire(prefix);
      if (scoring == null) {
        throw Failure.NOT_READY.because("The models were replaced this moment; try again");
      }
      message.reply(answer.apply(scoring));
    } catch (ServiceException e) {
      message.fail(e.failure().code(), e.getMessage());
    } catch (InternalError e) {
      if (scoring == null || !Mapping.isFault(e)) {
        failed(prefix, message, e);
      } else {
        var failure = models.lost(scoring.model());
        message.fail(failure.failure().code(), failure.getMessage());
      }
    } catch (RuntimeException | Error e) { // every request gets an answer
      failed(prefix, message, e);
    } finally {
      if (scoring != null) scoring.model().release();
    }
  }

  private static void failed(String prefix, Message<?> message, Throwable cause) {
    log.error("Cannot score for prefix {}", prefix, cause);
    message.fail(Failure.INTERNAL.code(), "scoring failed");
  }
}
