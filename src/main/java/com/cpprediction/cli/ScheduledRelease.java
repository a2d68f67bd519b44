package com.cpprediction.cli;

import com.cpprediction.csv.OutputPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A release of {@code train --schedule}, in a directory named by the time, and the link {@code
 * shadow} beside it that names the latest one.
 *
 * @param directory of the release
 */
record ScheduledRelease(Path directory) {
  /** Name of the link, to be the {@code models.shadow.dir} of the service. */
  static final String LINK = "shadow";

  static final int KEPT = 7;

  private static final Pattern TIME = Pattern.compile("\\d{8}T\\d{6}Z");

  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  static ScheduledRelease of(Path schedule, Instant now) {
    return new ScheduledRelease(schedule.resolve(NAME.format(now)));
  }

  /** Points the link to this release, in one step, and removes old ones beside it. */
  void link() {
    var link = directory.resolveSibling(LINK);
    var next = directory.resolveSibling(LINK + ".new");
    try {
      Files.deleteIfExists(next); // of a killed training
      Files.createSymbolicLink(next, directory.getFileName());
      Files.move(next, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      removeOld();
    } catch (IOException e) {
      throw OutputPath.failure(link, e);
    }
  }

  /** Keeps the latest {@value #KEPT}: each has the size of the release that serves. */
  private void removeOld() throws IOException {
    var schedule = Objects.requireNonNull(directory.toAbsolutePath().getParent());
    List<Path> releases;
    try (var found = Files.list(schedule)) {
      releases =
          found
              .filter(one -> TIME.matcher(one.getFileName().toString()).matches())
              .sorted(Comparator.reverseOrder())
              .toList();
    }
    for (var old : releases.subList(Math.min(KEPT, releases.size()), releases.size())) {
      try (var files = Files.walk(old)) {
        for (var file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
      }
    }
  }
}
