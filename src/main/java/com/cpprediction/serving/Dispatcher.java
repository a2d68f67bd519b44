package com.cpprediction.serving;

import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.serving.ScoringWorkers.Lane;
import com.cpprediction.serving.ScoringWorkers.Task;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;

/**
 * Collects the score requests that one pass of the event loop brings, and submits those of a lane
 * together at its end, without a timer: a request that comes alone is not delayed. A few single
 * addresses that are scored fast are scored right then. Confined to one event loop.
 */
public final class Dispatcher {
  private final ScoringWorkers workers;
  private final InlineScorer inline;
  private final Executor endOfPass;
  private Map<Lane, List<Task>> pass = new LinkedHashMap<>();

  public Dispatcher(Vertx vertx, ScoringWorkers workers, InlineScorer inline) {
    this(workers, inline, submission -> vertx.runOnContext(pass -> submission.run()));
  }

  /**
   * @param endOfPass runs a task after the events that the event loop has read already
   */
  Dispatcher(ScoringWorkers workers, InlineScorer inline, Executor endOfPass) {
    this.workers = workers;
    this.inline = inline;
    this.endOfPass = endOfPass;
  }

  /** As {@link ScoringWorkers#lane}. */
  Lane lane(int addresses) {
    return workers.lane(addresses);
  }

  /**
   * Has {@code request} scored by a worker, or here where that is faster. A part of a batch whose
   * prefix was never scored before by these models gets a message of its own, since reading the
   * model may take long.
   *
   * @param end time limit of the worker's reply
   */
  Future<ScoreReply> dispatch(Lane lane, ScoreRequest request, Deadline end) {
    boolean alone = !workers.isSingle(lane) && !inline.knows(request);
    var task = new Task(request, end, alone);
    task.future().onSuccess(reply -> inline.observe(request, reply));
    if (pass.isEmpty()) endOfPass.execute(this::submit);
    pass.computeIfAbsent(lane, first -> new ArrayList<>()).add(task);
    return task.future();
  }

  private void submit() {
    var lanes = pass;
    pass = new LinkedHashMap<>();
    lanes.forEach(this::submit);
  }

  private void submit(Lane lane, List<Task> tasks) {
    if (workers.isSingle(lane) && inline.worthwhile(tasks)) {
      for (var task : tasks) task.complete(inline.score(task.request()));
    } else {
      workers.submit(lane, tasks);
    }
  }
}
