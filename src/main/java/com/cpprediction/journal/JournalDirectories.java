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
 * The directories of a journal: {@code 1} holds its files. Once these are damaged, {@code 2} holds
 * the recovered records and {@code damaged-…} the original files.
 */
final class JournalDirectories {
  private static final Pattern NUMBER = Pattern.compile("[1-9]\\d{0,8}");
  private static final String STAGING = ".unfinished";
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS").withZone(ZoneOffset.UTC);

  private final Path directory;
  private final Clock clock;

  JournalDirectories(Path directory, Clock clock) {
    this.directory = directory;
    this.clock = clock;
  }

  /** The directory in use; it may not exist yet. */
  Path current() throws IOException {
    var all = numbered();
    return all.isEmpty() ? directory.resolve("1") : all.get(all.size() - 1);
  }

  /** Creates an empty directory for recovered records. */
  Path stage() throws IOException {
    var staging = directory.resolve(number(current()) + 1 + STAGING);
    delete(staging);
    return OwnerOnly.createDirectories(staging);
  }

  /** Makes {@code staging} the current directory and sets the previous one aside. */
  Path activate(Path staging) throws IOException {
    var name = staging.getFileName().toString();
    var next = directory.resolve(name.substring(0, name.length() - STAGING.length()));
    Files.move(staging, next);
    force(directory);
    setAsideAllBut(next);
    return next;
  }

  /** Completes or discards a change that an earlier process left unfinished. */
  void recover() throws IOException {
    try (var entries = Files.newDirectoryStream(directory, "*" + STAGING)) {
      for (var entry : entries) delete(entry);
    }
    setAsideAllBut(current());
  }

  /** Directories that were set aside. */
  List<Path> damaged() throws IOException {
    var all = new ArrayList<Path>();
    if (!Files.isDirectory(directory)) return all;
    try (var entries = Files.newDirectoryStream(directory, "damaged-*")) {
      entries.forEach(all::add);
    }
    return all;
  }

  private void setAsideAllBut(Path keep) throws IOException {
    for (var other : numbered()) {
      if (other.equals(keep)) continue;
      var stamp = STAMP.format(clock.instant());
      Files.move(other, directory.resolve("damaged-" + stamp + "-" + other.getFileName()));
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

  private static int number(Path directory) {
    return Integer.parseInt(directory.getFileName().toString());
  }

  private static void delete(Path staging) throws IOException {
    if (!Files.exists(staging)) return;
    try (var files = Files.newDirectoryStream(staging)) {
      for (var file : files) Files.delete(file);
    }
    Files.delete(staging);
  }

  private static void force(Path directory) throws IOException {
    try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
