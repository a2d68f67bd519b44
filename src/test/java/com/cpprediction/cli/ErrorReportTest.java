package com.cpprediction.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.csv.InputException;
import com.cpprediction.prediction.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;

class ErrorReportTest {
  @Test
  void printsTheMessageAloneOfAForeseenFailure() {
    assertThat(ErrorReport.describe(new InputException("rows.csv is empty")))
        .isEqualTo("rows.csv is empty");
    assertThat(ErrorReport.describe(Failure.NOT_READY.because("No model is loaded")))
        .isEqualTo("No model is loaded");
    assertThat(ErrorReport.describe(new UncheckedIOException("disk", new IOException("full"))))
        .isEqualTo("disk");
  }

  @Test
  void printsTheStackTraceOfAnUnforeseenFailure() {
    assertThat(ErrorReport.describe(new IllegalStateException("a bug")))
        .startsWith("java.lang.IllegalStateException: a bug")
        .contains("\tat " + ErrorReportTest.class.getName());
  }
}
