package com.cpprediction.json;

import java.util.Objects;

/** A document that is no JSON, or not the JSON that is read here. Carries no stack trace. */
public final class MalformedJsonException extends RuntimeException {
  MalformedJsonException(String message) {
    super(message, null, false, false);
  }

  @Override
  public String getMessage() {
    return Objects.requireNonNull(super.getMessage());
  }
}
