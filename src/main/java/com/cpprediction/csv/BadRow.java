package com.cpprediction.csv;

/** An unusable row of a CSV file; the message names the fault, without the line number. */
public final class BadRow extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public BadRow(String message) {
    super(message);
  }
}
