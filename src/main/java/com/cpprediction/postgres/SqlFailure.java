package com.cpprediction.postgres;

import com.cpprediction.prediction.ServiceException;
import io.vertx.pgclient.PgException;
import java.sql.SQLException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Kinds of SQL failure, by how to retry. SQLSTATEs: PostgreSQL manual, appendix A. */
public enum SqlFailure {
  /** Unreachable, restarting, out of resources or unresponsive: a later retry may succeed. */
  TRANSIENT,
  /** A missing table, a wrong password, a read-only server: an operator has to act. */
  PERMANENT,
  /** PostgreSQL works and rejects a value. */
  ROW_REJECTED;

  public static SqlFailure of(Throwable failure) {
    if (failure instanceof EncodingException) return PERMANENT;
    var state = sqlState(failure);
    if (state == null) return TRANSIENT;
    return switch (state.substring(0, 2)) {
      case "22", "23" -> ROW_REJECTED;
      // Connection, rollback, resources, object in use, operator intervention, system, internal.
      case "08", "40", "53", "55", "57", "58", "XX" -> TRANSIENT;
      default -> PERMANENT;
    };
  }

  /** The cause as a word from a closed set, for programs; {@link #describe} is for people. */
  public static String reason(Throwable failure) {
    if (failure instanceof TimeoutException) return "silent";
    if (failure instanceof EncodingException) return "encoding";
    var state = sqlState(failure);
    if (state == null) return "unreachable";
    return switch (state) {
      case "28P01", "28000" -> "sign-in";
      case "3D000" -> "no-database";
      case "42P01" -> "no-table";
      case "42501" -> "no-permission";
      case "25006" -> "read-only";
      default ->
          switch (state.substring(0, 2)) {
            case "08" -> "unreachable";
            case "53" -> "out-of-resources";
            case "57" -> "starting-or-stopping";
            default -> "error";
          };
    };
  }

  /** The SQLSTATE, or null when PostgreSQL sent none. */
  public static @Nullable String sqlState(Throwable failure) {
    for (var cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof PgException e) return e.getSqlState();
      if (cause instanceof SQLException e) return e.getSQLState();
    }
    return null;
  }

  /** A sentence for an operator, without passwords and values of rows. */
  public static String describe(Throwable failure) {
    if (failure instanceof TimeoutException) return "PostgreSQL does not answer in time";
    if (failure instanceof ServiceException || failure instanceof EncodingException) {
      return String.valueOf(failure.getMessage()); // for an operator already
    }
    var state = sqlState(failure);
    if (state == null) return "PostgreSQL can't be reached: " + message(failure);
    return switch (state) {
      case "28P01", "28000" -> "PostgreSQL refuses the user or the password" + of(failure, state);
      case "3D000" -> "The database does not exist" + of(failure, state);
      case "42P01" -> "A table is missing" + of(failure, state);
      case "42501" -> "The user lacks a permission" + of(failure, state);
      case "25006" -> "PostgreSQL is read-only" + of(failure, state);
      default ->
          switch (state.substring(0, 2)) {
            case "08" -> "PostgreSQL can't be reached" + of(failure, state);
            case "53" -> "PostgreSQL is out of resources" + of(failure, state);
            case "57" -> "PostgreSQL is starting or stopping" + of(failure, state);
            case "22", "23" -> "PostgreSQL refuses a value (SQLSTATE " + state + ")";
            default -> "PostgreSQL reports an error" + of(failure, state);
          };
    };
  }

  private static String of(Throwable failure, String state) {
    return ": %s (SQLSTATE %s)".formatted(message(failure), state);
  }

  /** The driver's own message: a wrapper's may quote the connection URI and so its password. */
  private static String message(Throwable failure) {
    for (var cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof PgException e) return e.getErrorMessage();
      if (cause instanceof SQLException e)
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }
    return String.valueOf(failure.getMessage());
  }
}
