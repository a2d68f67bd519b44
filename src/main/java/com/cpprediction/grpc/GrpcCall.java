package com.cpprediction.grpc;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One call, with the limits that hold for it. Confined to its event loop; an ended call ignores
 * what comes later.
 */
public interface GrpcCall {
  /**
   * Reads a complete message, on any thread where it is big.
   *
   * @param gzipped whether it is compressed
   */
  <T> Future<T> read(Buffer message, boolean gzipped, Function<byte[], T> parser);

  /**
   * Serves the message of {@link GrpcMethod#MODEL_INFER}.
   *
   * @return the message of the response
   */
  Future<Buffer> infer(Buffer message, boolean gzipped);

  /**
   * Sends a message of {@code bytes}, which counts against the byte budget until it is written. A
   * call whose caller reads nothing for long is ended.
   */
  void send(int bytes, Supplier<Future<Void>> sending);

  /**
   * Counts a watch, whose response stays open, until the call ends.
   *
   * @throws com.cpprediction.prediction.ServiceException where there are too many
   */
  void watch();

  /** Whether the response is complete, or the caller has gone. */
  boolean ended();

  /** Ends the call with the status of {@code cause}, unless its response is complete. */
  void fail(Throwable cause);
}
