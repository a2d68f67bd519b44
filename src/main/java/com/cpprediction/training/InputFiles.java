package com.cpprediction.training;

import com.cpprediction.csv.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;

/** The files that {@code --data} names. */
final class InputFiles {
  private InputFiles() {}

  /**
   * The files of {@code data}; of a directory, its {@code .csv} and {@code .csv.gz} files by name.
   *
   * @throws InputException when a file is named twice, or a directory has none
   */
  static List<Path> of(List<Path> data) {
    var files = new ArrayList<Path>();
    for (var path : data) {
      if (Files.isDirectory(path)) files.addAll(within(path));
      else files.add(path);
    }
    var real = new HashSet<Path>();
    for (var file : files) {
      if (!real.add(real(file))) throw new InputException(file + " is named twice; name it once");
    }
    return files;
  }

  /** Bytes of all files; empty when one is a pipe or a device. */
  static OptionalLong bytes(List<Path> files) {
    long bytes = 0;
    for (var file : files) {
      if (!Files.isRegularFile(file)) return OptionalLong.empty();
      try {
        bytes += Files.size(file);
      } catch (IOException e) {
        throw cannotRead(file, e);
      }
    }
    return OptionalLong.of(bytes);
  }

  private static List<Path> within(Path directory) {
    try (var entries = Files.list(directory)) {
      var files = entries.filter(InputFiles::isCsv).filter(Files::isRegularFile).sorted().toList();
      if (files.isEmpty()) {
        throw new InputException("There is no .csv or .csv.gz file in " + directory);
      }
      return files;
    } catch (IOException | UncheckedIOException e) {
      throw cannotRead(directory, e);
    }
  }

  /** Whether a file in a directory of {@code --data} is read, by its name. */
  static boolean isCsv(Path file) {
    var name = file.getFileName().toString();
    return !name.startsWith(".") && (name.endsWith(".csv") || name.endsWith(".csv.gz"));
  }

  private static Path real(Path file) {
    try {
      return file.toRealPath();
    } catch (IOException e) {
      return file; // reading it reports the fault
    }
  }

  private static InputException cannotRead(Path path, Exception e) {
    return new InputException("Cannot read " + path + ": " + e.getMessage());
  }
}
