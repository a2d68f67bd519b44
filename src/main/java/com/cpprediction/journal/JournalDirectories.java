package com.cpprediction.journal;

import com.cpprediction.files.OwnerOnly;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
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
  private static final int MAX_DAMAGED = 5; // directories that are kept
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS").withZone(ZoneOffset.UTC);

  private static final Pattern DAMAGED = Pattern.compile("damaged-(\\d{8}-\\d{6}-\\d{3})-.*");

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

  /** Makes {@code staging} the current directory and deletes the previous one. */
  void replace(Path staging) throws IOException {
    var previous = current();
    var name = staging.getFileName().toString();
    Files.move(staging, directory.resolve(name.substring(0, name.length() - STAGING.length())));
    force(directory);
    var unneeded = directory.resolve(previous.getFileName() + STAGING);
    Files.move(previous, unneeded); // what a kill leaves of it is deleted by recover()
    delete(unneeded);
    force(directory);
  }

  /** Completes or discards a change that an earlier process left unfinished. */
  void recover() throws IOException {
    try (var entries = Files.newDirectoryStream(directory, "*" + STAGING)) {
      for (var entry : entries) delete(entry);
    }
    setAsideAllBut(current());
  }

  /**
   * Deletes directories that were set aside longer than {@code maxAge} ago, and the oldest others
   * until at most {@value #MAX_DAMAGED} of at most {@code maxBytes} together are left. The newest
   * may be larger.
   *
   * @return the deleted ones
   */
  List<Path> discard(long maxBytes, Duration maxAge) throws IOException {
    var deleted = new ArrayList<Path>();
    var newestFirst = new ArrayList<>(damaged());
    newestFirst.removeIf(path -> !DAMAGED.matcher(path.getFileName().toString()).matches());
    newestFirst.sort(Comparator.comparing(Path::getFileName).reversed());
    long bytes = 0;
    for (int i = 0; i < newestFirst.size(); i++) {
      var path = newestFirst.get(i);
      bytes += bytes(path);
      boolean surplus = i >= MAX_DAMAGED || i > 0 && bytes > maxBytes;
      var age = Duration.between(setAsideAt(path), clock.instant());
      if (!surplus && age.compareTo(maxAge) <= 0) continue;
      delete(path);
      deleted.add(path);
    }
    return deleted;
  }

  /** Bytes of the directories that were set aside. */
  long damagedBytes() throws IOException {
    long bytes = 0;
    for (var path : damaged()) bytes += bytes(path);
    return bytes;
  }

  private static Instant setAsideAt(Path damaged) {
    var name = DAMAGED.matcher(damaged.getFileName().toString());
    if (!name.matches()) throw new IllegalArgumentException(damaged.toString());
    return STAMP.parse(name.group(1), Instant::from);
  }

  private static long bytes(Path directory) throws IOException {
    long bytes = 0;
    try (var files = Files.newDirectoryStream(directory)) {
      for (var file : files) bytes += Files.size(file);
    }
    return bytes;
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

  private static void delete(Path staged) throws IOException {
    if (!Files.exists(staged)) return;
    try (var files = Files.newDirectoryStream(staged)) {
      for (var file : files) Files.delete(file);
    }
    Files.delete(staged);
  }

  private static void force(Path directory) throws IOException {
    try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
