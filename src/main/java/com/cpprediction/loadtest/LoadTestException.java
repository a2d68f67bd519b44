package com.cpprediction.loadtest;

import com.cpprediction.common.UserFacingException;
import org.jspecify.annotations.Nullable;

/** A load test cannot run, or cannot write its report; the message says what to do. */
public final class LoadTestException extends UserFacingException {
  private static final long serialVersionUID = 1L;

  public LoadTestException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
