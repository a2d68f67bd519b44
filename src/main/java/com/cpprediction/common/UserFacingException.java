package com.cpprediction.common;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A foreseen failure. Its message alone tells the operator, or the caller, what is wrong and what
 * to do; commands print it without a stack trace.
 */
public abstract class UserFacingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  protected UserFacingException(String message) {
    super(message);
  }

  protected UserFacingException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** Without a cause; {@code stackTrace} says whether to record where it was thrown. */
  protected UserFacingException(String message, boolean stackTrace) {
    super(message, null, stackTrace, stackTrace);
  }

  @Override
  public String getMessage() {
    return Objects.requireNonNull(super.getMessage());
  }
}
