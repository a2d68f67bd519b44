package com.cpprediction.model;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.format.Mapping;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores addresses of any prefix with the generation of the models that the request was read
 * against. Deployed as a worker, several times: {@link Scorer#score} is CPU-bound, and with XGBoost
 * native.
 */
public final class ScoringVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(ScoringVerticle.class);

  private final int worker;
  private final ModelStore models;
  private final ServiceMetrics metrics;
  private final Scorer scorer = new Scorer();

  /**
   * @param worker its number, from 0 on: it is sent messages of its own
   */
  public ScoringVerticle(int worker, ModelStore models, ServiceMetrics metrics) {
    this.worker = worker;
    this.models = models;
    this.metrics = metrics;
  }

  @Override
  public Future<?> start() {
    return vertx
        .eventBus()
        .<ScoreRequest>localConsumer(Bus.score(worker), this::serve)
        .completion();
  }

  private void serve(Message<ScoreRequest> message) {
    var request = message.body();
    if (request == null) {
      message.reply(null);
      return;
    }
    try {
      message.reply(serve(request));
    } catch (ServiceException e) {
      message.fail(e.failure().code(), e.getMessage());
    } catch (RuntimeException | Error e) { // every request gets a reply
      log.error("Cannot score for prefix {}", request.prefix(), e);
      message.fail(Failure.INTERNAL.code(), "scoring failed");
    }
  }

  /** Under a lease of its own: a caller that gives up closes the one it asked with. */
  private ScoreReply serve(ScoreRequest request) {
    try (var release = models.lease(request.generation())) {
      if (release == null) throw replaced();
      return serve(request, release);
    }
  }

  private ScoreReply serve(ScoreRequest request, ServingRelease release) {
    expire(request);
    var scoring = release.open(request.prefix());
    if (scoring == null) throw replaced();
    try {
      if (scoring.model().lost()) throw models.lost(scoring.model());
      return request.explain() ? explain(request, scoring) : score(request, scoring);
    } catch (InternalError e) {
      if (!Mapping.isFault(e)) throw e;
      throw models.lost(scoring.model());
    } finally {
      scoring.model().release();
    }
  }

  private ScoreReply score(ScoreRequest request, ScoringModel scoring) {
    long start = System.nanoTime();
    var scored = scorer.score(scoring, request.addresses(), () -> expire(request));
    long nanos = System.nanoTime() - start;
    metrics.scored(scored.size(), nanos);
    models.status().scored(request.prefix(), scored.size());
    return new ScoreReply(scored, List.of(), start, nanos);
  }

  private ScoreReply explain(ScoreRequest request, ScoringModel scoring) {
    long start = System.nanoTime();
    var explained =
        request.addresses().stream()
            .map(address -> scorer.explain(scoring, address, request.wrongPincodes()))
            .toList();
    return new ScoreReply(
        explained.stream().map(Explanation::scores).toList(),
        explained.stream().map(Explanation::toJson).toList(),
        start,
        System.nanoTime() - start);
  }

  private static void expire(ScoreRequest request) {
    if (request.deadline().latest().over()) throw Deadline.exceeded();
  }

  private static ServiceException replaced() {
    return Failure.NOT_READY.because("The models were replaced this moment; try again");
  }
}
