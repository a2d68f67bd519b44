package com.cpprediction.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScheduledReleaseTest {
  private static final Instant FIRST = Instant.parse("2026-11-01T02:30:00Z");
  private static final int DAY = 86_400;

  @TempDir private Path dir;

  @Test
  void linksTheLatestAndKeepsSevenOfThoseBefore() throws Exception {
    Files.createDirectory(dir.resolve("of-an-operator"));
    for (int night = 0; night < 10; night++) {
      var release = ScheduledRelease.of(dir, FIRST.plusSeconds((long) night * DAY));
      Files.createDirectories(release.directory().resolve("560"));
      Files.writeString(release.directory().resolve("560/manifest.json"), "{}");
      release.link();
    }

    assertThat(dir.resolve(ScheduledRelease.LINK).toRealPath())
        .isEqualTo(dir.resolve("20261110T023000Z").toRealPath());
    try (var left = Files.list(dir)) {
      assertThat(left.map(one -> one.getFileName().toString()))
          .containsExactlyInAnyOrderElementsOf(expected());
    }
  }

  private static List<String> expected() {
    var kept = IntStream.rangeClosed(4, 10).mapToObj("202611%02dT023000Z"::formatted);
    return Stream.concat(kept, Stream.of("of-an-operator", ScheduledRelease.LINK)).toList();
  }
}
