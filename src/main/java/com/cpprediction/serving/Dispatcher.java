package com.cpprediction.serving;

import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.serving.ScoringWorkers.Lane;
import com.cpprediction.serving.ScoringWorkers.Task;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * Collects the requests for single addresses that one pass of the event loop brings, and submits
 * them together at its end, without a timer: a request that comes alone is not delayed. A few that
 * are scored fast are scored right then. Confined to one event loop.
 */
public final class Dispatcher {
  private final ScoringWorkers workers;
  private final InlineScorer inline;
  private final Executor endOfPass;
  private List<Task> pass = new ArrayList<>();

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
   * Has {@code request} scored by a worker, or here where that is faster.
   *
   * @param end time limit of the worker's reply
   */
  Future<ScoreReply> dispatch(Lane lane, ScoreRequest request, Deadline end) {
    var task = new Task(request, end);
    task.future().onSuccess(reply -> inline.observe(request, reply));
    if (!workers.isSingle(lane)) {
      workers.submit(lane, List.of(task));
      return task.future();
    }
    pass.add(task);
    if (pass.size() == 1) endOfPass.execute(this::submit);
    return task.future();
  }

  private void submit() {
    var tasks = pass;
    pass = new ArrayList<>();
    if (inline.worthwhile(tasks)) {
      for (var task : tasks) task.complete(inline.score(task.request()));
      return;
    }
    workers.submit(workers.lane(1), tasks);
  }
}
