package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Body of a request and its reservation in the {@link ByteBudget}, held until the request has ended
 * and every thread is done with the body. Confined to one event loop, except {@link #bytes} and
 * {@link #gunzip}.
 */
final class RequestBody {
  private static final int MIN_CAPACITY = 8 * 1024;
  private static final byte[] EMPTY = {};
  private static final String KEY = "body";

  private final ByteBudget budget;
  private final BodyReceiver.Limit limit;
  private byte[] bytes = EMPTY;
  private int length;
  private long reserved;
  private int references = 1; // the request
  private @Nullable RequestBody decoded; // once gunzip() was called

  /**
   * @param contentLength declared bytes, reserved at once; 0 when unknown
   * @throws ServiceException when the length exceeds the limit or the budget
   */
  RequestBody(ByteBudget budget, BodyReceiver.Limit limit, long contentLength) {
    this.budget = budget;
    this.limit = limit;
    reserve(contentLength);
  }

  /**
   * A complete body. It counts twice: {@code content} stays in memory beside its copy.
   *
   * @param held bytes that are reserved for {@code content} already, released with the body
   */
  RequestBody(ByteBudget budget, BodyReceiver.Limit limit, Buffer content, long held) {
    this.budget = budget;
    this.limit = limit;
    bytes = content.getBytes();
    length = bytes.length;
    budget.add(length);
    reserved = held + length;
  }

  /** The body of the request {@code ctx}, if it has one. */
  static @Nullable RequestBody of(RoutingContext ctx) {
    return ctx.get(KEY);
  }

  void attachTo(RoutingContext ctx) {
    ctx.put(KEY, this);
  }

  /**
   * Appends a received chunk.
   *
   * @throws ServiceException when the body exceeds the limit or the budget
   */
  void add(Buffer chunk) {
    int total = length + chunk.length(); // doesn't overflow: both are within a limit
    if (total > bytes.length) {
      int size = Math.min(Math.max(total, Math.max(MIN_CAPACITY, 2 * bytes.length)), limit.bytes());
      if (total <= reserved) size = (int) Math.min(size, reserved);
      reserve(Math.max(size, total));
      bytes = Arrays.copyOf(bytes, size);
    }
    chunk.getBytes(bytes, length);
    length = total;
  }

  private void reserve(long total) {
    if (total > limit.bytes()) throw limit.exceeded();
    if (total <= reserved) return;
    if (total > budget.maxReservation()) throw tooLarge();
    budget.reserve(total - reserved);
    reserved = total;
  }

  /** For a body that no byte budget lets in, however little is under way. */
  static ServiceException tooLarge() {
    return Failure.TOO_LARGE.because("The body is larger than http.max_pending_bytes lets in");
  }

  /** The whole body; on any thread. Call once: it may copy. */
  byte[] bytes() {
    return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
  }

  /**
   * The decoded gzip body, within the same limit and budget. Call once, on any thread, after {@link
   * #retain}.
   *
   * @throws ServiceException also when the body is damaged or not gzip
   */
  byte[] gunzip() {
    decoded = new RequestBody(budget, limit, 0);
    GzipDecoder.decode(bytes(), decoded::add);
    return decoded.bytes();
  }

  boolean isEmpty() {
    return length == 0;
  }

  /** Adds a reference, which outlives the request. */
  void retain() {
    references++;
  }

  /** Drops a reference, initially the request's own; the last one frees the reservation. */
  void release() {
    if (--references > 0) return;
    budget.release(reserved);
    if (decoded != null) decoded.release();
    decoded = null;
    reserved = 0;
    bytes = EMPTY;
    length = 0;
  }
}
