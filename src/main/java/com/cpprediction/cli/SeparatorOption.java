package com.cpprediction.cli;

import com.cpprediction.csv.NumberedLines;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code --separator}: the character between the values of a CSV file. */
final class SeparatorOption {
  private static final String TAB = "tab";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--separator",
      paramLabel = "CHARACTER",
      converter = Converter.class,
      description =
          "What separates the values of the CSV, such as \";\" or tab (default: as its first line"
              + " says).")
  private @Nullable Character separator;

  /** The character; absent where files tell. */
  @Nullable Character character() {
    return separator;
  }

  /** Refuses the option where {@code file} has a JSON object in each line. */
  void requireCsv(Path file) {
    UsageCheck.require(
        spec, separator == null || !NumberedLines.isNdjson(file), "--separator goes with CSV");
  }

  /** Reads a character that can't be a part of a name or value. */
  static final class Converter implements ITypeConverter<Character> {
    @Override
    public Character convert(String text) {
      if (text.equals(TAB) || text.equals("\\t")) return '\t';
      if (text.length() == 1 && isSeparator(text.charAt(0))) return text.charAt(0);
      throw new TypeConversionException(
          "\"%s\" must be tab or one character, and no letter, digit, space or quote"
              .formatted(text));
    }

    private static boolean isSeparator(char c) {
      return !Character.isLetterOrDigit(c)
          && !Character.isSurrogate(c)
          && (c == '\t' || !Character.isWhitespace(c) && !Character.isSpaceChar(c))
          && c != '"'
          && c != 0;
    }
  }
}
