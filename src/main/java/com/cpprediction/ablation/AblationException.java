package com.cpprediction.ablation;

/** The comparison cannot go on, or what it is to read is not its own; the message says why. */
public final class AblationException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  AblationException(String message) {
    super(message);
  }

  AblationException(String message, Throwable cause) {
    super(message, cause);
  }
}
