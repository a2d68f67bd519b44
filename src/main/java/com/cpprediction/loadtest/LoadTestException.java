package com.cpprediction.loadtest;

/** A load test cannot run, or cannot write its report; the message says what to do. */
public final class LoadTestException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public LoadTestException(String message, Throwable cause) {
    super(message, cause);
  }
}
