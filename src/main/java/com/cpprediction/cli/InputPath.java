package com.cpprediction.cli;

import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;

/** Reads the name of a file that is read once, from its beginning; - is standard input. */
final class InputPath implements ITypeConverter<Path> {
  private static final String STANDARD_INPUT = "/dev/stdin";

  @Override
  public Path convert(String text) {
    return Path.of(text.equals("-") ? STANDARD_INPUT : text);
  }
}
