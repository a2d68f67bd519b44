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
}
