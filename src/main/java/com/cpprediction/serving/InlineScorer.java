package com.cpprediction.serving;

import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.serving.ScoringWorkers.Task;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.IntSupplier;

/**
 * Scores on the event loop itself what takes less time than is worth a hop to a worker and back, by
 * the times that the addresses of a prefix took before. Confined to one event loop.
 */
public final class InlineScorer {
  private static final double WEIGHT = 0.125; // of the latest time, in an exponential average

  private final IntSupplier limitMicros;
  private final Function<ScoreRequest, Future<ScoreReply>> scorer;
  private final Map<String, Double> nanos = new HashMap<>(); // of an address, by prefix
  private long generation; // of the models that took so long

  /**
   * @param limitMicros time for the requests of one pass, now; 0 for none
   * @param scorer scores a request, on this event loop
   */
  public InlineScorer(IntSupplier limitMicros, Function<ScoreRequest, Future<ScoreReply>> scorer) {
    this.limitMicros = limitMicros;
    this.scorer = scorer;
  }

  /** Whether all of {@code tasks}, of one address each, are expected to be scored in time. */
  boolean worthwhile(List<Task> tasks) {
    double left = TimeUnit.MICROSECONDS.toNanos(limitMicros.getAsInt());
    for (var task : tasks) {
      var request = task.request();
      if (request.explain() || !current(request)) return false;
      left -= nanos.getOrDefault(request.prefix(), Double.POSITIVE_INFINITY);
      if (left < 0) return false;
    }
    return left > 0;
  }

  /** Whether addresses of the prefix of {@code request} were scored before by the same models. */
  boolean knows(ScoreRequest request) {
    return current(request) && nanos.containsKey(request.prefix());
  }

  /** Whether {@code request} is for the newest generation seen; forgets the times of older ones. */
  private boolean current(ScoreRequest request) {
    if (request.generation() > generation) {
      generation = request.generation();
      nanos.clear();
    }
    return request.generation() == generation;
  }

  Future<ScoreReply> score(ScoreRequest request) {
    return scorer.apply(request);
  }

  /** Takes the time of {@code reply} into the average. */
  void observe(ScoreRequest request, ScoreReply reply) {
    if (request.explain() || !current(request)) return;
    double latest = (double) reply.nanos() / request.addresses().size();
    nanos.merge(request.prefix(), latest, (average, one) -> average + WEIGHT * (one - average));
  }
}
