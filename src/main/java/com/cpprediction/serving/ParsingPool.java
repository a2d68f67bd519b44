package com.cpprediction.serving;

import com.cpprediction.common.Slots;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.util.concurrent.Callable;

/**
 * Threads that parse big requests, where a second of parsing and folding doesn't hold the event
 * loop. Small ones are parsed at once. Confined to one event loop, but for the limit on those that
 * wait, which is that of the node; its threads end with the verticles that made it.
 */
public final class ParsingPool {
  private static final int MAX_WAITING = 64;

  /** Parsing may use an eighth of the heap, beside the bodies themselves. */
  private static final int HEAP_SHARE = 8;

  /**
   * Bytes of the heap that parsing a byte takes at most: two of characters, one to two of strings,
   * and one of the objects around them, whose number the parser bounds.
   */
  private static final int COST = 5;

  private final WorkerExecutor threads;
  private final ServiceMetrics metrics;
  private final Slots waiting;

  /**
   * @param largest bytes of the largest request
   * @param waiting counts the requests that wait, of all event loops
   */
  public ParsingPool(Vertx vertx, int largest, Slots waiting, ServiceMetrics metrics) {
    this.waiting = waiting;
    this.metrics = metrics;
    threads = vertx.createSharedWorkerExecutor("cp-read", threads(largest));
  }

  private static int threads(int largest) {
    var runtime = Runtime.getRuntime();
    long fit = runtime.maxMemory() / HEAP_SHARE / (COST * (long) largest);
    return (int) Math.max(1, Math.min(fit, runtime.availableProcessors()));
  }

  /**
   * Parses even while many requests wait: for callers that send no more meanwhile.
   *
   * @param big whether to use a thread of the pool
   * @return the result of {@code parsing}, or its failure
   */
  public <T> Future<T> parseInTurn(boolean big, Callable<T> parsing) {
    return big ? threads.executeBlocking(parsing, false) : now(parsing);
  }

  /**
   * Parses unless too many requests wait.
   *
   * @param big whether to use a thread of the pool
   * @return the result of {@code parsing}, or its failure; {@link Failure#OVERLOADED} when too many
   *     wait
   */
  public <T> Future<T> parse(boolean big, Callable<T> parsing) {
    if (!big) return now(parsing);
    if (!waiting.tryAcquire(MAX_WAITING)) {
      metrics.shed(Shed.READING);
      return Future.failedFuture(
          Failure.OVERLOADED.because("Too many big requests at a time; try again in a moment"));
    }
    return threads.executeBlocking(parsing, false).onComplete(parsed -> waiting.release());
  }

  private static <T> Future<T> now(Callable<T> parsing) {
    try {
      return Future.succeededFuture(parsing.call());
    } catch (Throwable e) { // as on a thread of the pool: the caller gives back what it holds
      return Future.failedFuture(e);
    }
  }
}
