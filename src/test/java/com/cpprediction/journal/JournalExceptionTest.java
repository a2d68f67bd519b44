package com.cpprediction.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import org.junit.jupiter.api.Test;

class JournalExceptionTest {
  @Test
  void omitsPathsFromItsMessage() {
    assertThat(said(new FileSystemException("/srv/cp/journal/j-1.jrn", null, "Input/output error")))
        .isEqualTo("The journal can't be written: (a file): Input/output error");
    assertThat(said(new FileNotFoundException("/srv/cp/journal/x y/j-1.jrn (Too many open files)")))
        .endsWith("(Too many open files)")
        .doesNotContain("srv", "journal/");
    assertThat(said(new IOException("cannot open '/srv/cp/journal/j-1.jrn', closed")))
        .isEqualTo("The journal can't be written: cannot open '(a file)', closed");
    assertThat(said(new IOException("a/b is 1/2")))
        .isEqualTo("The journal can't be written: a/b is 1/2");
    assertThat(said(new IOException())).isEqualTo("The journal can't be written: null");
  }

  private static String said(IOException cause) {
    return JournalException.of(new UncheckedIOException(cause)).getMessage();
  }
}
