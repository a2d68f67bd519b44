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
import java.util.regex.Pattern;

/** The files that {@code --data} names. */
final class InputFiles {
  private static final int NAMED = 5;
  private static final Pattern CSV =
      Pattern.compile("[^.].*\\.(csv|tsv)(\\.gz)?", Pattern.CASE_INSENSITIVE);

  private InputFiles() {}

  /**
   * The files of {@code data}; of a directory, those named {@code .csv} or {@code .tsv}, plain or
   * with {@code .gz} behind, in the order of their names.
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

  /** Names the files in directories of {@code data} that are not read, by directory. */
  static List<String> leftOut(List<Path> data) {
    var notes = new ArrayList<String>();
    for (var directory : data) {
      if (!Files.isDirectory(directory)) continue;
      var names =
          files(directory).stream()
              .filter(file -> !isCsv(file))
              .map(file -> file.getFileName().toString())
              .filter(name -> !name.startsWith("."))
              .toList();
      if (names.isEmpty()) continue;
      var named = String.join(", ", names.subList(0, Math.min(NAMED, names.size())));
      var more = names.size() > NAMED ? " and %d more".formatted(names.size() - NAMED) : "";
      notes.add("Not read, by their names, of %s: %s%s".formatted(directory, named, more));
    }
    return notes;
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
    var files = files(directory).stream().filter(InputFiles::isCsv).toList();
    if (files.isEmpty()) {
      throw new InputException("There is no .csv or .csv.gz file in " + directory);
    }
    return files;
  }

  private static List<Path> files(Path directory) {
    try (var entries = Files.list(directory)) {
      return entries.filter(Files::isRegularFile).sorted().toList();
    } catch (IOException | UncheckedIOException e) {
      throw cannotRead(directory, e);
    }
  }

  /** Whether a file in a directory of {@code --data} is read, by its name. */
  static boolean isCsv(Path file) {
    var name = file.getFileName().toString();
    return CSV.matcher(name).matches();
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
