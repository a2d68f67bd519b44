package com.cpprediction.web;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Reads the files of this package. Thread-safe; reads the jar, so it blocks. */
public final class WebFiles {
  private WebFiles() {}

  /**
   * @param name below this package, as {@code uplot/uPlot.min.css}
   * @throws IllegalArgumentException when there is no such file
   */
  public static byte[] bytes(String name) {
    try (var in = WebFiles.class.getResourceAsStream(name)) {
      if (in == null) throw new IllegalArgumentException("No file " + name);
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same as text in UTF-8. */
  public static String text(String name) {
    return new String(bytes(name), StandardCharsets.UTF_8);
  }
}
