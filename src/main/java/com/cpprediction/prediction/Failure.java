package com.cpprediction.prediction;

import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.json.JsonObject;
import java.util.Locale;

/**
 * All failures of a request. The {@linkplain #slug() slug} is the {@code code} of the problem
 * document, the {@linkplain #code() number} is the failure code on the event bus. Both are part of
 * the contract: never renumbered, never reused.
 */
public enum Failure {
  MALFORMED_REQUEST(1, 400, "Malformed request"),
  UNKNOWN_PREFIX(2, 422, "No model for this pincode"),
  OVERLOADED(3, 503, "Overloaded"),
  NOT_READY(4, 503, "Not ready"),
  UNAUTHORIZED(5, 401, "Unauthorized"),
  NOT_FOUND(6, 404, "Not found"),
  METHOD_NOT_ALLOWED(7, 405, "Method not allowed"),
  NOT_ACCEPTABLE(8, 406, "Not acceptable"),
  TOO_LARGE(9, 413, "Too large"),
  UNSUPPORTED_MEDIA_TYPE(10, 415, "Unsupported media type"),
  PINCODE_REQUIRED(11, 422, "Pincode required"),
  DEADLINE_EXCEEDED(12, 504, "Deadline exceeded"),
  INTERNAL(13, 500, "Internal error"),
  FORBIDDEN(14, 403, "Forbidden"),
  RATE_LIMITED(15, 429, "Rate limited"),
  CONFLICT(16, 409, "Conflict"),
  UNKNOWN_CP(17, 422, "Unknown CP");

  private final int code;
  private final int status;
  private final String title;

  Failure(int code, int status, String title) {
    this.code = code;
    this.status = status;
    this.title = title;
  }

  /** Failure code on the event bus. */
  public int code() {
    return code;
  }

  /** HTTP status. */
  public int status() {
    return status;
  }

  /** The {@code title} of the problem document. */
  public String title() {
    return title;
  }

  /** The stable name in problem documents and meters, such as {@code unknown-prefix}. */
  public String slug() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whether the caller may retry unchanged; the response has a {@code Retry-After} header. */
  public boolean retryable() {
    return this == OVERLOADED || this == NOT_READY || this == RATE_LIMITED;
  }

  /**
   * @param detail cause and remedy, for the caller; never contains an address
   */
  public ServiceException because(String detail) {
    return because(detail, new JsonObject());
  }

  /**
   * @param detail as {@link #because(String)}
   * @param members extension members of the problem document
   */
  public ServiceException because(String detail, JsonObject members) {
    return new ServiceException(this, detail, members);
  }

  /** The failure of {@code cause}; {@link #INTERNAL} for an unforeseen exception. */
  public static Failure of(Throwable cause) {
    if (cause instanceof ServiceException e) return e.failure();
    if (!(cause instanceof ReplyException e)) return INTERNAL;
    return switch (e.failureType()) {
      case TIMEOUT -> DEADLINE_EXCEEDED;
      case NO_HANDLERS -> NOT_READY;
      case RECIPIENT_FAILURE -> ofCode(e.failureCode());
      case ERROR -> INTERNAL;
    };
  }

  /** The failure of this {@linkplain #slug() slug}; {@link #INTERNAL} where there is none. */
  public static Failure ofSlug(String slug) {
    for (var failure : values()) if (failure.slug().equals(slug)) return failure;
    return INTERNAL;
  }

  private static Failure ofCode(int code) {
    for (var failure : values()) if (failure.code == code) return failure;
    return INTERNAL;
  }
}
