package com.cpprediction.tls;

import com.cpprediction.common.UserFacingException;

/** A key or a certificate can't be used; the message says which one, why and what to do. */
public final class TlsException extends UserFacingException {
  private static final long serialVersionUID = 1L;

  TlsException(String message) {
    super(message);
  }
}
