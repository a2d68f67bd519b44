package com.cpprediction.csv;

/** An unusable row of a CSV file; the message names the fault, without the line number. */
public final class BadRow extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String kind;

  /** A fault whose message is its kind. */
  public BadRow(String message) {
    this(message, message);
  }

  /**
   * @param kind of the fault, one of a few texts, to count by
   */
  public BadRow(String kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** Kind of the fault. */
  public String kind() {
    return kind;
  }
}
