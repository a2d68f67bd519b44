package com.cpprediction.prediction;

/** A foreseen failure: which one, and what the caller can do about it. Carries no stack trace. */
public final class ServiceException extends RuntimeException {
  private final transient Failure failure;

  ServiceException(Failure failure, String detail) {
    super(detail, null, false, false);
    this.failure = failure;
  }

  public Failure failure() {
    return failure;
  }
}
