package com.cpprediction.cli;

import com.cpprediction.csv.OutputPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/**
 * A release of {@code train --schedule}, in a directory named by the time, and the link {@code
 * shadow} beside it that names the latest one.
 *
 * @param directory of the release
 */
record ScheduledRelease(Path directory) {
  /** Name of the link, to be the {@code models.shadow.dir} of the service. */
  static final String LINK = "shadow";

  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  static ScheduledRelease of(Path schedule, Instant now) {
    return new ScheduledRelease(schedule.resolve(NAME.format(now)));
  }

  /** Points the link to this release, in one step. */
  void link() {
    var link = directory.resolveSibling(LINK);
    var next = directory.resolveSibling(LINK + ".new");
    try {
      Files.deleteIfExists(next); // of a killed training
      Files.createSymbolicLink(next, directory.getFileName());
      Files.move(next, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw OutputPath.failure(link, e);
    }
  }
}
