package com.cpprediction.bulk;

import com.cpprediction.common.UserFacingException;

/** A run that can't go on; the message says why and what to do. */
public final class BulkException extends UserFacingException {
  private static final long serialVersionUID = 1;

  BulkException(String message) {
    super(message, false);
  }
}
