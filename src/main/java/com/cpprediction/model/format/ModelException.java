package com.cpprediction.model.format;

import com.cpprediction.common.Labelled;
import com.cpprediction.common.UserFacingException;

/** A model or a release is unusable. */
public final class ModelException extends UserFacingException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  /** Reasons as tags of a meter. */
  public enum Reason implements Labelled {
    /** A file is missing. */
    MISSING,
    /** A file can't be read or a library can't be loaded. */
    UNREADABLE,
    /** A file has another digest than the released one. */
    DIGEST,
    /** A file has another format or is inconsistent. */
    FORMAT,
    /** Its scores differ from those of XGBoost after training. */
    PARITY,
    /** It is less accurate on held-back addresses than the served one. */
    ACCURACY;
  }

  /** Creates one of reason {@link Reason#FORMAT}. */
  public ModelException(String message) {
    this(Reason.FORMAT, message);
  }

  /** Creates one of reason {@link Reason#FORMAT}. */
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
