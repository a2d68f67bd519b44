package com.cpprediction.prediction;

import com.github.f4b6a3.uuid.util.UuidUtil;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/** Prediction ids: UUID v7 (RFC 9562), which contain the time of the prediction. */
public final class PredictionIds {
  /** Maximum age of a caller's id, since its timestamp decides the partition of its row. */
  static final Duration TOLERANCE = Duration.ofDays(1);

  private static final Pattern UUID_TEXT =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

  private static final int COUNTER_BITS = 12; // of ids within a millisecond
  private static final long COUNTER_MASK = (1 << COUNTER_BITS) - 1;
  private static final long VERSION_7 = 0x7000;
  private static final long VARIANT = Long.MIN_VALUE; // binary 10

  /** Milliseconds and counter of the latest id. */
  private static final AtomicLong LAST = new AtomicLong();

  private static final ThreadLocal<BufferedRandom> RANDOM =
      ThreadLocal.withInitial(BufferedRandom::new);

  private PredictionIds() {}

  /** A new id, greater than all earlier ones of this process, with 62 random bits. */
  public static UUID next() {
    long now = System.currentTimeMillis() << COUNTER_BITS;
    long time = LAST.accumulateAndGet(now, (last, current) -> Math.max(last + 1, current));
    long millis = time >>> COUNTER_BITS;
    long counter = time & COUNTER_MASK;
    return new UUID(
        millis << Short.SIZE | VERSION_7 | counter, VARIANT | RANDOM.get().next() >>> 2);
  }

  /** Unguessable numbers of one thread, which a generator shared by all would make wait. */
  private static final class BufferedRandom {
    private static final int NUMBERS = 256;

    private final SecureRandom source = new SecureRandom();
    private final ByteBuffer numbers = ByteBuffer.allocate(NUMBERS * Long.BYTES).limit(0);

    long next() {
      if (!numbers.hasRemaining()) {
        source.nextBytes(numbers.clear().array());
      }
      return numbers.getLong();
    }
  }

  /**
   * Parses an id from a request.
   *
   * @throws ServiceException {@link Failure#MALFORMED_REQUEST} when it is no UUID v7 or its
   *     timestamp is more than a day from {@code now}
   */
  public static UUID parse(String text, Instant now) {
    if (!UUID_TEXT.matcher(text).matches()) throw malformed("is not a UUID");
    var id = UUID.fromString(text);
    if (id.version() != 7 || id.variant() != 2) throw malformed("is not a UUID of version 7");
    if (Duration.between(timeOf(id), now).abs().compareTo(TOLERANCE) > 0) {
      throw malformed("carries a time more than a day from now");
    }
    return id;
  }

  /** The timestamp of {@code id}, in milliseconds. */
  public static Instant timeOf(UUID id) {
    return UuidUtil.getInstant(id);
  }

  /** The failure of an id that was used for another shipment or address. */
  public static ServiceException taken() {
    return malformed("is that of another shipment");
  }

  private static ServiceException malformed(String what) {
    return Failure.MALFORMED_REQUEST.because(
        "prediction_id " + what + "; send a fresh UUID v7 or leave it out");
  }
}
