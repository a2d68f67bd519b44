package com.cpprediction.model;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreBatch;
import com.cpprediction.bus.ScoreReplies;
import com.cpprediction.metrics.ServiceMetrics;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;

/** A scoring worker, which scores addresses of any prefix. Deployed as a worker, several times. */
public final class ScoringVerticle extends VerticleBase {
  private final int worker;
  private final RequestScorer scorer;

  /**
   * @param worker its number, from 0 on: it is sent messages of its own
   */
  public ScoringVerticle(int worker, ModelStore models, ServiceMetrics metrics) {
    this(worker, new RequestScorer(models, metrics));
  }

  /**
   * @param scorer of this worker alone
   */
  public ScoringVerticle(int worker, RequestScorer scorer) {
    this.worker = worker;
    this.scorer = scorer;
  }

  @Override
  public Future<?> start() {
    return vertx.eventBus().<ScoreBatch>localConsumer(Bus.score(worker), this::serve).completion();
  }

  private void serve(Message<ScoreBatch> message) {
    var batch = message.body();
    message.reply(
        batch == null
            ? null
            : new ScoreReplies(batch.requests().stream().map(scorer::serve).toList()));
  }
}
