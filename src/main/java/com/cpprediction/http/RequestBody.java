package com.cpprediction.http;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.util.Arrays;

/**
 * The body of a request and its share of the {@link ByteBudget}, which it keeps until the request
 * has ended and no thread reads the body any more. Confined to one event loop, but for {@link
 * #bytes}.
 */
final class RequestBody {
  private static final int FIRST = 8 * 1024;
  private static final byte[] EMPTY = {};
  private static final String KEY = "body";

  private final ByteBudget budget;
  private final BodyReceiver.Limit limit;
  private byte[] bytes = EMPTY;
  private int length;
  private long reserved;
  private int holders = 1; // the request
  private RequestBody decoded; // null unless it came as gzip and was read

  /**
   * @param limit of what it may hold
   * @param announced bytes that will come, reserved at once; 0 when that is not known
   * @throws ServiceException when the budget or the limit has no room for them
   */
  RequestBody(ByteBudget budget, BodyReceiver.Limit limit, long announced) {
    this.budget = budget;
    this.limit = limit;
    reserve(announced);
  }

  /** What was received with {@code ctx}; null where nothing was sent. */
  static RequestBody of(RoutingContext ctx) {
    return ctx.get(KEY);
  }

  void keepWith(RoutingContext ctx) {
    ctx.put(KEY, this);
  }

  /**
   * Takes what was received, decoded.
   *
   * @throws ServiceException when the budget or the limit has no room for it
   */
  void add(Buffer chunk) {
    int total = length + chunk.length(); // within an integer: either is within a limit
    if (total > bytes.length) {
      int size = Math.min(Math.max(total, Math.max(FIRST, 2 * bytes.length)), limit.bytes());
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
    if (total > budget.largest()) {
      throw Failure.TOO_LARGE.because("The body is larger than http.max_pending_bytes lets in");
    }
    budget.reserve(total - reserved);
    reserved = total;
  }

  /** All of it, to be read once; on any thread. */
  byte[] bytes() {
    return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
  }

  /**
   * Its content where that came as gzip, within the same limit and budget; once, by one who {@link
   * #hold}s this, on any thread.
   *
   * @throws ServiceException also when this isn't gzip, or damaged
   */
  byte[] gunzip() {
    decoded = new RequestBody(budget, limit, 0);
    GzipDecoder.decode(bytes(), decoded::add);
    return decoded.bytes();
  }

  boolean isEmpty() {
    return length == 0;
  }

  /** Somebody else needs it, too, whatever becomes of the request. */
  void hold() {
    holders++;
  }

  /** One that held it needs it no longer; begins with the request itself. */
  void release() {
    if (--holders > 0) return;
    budget.release(reserved);
    if (decoded != null) decoded.release();
    decoded = null;
    reserved = 0;
    bytes = EMPTY;
    length = 0;
  }
}
