package com.cpprediction.model.format;

import com.cpprediction.common.Labelled;
import com.cpprediction.common.UserFacingException;

/** A model, or a release of them, that cannot be used; the message says why. */
public final class ModelException extends UserFacingException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  /** Kinds of reasons: a closed set, for a meter. */
  public enum Reason implements Labelled {
    /** A file is not there. */
    MISSING,
    /** A file cannot be read, or a library not be loaded. */
    UNREADABLE,
    /** A file is not the one that was released. */
    DIGEST,
    /** A file is not what this service reads, or contradicts itself. */
    FORMAT,
    /** It answers something else than XGBoost did when it was trained. */
    PARITY;
  }

  /** One whose reason is {@link Reason#FORMAT}. */
  public ModelException(String message) {
    this(Reason.FORMAT, message);
  }

  /** One whose reason is {@link Reason#FORMAT}. */
  public ModelException(String message, Throwable cause) {
    this(Reason.FORMAT, message, cause);
  }

  public ModelException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public ModelException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
