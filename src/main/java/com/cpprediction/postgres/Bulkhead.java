package com.cpprediction.postgres;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Supplier;

/**
 * Lets some work at a time; the others wait in the order they came, and begin in the context they
 * came in. To be used from one event loop.
 */
public final class Bulkhead {
  private final Vertx vertx;
  private final int most;
  private final int room;
  private final Duration patience;
  private final Queue<Turn> waiting = new ArrayDeque<>();
  private int working;

  /** Somebody's turn to come. */
  private record Turn(Context own, Promise<Void> come) {}

  /**
   * @param most at a time
   * @param room for those who wait
   * @param patience how long one waits
   */
  public Bulkhead(Vertx vertx, int most, int room, Duration patience) {
    this.vertx = vertx;
    this.most = most;
    this.room = room;
    this.patience = patience;
  }

  /**
   * What {@code work} comes to, once it is its turn. Fails with {@link Failure#OVERLOADED} when too
   * many wait, and after too long a wait.
   */
  public <T> Future<T> take(Supplier<Future<T>> work) {
    return turn()
        .compose(
            mine -> Future.succeededFuture().compose(now -> work.get()).onComplete(done -> next()));
  }

  private Future<Void> turn() {
    if (working < most) {
      working++;
      return Future.succeededFuture();
    }
    if (waiting.size() >= room) {
      return Future.failedFuture(
          Failure.OVERLOADED.because(
              "%d wait for the database, of at most %d; try again later"
                  .formatted(waiting.size(), room)));
    }
    var turn = new Turn(vertx.getOrCreateContext(), Promise.promise());
    waiting.add(turn);
    long timer =
        vertx.setTimer(
            patience.toMillis(),
            late -> {
              if (waiting.remove(turn)) turn.come().fail(tooLate());
            });
    return turn.come().future().onComplete(done -> vertx.cancelTimer(timer));
  }

  private void next() {
    var first = waiting.poll();
    if (first == null) working--;
    else first.own().runOnContext(now -> first.come().complete());
  }

  private static ServiceException tooLate() {
    return Failure.OVERLOADED.because("The database has too much to do; try again later");
  }
}
