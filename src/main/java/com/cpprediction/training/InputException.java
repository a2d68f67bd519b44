package com.cpprediction.training;

/** Input that cannot be used at all; the message says what to do. */
public final class InputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  InputException(String message) {
    super(message);
  }
}
