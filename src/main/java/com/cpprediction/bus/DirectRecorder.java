package com.cpprediction.bus;

import io.vertx.core.Future;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Keeps predictions on the thread of the caller where that takes some microseconds only, in place
 * of a message to {@link Bus#RECORD} and its reply, which wake a thread each. Shared by the event
 * loops of a node and what keeps the predictions. Thread-safe.
 */
public final class DirectRecorder {
  private volatile @Nullable Function<RecordBatch, @Nullable Future<RecordReply>> open;

  /**
   * Takes batches from now on.
   *
   * @param recorder of any thread; null from it refuses a batch, of which nothing is kept
   */
  public void open(Function<RecordBatch, @Nullable Future<RecordReply>> recorder) {
    open = recorder;
  }

  /** Takes no batch any more. */
  public void close() {
    open = null;
  }

  /**
   * Keeps the predictions of a batch. Does not block.
   *
   * @return as the reply to {@link Bus#RECORD}, on any thread; null where the batch is to be sent
   *     there instead
   */
  public @Nullable Future<RecordReply> record(RecordBatch batch) {
    var recorder = open;
    return recorder == null ? null : recorder.apply(batch);
  }
}
