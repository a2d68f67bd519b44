package com.cpprediction.cli;

import com.cpprediction.ablation.AblationException;
import com.cpprediction.config.ConfigException;
import com.cpprediction.csv.InputException;
import com.cpprediction.journal.JournalException;
import com.cpprediction.loadtest.LoadTestException;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.postgres.DatabaseStartException;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.server.StartException;
import com.cpprediction.tls.TlsException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;

/** Says what went wrong: in a sentence where it was foreseen, with the stack trace where not. */
final class ErrorReport {
  private ErrorReport() {}

  static String describe(Throwable failure) {
    boolean foreseen =
        failure instanceof AblationException
            || failure instanceof ConfigException
            || failure instanceof LoadTestException
            || failure instanceof ModelException
            || failure instanceof ServiceException
            || failure instanceof InputException
            || failure instanceof DatabaseStartException
            || failure instanceof JournalException
            || failure instanceof StartException
            || failure instanceof TlsException
            || failure instanceof UncheckedIOException;
    if (foreseen) return failure.getMessage();
    var text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text));
    return text.toString();
  }
}
