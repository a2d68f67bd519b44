package com.cpprediction.postgres;

/** The embedded PostgreSQL can't start; the message says why and what to do. */
public final class DatabaseStartException extends RuntimeException {
  public DatabaseStartException(String message, Throwable cause) {
    super(message, cause);
  }

  public DatabaseStartException(String message) {
    super(message);
  }
}
