package com.cpprediction.cli;

import com.cpprediction.common.UserFacingException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;

/** Says what went wrong: in a sentence where it was foreseen, with the stack trace where not. */
final class ErrorReport {
  private ErrorReport() {}

  static String describe(Throwable failure) {
    if (failure instanceof UserFacingException || failure instanceof UncheckedIOException) {
      return failure.getMessage();
    }
    var text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text));
    return text.toString();
  }
}
