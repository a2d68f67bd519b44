package com.cpprediction.server;

import com.cpprediction.common.UserFacingException;
import org.jspecify.annotations.Nullable;

/** The service can't start; the message says why and what to do. */
public final class StartException extends UserFacingException {
  private static final long serialVersionUID = 1L;

  public StartException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
