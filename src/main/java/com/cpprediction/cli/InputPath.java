package com.cpprediction.cli;

import com.cpprediction.csv.StandardInput;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;

/** Reads the name of a file that is read once, from its beginning; - is standard input. */
final class InputPath implements ITypeConverter<Path> {
  private final Locales.PathConverter names = new Locales.PathConverter();

  @Override
  public Path convert(String text) {
    return text.equals("-") ? StandardInput.PATH : names.convert(text);
  }
}
