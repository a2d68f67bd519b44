package com.cpprediction.model;

import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.format.Mapping;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import java.util.List;
import java.util.function.ObjIntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves score requests with the generation of the models that each was read against. One instance
 * per thread; {@link Scorer#score} is CPU-bound, and with XGBoost native.
 */
public final class RequestScorer {
  private static final Logger log = LoggerFactory.getLogger(RequestScorer.class);

  private final ModelStore models;
  private final ServiceMetrics metrics;
  private final ObjIntConsumer<String> scored;
  private final Scorer scorer = new Scorer();

  /** Counts in {@code GET /models/status}. */
  public RequestScorer(ModelStore models, ServiceMetrics metrics) {
    this(models, metrics, models.status()::scored);
  }

  /**
   * @param scored takes each prefix and how many of its addresses were scored
   */
  public RequestScorer(ModelStore models, ServiceMetrics metrics, ObjIntConsumer<String> scored) {
    this.models = models;
    this.metrics = metrics;
    this.scored = scored;
  }

  /**
   * @return complete; a failure is a {@link ServiceException}
   */
  public Future<ScoreReply> serve(ScoreRequest request) {
    try {
      return Future.succeededFuture(leased(request));
    } catch (ServiceException e) {
      return Future.failedFuture(e);
    } catch (RuntimeException | Error e) { // every request gets a reply
      log.error("Cannot score for prefix {}", request.prefix(), e);
      return Future.failedFuture(Failure.INTERNAL.because("scoring failed"));
    }
  }

  /** Under a lease of its own: a caller that gives up closes the one it asked with. */
  private ScoreReply leased(ScoreRequest request) {
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
    var scores = scorer.score(scoring, request.addresses(), () -> expire(request));
    long nanos = System.nanoTime() - start;
    metrics.scored(scores.size(), nanos);
    scored.accept(request.prefix(), scores.size());
    return new ScoreReply(scores, List.of(), start, nanos);
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
