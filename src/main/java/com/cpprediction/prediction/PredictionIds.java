package com.cpprediction.prediction;

import com.github.f4b6a3.uuid.UuidCreator;
import com.github.f4b6a3.uuid.util.UuidUtil;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.regex.Pattern;

/** Prediction ids: UUID v7 (RFC 9562), so that an id carries the time of its prediction. */
public final class PredictionIds {
  /** How far a caller's id may lie from now; its timestamp decides the partition of its row. */
  static final Duration TOLERANCE = Duration.ofDays(1);

  private static final Pattern UUID_TEXT =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

  private PredictionIds() {}

  /** A new id, later than every id this process made before. */
  public static UUID next() {
    return UuidCreator.getTimeOrderedEpoch();
  }

  /**
   * Reads a caller's own id.
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

  /** The time inside {@code id}, to the millisecond. */
  public static Instant timeOf(UUID id) {
    return UuidUtil.getInstant(id);
  }

  /** What a caller is told whose id was used for another shipment, or another address of it. */
  public static ServiceException taken() {
    return malformed("is that of another shipment");
  }

  private static ServiceException malformed(String what) {
    return Failure.MALFORMED_REQUEST.because(
        "prediction_id " + what + "; send a fresh UUID v7 or leave it out");
  }
}
