package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MigrationsTest {
  @Test
  void listsEveryMigrationInTheOrderOfVersions() throws Exception {
    try (var files = Files.list(Path.of("src/main/resources/db/migration"))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrderElementsOf(Migrations.FILES);
    }
    assertThat(Migrations.all())
        .extracting(applied -> Integer.parseInt(applied.version()))
        .isSorted()
        .doesNotHaveDuplicates();
  }

  @Test
  void leavesThePublishedMigrationsAsTheyWere() {
    assertThat(Migrations.all().stream().limit(3).map(Migrations.Applied::checksum))
        .as("those of commit 00d1e0d, whose databases would be refused otherwise")
        .containsExactly(1849196185, -785995526, -2063211010);
  }
}
