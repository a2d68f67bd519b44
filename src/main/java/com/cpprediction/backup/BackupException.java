package com.cpprediction.backup;

import com.cpprediction.common.UserFacingException;
import com.cpprediction.postgres.SqlFailure;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** A backup or restore that can't be done; the message says why and what to do. */
public final class BackupException extends UserFacingException {
  private static final long serialVersionUID = 1;

  BackupException(String message) {
    this(message, null);
  }

  BackupException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /**
   * @param what could not be done, such as {@code "back up the database"}
   */
  static BackupException of(String what, SQLException cause) {
    return new BackupException("Cannot %s: %s".formatted(what, SqlFailure.describe(cause)), cause);
  }
}
