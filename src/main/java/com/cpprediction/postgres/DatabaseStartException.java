package com.cpprediction.postgres;

import com.cpprediction.common.UserFacingException;

/** The embedded PostgreSQL can't start; the message says why and what to do. */
public final class DatabaseStartException extends UserFacingException {
  public DatabaseStartException(String message, Throwable cause) {
    super(message, cause);
  }

  public DatabaseStartException(String message) {
    super(message);
  }
}
