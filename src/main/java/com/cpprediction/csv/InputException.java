package com.cpprediction.csv;

import com.cpprediction.common.UserFacingException;

/** Input files, or options about them, that cannot be used; the message says what to do. */
public final class InputException extends UserFacingException {
  private static final long serialVersionUID = 1L;

  public InputException(String message) {
    super(message);
  }
}
