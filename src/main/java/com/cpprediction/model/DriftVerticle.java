package com.cpprediction.model;

import com.cpprediction.bus.Bus;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at samples of the stored predictions and outcomes now and then, and describes how far they
 * are from the training. Event loop; the counting runs on workers, one look after the other.
 */
public final class DriftVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(DriftVerticle.class);

  /** Newest predictions of a look. */
  private static final int SAMPLE = 2_000;

  /** Newest outcomes of a look. */
  private static final int OUTCOMES = 100_000;

  /** Looks at predictions for one at outcomes. */
  private static final int LOOKS = 5;

  private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration OFF = Duration.ofMinutes(1);

  private final ModelStore models;
  private final Drift drift;
  private final Supplier<Duration> interval;
  private String last = "";
  private long looks;
  private long timer;
  private boolean stopped;

  /**
   * @param interval of the looks, asked before each; zero for none
   */
  public DriftVerticle(
      ModelStore models, Supplier<Duration> interval, ServiceMetrics metrics, Clock clock) {
    this.models = models;
    this.interval = interval;
    drift = new Drift(models, clock);
    models.status().drifts(drift);
    metrics.drift(drift::newCps, drift::closedCps);
  }

  @Override
  public Future<?> start() {
    schedule();
    return vertx
        .eventBus()
        .localConsumer(
            Bus.MODELS_DRIFT,
            message ->
                vertx
                    .executeBlocking(() -> drift.toJson(models.status()))
                    .onSuccess(message::reply)
                    .onFailure(
                        cause -> {
                          log.error("Cannot describe the drift", cause);
                          message.fail(Failure.INTERNAL.code(), "describing the drift failed");
                        }))
        .completion();
  }

  @Override
  public Future<?> stop() {
    stopped = true;
    vertx.cancelTimer(timer);
    return Future.succeededFuture();
  }

  private void schedule() {
    if (stopped) return;
    var pause = interval.get();
    boolean off = pause.isZero();
    timer =
        vertx.setTimer(
            (off ? OFF : pause).toMillis(),
            fired -> {
              if (off) schedule();
              else look().onComplete(done -> schedule());
            });
  }

  private Future<Void> look() {
    if (models.loader().perRequest())
      return Future.succeededFuture(); // no model stays to look into
    var deadline = Deadline.in(QUERY_TIMEOUT);
    var request = new JsonObject().put("after", last).put("limit", SAMPLE);
    var predicted =
        Bus.<JsonArray>ask(vertx, Bus.RECENT, request, deadline)
            .compose(
                rows -> {
                  if (!rows.isEmpty()) last = rows.getJsonObject(0).getString("prediction_id");
                  return blocking(() -> drift.predicted(rows));
                });
    if (looks++ % LOOKS != 0) return told(predicted);
    return told(
        predicted
            .compose(done -> Bus.<JsonArray>ask(vertx, Bus.DELIVERED, OUTCOMES, deadline))
            .compose(rows -> blocking(() -> drift.delivered(rows.getJsonObject(0)))));
  }

  private Future<Void> blocking(Runnable run) {
    return vertx.executeBlocking(
        () -> {
          run.run();
          return null;
        });
  }

  /** The next look tries again: persistence logs why rows can't be read. */
  private static Future<Void> told(Future<Void> look) {
    return look.onFailure(cause -> log.debug("No look at the drift", cause));
  }
}
