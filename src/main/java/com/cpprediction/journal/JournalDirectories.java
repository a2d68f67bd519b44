package com.cpprediction.journal;

import com.cpprediction.files.OwnerOnly;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The directories inside a journal's directory: {@code 1} holds its files; once they were found
 * damaged, {@code 2} holds what could be saved and {@code damaged-…} all that was there.
 */
final class JournalDirectories {
  private static final Pattern NUMBER = Pattern.compile("[1-9]\\d{0,8}");
  private static final String UNFINISHED = ".unfinished";
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS").withZone(ZoneOffset.UTC);

  private final Path directory;
  private final Clock clock;

  JournalDirectories(Path directory, Clock clock) {
    this.directory = directory;
    this.clock = clock;
  }

  /** The one in use; it may not exist yet. */
  Path current() throws IOException {
    var all = numbered();
    return all.isEmpty() ? directory.resolve("1") : all.get(all.size() - 1);
  }

  /** Where to build the next one. */
  Path begin() throws IOException {
    var built = directory.resolve(number(current()) + 1 + UNFINISHED);
    delete(built);
    return OwnerOnly.createDirectories(built);
  }

  /** Puts {@code built} into use and sets the one before aside. */
  Path finish(Path built) throws IOException {
    var name = built.getFileName().toString();
    var next = directory.resolve(name.substring(0, name.length() - UNFINISHED.length()));
    Files.move(built, next);
    force(directory);
    setAsideAllBut(next);
    return next;
  }

  /** Ends what a process that died began. */
  void tidy() throws IOException {
    try (var entries = Files.newDirectoryStream(directory, "*" + UNFINISHED)) {
      for (var entry : entries) delete(entry);
    }
    setAsideAllBut(current());
  }

  /** What was set aside. */
  List<Path> damaged() throws IOException {
    var all = new ArrayList<Path>();
    if (!Files.isDirectory(directory)) return all;
    try (var entries = Files.newDirectoryStream(directory, "damaged-*")) {
      entries.forEach(all::add);
    }
    return all;
  }

  private void setAsideAllBut(Path kept) throws IOException {
    for (var old : numbered()) {
      if (old.equals(kept)) continue;
      var stamp = STAMP.format(clock.instant());
      Files.move(old, directory.resolve("damaged-" + stamp + "-" + old.getFileName()));
    }
  }

  private List<Path> numbered() throws IOException {
    var all = new ArrayList<Path>();
    if (!Files.isDirectory(directory)) return all;
    try (var entries = Files.newDirectoryStream(directory)) {
      for (var entry : entries) {
        if (NUMBER.matcher(entry.getFileName().toString()).matches()) all.add(entry);
      }
    }
    all.sort(Comparator.comparingInt(JournalDirectories::number));
    return all;
  }

  private static int number(Path generation) {
    return Integer.parseInt(generation.getFileName().toString());
  }

  private static void delete(Path built) throws IOException {
    if (!Files.exists(built)) return;
    try (var files = Files.newDirectoryStream(built)) {
      for (var file : files) Files.delete(file);
    }
    Files.delete(built);
  }

  private static void force(Path directory) throws IOException {
    try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
