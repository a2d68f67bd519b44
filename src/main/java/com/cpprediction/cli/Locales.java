package com.cpprediction.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Text of the command line in locales without Unicode, such as {@code LC_ALL=C}: the JVM decodes
 * arguments, file names and output with the locale's encoding and replaces what it lacks.
 */
final class Locales {
  private static final char REPLACEMENT = '\uFFFD';
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline"); // on Linux

  /** An argument that isn't text. */
  static final class UnreadableArgumentException extends Exception {
    private static final long serialVersionUID = 1;

    UnreadableArgumentException(int number, String how) {
      super("Argument %d %s".formatted(number, how));
    }
  }

  /** Converts an option to a path. */
  static final class PathConverter implements ITypeConverter<Path> {
    @Override
    public Path convert(String text) {
      try {
        return Path.of(text);
      } catch (InvalidPathException e) {
        throw new TypeConversionException(
            "\"%s\" is no file name in this locale, whose encoding is %s; set LC_ALL=C.UTF-8"
                .formatted(text, System.getProperty("sun.jnu.encoding")));
      }
    }
  }

  private Locales() {}

  /**
   * The arguments as they were typed: where the JVM replaced characters, their bytes are read from
   * the operating system and decoded as UTF-8.
   *
   * @throws UnreadableArgumentException when they can't be read, or aren't UTF-8
   */
  static String[] typed(String... arguments) throws UnreadableArgumentException {
    int damaged = firstDamaged(arguments);
    if (damaged < 0) return arguments;
    List<byte[]> typed;
    try {
      typed = split(Files.readAllBytes(COMMAND_LINE));
    } catch (IOException e) {
      throw new UnreadableArgumentException(
          damaged + 1,
          "has characters that the locale's encoding, %s, lacks; set LC_ALL=C.UTF-8"
              .formatted(System.getProperty("sun.jnu.encoding")));
    }
    return decoded(typed, arguments);
  }

  /**
   * The last of {@code typed}, as many as {@code arguments}.
   *
   * @param typed the words of the command line, the JVM's own options first
   */
  static String[] decoded(List<byte[]> typed, String... arguments)
      throws UnreadableArgumentException {
    var decoded = arguments.clone();
    int options = typed.size() - arguments.length;
    for (int i = firstDamaged(arguments); i < arguments.length; i++) {
      if (arguments[i].indexOf(REPLACEMENT) < 0) continue;
      try {
        decoded[i] =
            StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(typed.get(options + i)))
                .toString();
      } catch (CharacterCodingException e) {
        throw new UnreadableArgumentException(i + 1, "is not in UTF-8");
      }
    }
    return decoded;
  }

  private static int firstDamaged(String... arguments) {
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i].indexOf(REPLACEMENT) >= 0) return i;
    }
    return -1;
  }

  /** The words of {@code /proc/self/cmdline}, each of which ends with a zero. */
  private static List<byte[]> split(byte[] commandLine) {
    var words = new ArrayList<byte[]>();
    int start = 0;
    for (int i = 0; i < commandLine.length; i++) {
      if (commandLine[i] != 0) continue;
      words.add(Arrays.copyOfRange(commandLine, start, i));
      start = i + 1;
    }
    return words;
  }

  /**
   * The encoding of a standard stream: that of the locale, and UTF-8 where that is ASCII.
   *
   * @param property of the JVM that names the stream's encoding, from JDK 19 on
   */
  static Charset charset(String property) {
    var name = System.getProperty(property, System.getProperty("native.encoding", "UTF-8"));
    var charset = Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.UTF_8;
    return charset.equals(StandardCharsets.US_ASCII) ? StandardCharsets.UTF_8 : charset;
  }
}
