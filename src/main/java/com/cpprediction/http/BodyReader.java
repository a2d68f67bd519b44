package com.cpprediction.http;

import com.cpprediction.json.StrictJson;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.concurrent.Callable;
import java.util.function.Function;

/**
 * Reads what callers sent: small bodies at once, big ones on threads of its own, where a second of
 * parsing and folding keeps nobody else waiting. Confined to one event loop.
 */
final class BodyReader {
  private static final int MAX_WAITING = 64;

  /** Reading may use an eighth of the heap, beside the bodies themselves. */
  private static final int HEAP_SHARE = 8;

  /**
   * Bytes of the heap that reading a byte takes at most: two of characters, one to two of strings,
   * and one of the objects around them, whose number {@link StrictJson} bounds.
   */
  private static final int COST = 5;

  private static final byte[] EMPTY = {};

  private final WorkerExecutor threads;
  private final ServiceMetrics metrics;
  private int waiting;

  BodyReader(Vertx vertx, ServiceMetrics metrics) {
    this.metrics = metrics;
    threads = vertx.createSharedWorkerExecutor("cp-read", threads()); // closed with its verticle
  }

  private static int threads() {
    var runtime = Runtime.getRuntime();
    long fit = runtime.maxMemory() / HEAP_SHARE / (COST * (long) BodyReceiver.MOST);
    return (int) Math.max(1, Math.min(fit, runtime.availableProcessors()));
  }

  /** The JSON object a caller sent, as {@code reader} reads it. */
  <T> Future<T> read(RoutingContext ctx, Function<JsonObject, T> reader) {
    var body = RequestBody.of(ctx);
    if (body == null) return read(false, () -> reader.apply(StrictJson.parseRequest(EMPTY)));
    var bytes = body.bytes();
    boolean gzipped = RouteContract.gzipped(ctx.request());
    Callable<T> reading =
        () -> reader.apply(StrictJson.parseRequest(gzipped ? body.gunzip() : bytes));
    if (!gzipped && !ParseCost.big(bytes)) return read(false, reading);
    body.hold(); // until it was read, even if its caller has left
    return read(true, reading).onComplete(read -> body.release());
  }

  /**
   * What {@code reading} returns or fails with, however many wait: for those who send no more
   * meanwhile.
   *
   * @param big whether to read elsewhere
   */
  <T> Future<T> readInTurn(boolean big, Callable<T> reading) {
    return big ? threads.executeBlocking(reading, false) : read(false, reading);
  }

  /**
   * What {@code reading} returns or fails with.
   *
   * @param big whether to read elsewhere; fails with {@link Failure#OVERLOADED} when too many wait
   */
  <T> Future<T> read(boolean big, Callable<T> reading) {
    if (!big) {
      try {
        return Future.succeededFuture(reading.call());
      } catch (Exception e) {
        return Future.failedFuture(e);
      }
    }
    if (waiting >= MAX_WAITING) {
      metrics.shed(Shed.READING);
      return Future.failedFuture(
          Failure.OVERLOADED.because("Too many big requests at a time; try again in a moment"));
    }
    waiting++;
    return threads.executeBlocking(reading, false).onComplete(read -> waiting--);
  }
}
