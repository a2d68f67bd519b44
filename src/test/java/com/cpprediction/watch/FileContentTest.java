package com.cpprediction.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileContentTest {
  @TempDir Path dir;

  @Test
  void readsAFileUpToItsLimit() throws IOException {
    var file = Files.writeString(dir.resolve("file"), "abcd");

    assertThat(FileContent.read(file, 4))
        .isEqualTo(new FileContent(Optional.of(Buffer.buffer("abcd")), ""));
    assertThat(FileContent.read(file, 3))
        .isEqualTo(new FileContent(Optional.empty(), "is larger than 3 bytes"));
  }

  @Test
  void distinguishesAbsentEmptyAndUnreadableFiles() throws IOException {
    var empty = FileContent.read(Files.createFile(dir.resolve("empty")), 4);
    var directory = FileContent.read(dir, 4);

    assertThat(FileContent.read(dir.resolve("absent"), 4).absent()).isTrue();
    assertThat(FileContent.ABSENT.problem()).isEqualTo("does not exist");
    assertThat(empty.absent()).isFalse();
    assertThat(empty.problem()).isEmpty();
    assertThat(directory.absent()).isFalse();
    assertThat(directory.problem()).startsWith("can't be read: ");
  }

  @Test
  void doesNotPrintWhatTheFileHolds() throws IOException {
    var file = Files.writeString(dir.resolve("file"), "hunter2");

    assertThat(FileContent.read(file, 100)).hasToString("FileContent[present]");
    assertThat(FileContent.ABSENT).hasToString("FileContent[does not exist]");
  }
}
