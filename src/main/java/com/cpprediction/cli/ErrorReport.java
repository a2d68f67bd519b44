package com.cpprediction.cli;

import com.cpprediction.common.UserFacingException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;

/** The text for a failure: its message when it was foreseen, else its stack trace. */
final class ErrorReport {
  private ErrorReport() {}

  static String describe(Throwable failure) {
    if (failure instanceof UserFacingException || failure instanceof UncheckedIOException) {
      return String.valueOf(failure.getMessage());
    }
    var text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text));
    return text.toString();
  }
}
