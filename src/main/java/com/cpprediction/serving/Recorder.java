package com.cpprediction.serving;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.DirectRecorder;
import com.cpprediction.bus.RecordBatch;
import com.cpprediction.bus.RecordReply;
import com.cpprediction.bus.RecordRequest;
import com.cpprediction.bus.Recorded;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sends the predictions that one pass of an event loop asks to record as one message of {@link
 * Bus#RECORD}, or keeps them {@linkplain DirectRecorder directly}: the journal writes them at once.
 * A lone request isn't delayed, since that is done at the end of the pass. Where requests wait for
 * PostgreSQL each has a message of its own, since a refused row of one would delay all others of
 * its message. For use from one event loop.
 */
final class Recorder {
  private record Waiting(RecordRequest request, Deadline deadline, Promise<Recorded> promise) {}

  private final Vertx vertx;
  private final Context context;
  private final DirectRecorder direct;
  private final boolean together;
  private List<Waiting> collected = new ArrayList<>();

  /**
   * Belongs to the event loop of the caller's context.
   *
   * @param direct of the node
   * @param together whether the requests of a pass share a message
   */
  Recorder(Vertx vertx, DirectRecorder direct, boolean together) {
    this.vertx = vertx;
    this.direct = direct;
    this.together = together;
    context = vertx.getOrCreateContext();
  }

  /**
   * Completes on the caller's context, with the failure of this request where it has one. Fails
   * when the message fails, and with {@link Failure#DEADLINE_EXCEEDED} at {@code deadline}.
   */
  Future<Recorded> record(RecordRequest request, Deadline deadline) {
    if (!together) {
      return Bus.<RecordReply>ask(vertx, Bus.RECORD, new RecordBatch(List.of(request)), deadline)
          .map(reply -> reply.results().get(0));
    }
    Promise<Recorded> promise = ((ContextInternal) vertx.getOrCreateContext()).promise();
    if (collected.isEmpty()) context.runOnContext(endOfPass -> send());
    collected.add(new Waiting(request, deadline, promise));
    return promise.future();
  }

  private void send() {
    var batch = collected;
    collected = new ArrayList<>();
    var requests = new ArrayList<RecordRequest>(batch.size());
    var earliest = batch.get(0).deadline;
    var latest = earliest;
    for (var waiting : batch) {
      requests.add(waiting.request);
      if (waiting.deadline.nanos() - latest.nanos() > 0) latest = waiting.deadline;
      if (waiting.deadline.nanos() - earliest.nanos() < 0) earliest = waiting.deadline;
    }
    var asked = new RecordBatch(requests);
    var kept = direct.record(asked);
    if (kept != null && kept.isComplete()) {
      complete(batch, kept);
      return;
    }
    var expiry = new Expiry(batch);
    if (kept != null || earliest.remainingMillis() < latest.remainingMillis()) {
      expiry.schedule(earliest);
    }
    var reply = kept != null ? here(kept) : Bus.<RecordReply>ask(vertx, Bus.RECORD, asked, latest);
    reply.onComplete(
        replied -> {
          expiry.cancel();
          complete(batch, replied);
        });
  }

  private <T> Future<T> here(Future<T> anywhere) {
    Promise<T> promise = ((ContextInternal) context).promise();
    anywhere.onComplete(promise);
    return promise.future();
  }

  private static void complete(List<Waiting> batch, AsyncResult<RecordReply> replied) {
    for (int i = 0; i < batch.size(); i++) {
      var promise = batch.get(i).promise;
      if (replied.succeeded()) promise.tryComplete(replied.result().results().get(i));
      else promise.tryFail(replied.cause());
    }
  }

  /** Fails the callers of a batch at their deadlines. */
  private final class Expiry {
    private final List<Waiting> batch;
    private long timer = -1;

    Expiry(List<Waiting> batch) {
      this.batch = batch;
    }

    void schedule(Deadline next) {
      timer = vertx.setTimer(next.remainingMillis(), fired -> expire());
    }

    private void expire() {
      @Nullable Deadline next = null;
      for (var waiting : batch) {
        if (waiting.deadline.over()) {
          waiting.promise.tryFail(new ReplyException(ReplyFailure.TIMEOUT, "not recorded in time"));
        } else if (next == null || waiting.deadline.nanos() - next.nanos() < 0) {
          next = waiting.deadline;
        }
      }
      if (next != null) schedule(next);
    }

    void cancel() {
      if (timer >= 0) vertx.cancelTimer(timer);
    }
  }
}
