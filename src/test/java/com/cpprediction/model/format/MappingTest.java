package com.cpprediction.model.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.json.Digests;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappingTest {
  /** The mapping may be closed as soon as the check returns: its reader must have ended. */
  @Test
  void finishesTheCheckOfAnInterruptedThread(@TempDir Path directory) throws Exception {
    var content = new byte[1 << 20];
    var file = Files.write(directory.resolve("model.mmap"), content);
    try (var mapping = Mapping.of(file, Mapping.Kind.MAPPED)) {
      Thread.currentThread().interrupt();

      boolean same = mapping.is(Digests.sha256Hex(content));

      assertThat(Thread.interrupted()).isTrue();
      assertThat(same).isTrue();
    }
  }
}
