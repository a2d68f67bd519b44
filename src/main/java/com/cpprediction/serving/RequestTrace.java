package com.cpprediction.serving;

import com.cpprediction.bus.Recorded;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.tracing.TraceStep;
import io.vertx.core.Future;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a trace tells of a request for predictions. */
final class RequestTrace {
  private static final String OK = "ok";

  private RequestTrace() {}

  /** Begins the recording of {@code predictions}, before they can be inserted. */
  static TraceStep beginRecording(List<Prediction> predictions) {
    var step = TraceStep.begin("journal");
    if (!step.active()) return step;
    step.set(TraceStep.SHIPMENTS, predictions.size());
    for (var prediction : predictions) step.recorded(prediction.request().id());
    return step;
  }

  /** Ends {@code step} with {@code recording}. */
  static void endRecording(TraceStep step, Future<Recorded> recording) {
    recording.onComplete(
        (recorded, cause) -> {
          var failure = cause == null ? recorded.failure() : cause;
          if (failure == null) step.end();
          else step.fail(Failure.of(failure).slug());
        });
  }

  /**
   * Tells the outcome of a request.
   *
   * @param failure of all items
   */
  static void served(TraceStep step, List<Item> items, @Nullable Throwable failure) {
    step.set(TraceStep.SHIPMENTS, items.size());
    step.set(TraceStep.OUTCOME, failure == null ? OK : Failure.of(failure).slug());
    if (items.size() > 1) {
      step.set(TraceStep.FAILED, items.stream().filter(item -> item.failure() != null).count());
      return;
    }
    var item = items.get(0);
    var prediction = item.prediction();
    var own = item.failure();
    if (own != null) step.set(TraceStep.OUTCOME, own.failure().slug());
    if (prediction == null) return;
    step.set(TraceStep.PREFIX, prediction.belief().prefix());
    step.set(TraceStep.MODEL, prediction.model());
    step.set(TraceStep.SOURCE, prediction.source().label());
  }
}
