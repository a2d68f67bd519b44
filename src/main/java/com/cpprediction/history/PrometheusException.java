package com.cpprediction.history;

import org.jspecify.annotations.Nullable;

/** Prometheus can't be asked, or its answer can't be used; the message names no host. */
final class PrometheusException extends RuntimeException {
  private static final long serialVersionUID = 1;

  PrometheusException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
