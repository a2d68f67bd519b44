package com.cpprediction.ablation;

import io.vertx.core.buffer.Buffer;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.function.LongFunction;

/** Asks a service for a while. Blocks until all that was sent is answered or given up. */
interface Load {
  /**
   * What to send.
   *
   * @param path such as {@code /predict}
   * @param body of the i-th request, from 0; from any thread
   */
  record Questions(String path, LongFunction<Buffer> body) {}

  /**
   * What came of it.
   *
   * @param requests answered with 200
   * @param uncertain requests that may have been stored without an answer
   * @param cached answers from the cache, where the answers are single predictions
   * @param seconds from the first request to the last answer
   * @param p50 milliseconds from when a request was to be sent to its answer
   * @param p95 the same
   * @param p99 the same
   * @param held whether the rate was held
   * @param errors requests not answered with 200, by what came instead
   */
  record Outcome(
      long requests,
      long uncertain,
      long cached,
      double seconds,
      double p50,
      double p95,
      double p99,
      boolean held,
      Map<String, Long> errors) {}

  /** Each of {@code callers} asks again once it is answered. */
  Outcome closed(URI service, Questions questions, int callers, Duration duration)
      throws InterruptedException;

  /** Sends {@code rate} requests per second, whatever is answered. */
  Outcome open(URI service, Questions questions, double rate, Duration duration)
      throws InterruptedException;
}
