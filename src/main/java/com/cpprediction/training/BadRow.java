package com.cpprediction.training;

/** A row that cannot be used; the message says what is wrong with it. */
final class BadRow extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BadRow(String message) {
    super(message);
  }
}
