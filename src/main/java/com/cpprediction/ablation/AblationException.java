package com.cpprediction.ablation;

import com.cpprediction.common.UserFacingException;

/** A comparison cannot run, or its files cannot be read or written; the message says why. */
public final class AblationException extends UserFacingException {
  private static final long serialVersionUID = 1L;

  AblationException(String message) {
    super(message);
  }

  AblationException(String message, Throwable cause) {
    super(message, cause);
  }
}
