package com.cpprediction.prediction;

import com.github.f4b6a3.uuid.UuidCreator;
import com.github.f4b6a3.uuid.util.UuidUtil;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.regex.Pattern;

/** Prediction ids: UUID v7 (RFC 9562), which contain the time of the prediction. */
public final class PredictionIds {
  /** Maximum age of a caller's id, since its timestamp decides the partition of its row. */
  static final Duration TOLERANCE = Duration.ofDays(1);

  private static final Pattern UUID_TEXT =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

  private PredictionIds() {}

  /** A new id, greater than all earlier ones of this process. */
  public static UUID next() {
    return UuidCreator.getTimeOrderedEpoch();
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
