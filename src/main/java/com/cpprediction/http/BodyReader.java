package com.cpprediction.http;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.StrictJson;
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
  private static final int MAX_WAITING = 32; // bodies of up to 4 MiB, each several times that read
  private static final byte[] EMPTY = {};

  private final WorkerExecutor threads;
  private final ServiceMetrics metrics;
  private int waiting;

  BodyReader(Vertx vertx, ServiceMetrics metrics) {
    this.metrics = metrics;
    int cores = Runtime.getRuntime().availableProcessors();
    threads = vertx.createSharedWorkerExecutor("cp-read", cores); // closed with its verticle
  }

  /** The JSON object a caller sent, as {@code reader} reads it. */
  <T> Future<T> read(RoutingContext ctx, Function<JsonObject, T> reader) {
    var buffer = ctx.body().buffer();
    var bytes = buffer == null ? EMPTY : buffer.getBytes();
    if (Endpoint.gzipped(ctx.request())) {
      return read(
          true,
          () ->
              reader.apply(
                  StrictJson.parseObject(GzipDecoder.decode(bytes, HttpVerticle.MAX_BODY))));
    }
    return read(ReadingCost.big(bytes), () -> reader.apply(StrictJson.parseObject(bytes)));
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
