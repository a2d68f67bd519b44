package com.cpprediction.persistence;

/** The embedded PostgreSQL can't start; the message says why and what to do. */
public final class DatabaseStartException extends RuntimeException {
  DatabaseStartException(String message, Throwable cause) {
    super(message, cause);
  }

  DatabaseStartException(String message) {
    super(message);
  }
}
