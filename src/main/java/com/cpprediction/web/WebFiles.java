package com.cpprediction.web;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Reads resources of this package from the jar: blocks. Thread-safe. */
public final class WebFiles {
  private WebFiles() {}

  /**
   * @param name relative to this package, such as {@code uplot/uPlot.min.css}
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

  /** As {@link #bytes}, decoded as UTF-8. */
  public static String text(String name) {
    return new String(bytes(name), StandardCharsets.UTF_8);
  }
}
