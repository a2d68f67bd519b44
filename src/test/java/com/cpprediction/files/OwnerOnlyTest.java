package com.cpprediction.files;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.OtherUser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnerOnlyTest {
  @TempDir private Path directory;

  @Test
  void restrictsADirectoryAndItsContentToItsOwner() throws IOException {
    var data = Files.createDirectories(directory.resolve("data/journal/1")).getParent().getParent();
    var file = Files.writeString(data.resolve("journal/1/cp-1.journal"), "rows");
    var program = Files.writeString(data.resolve("program"), "#!/bin/sh");
    var unreadable = Files.writeString(data.resolve("unreadable"), "rows");
    permit(data, "rwxrwxrwx");
    permit(data.resolve("journal"), "rwxr-xr-x");
    permit(file, "rw-rw-rw-");
    permit(program, "rwxr-xr-x");
    permit(unreadable, "---------");

    OwnerOnly.close(data);

    assertThat(permissions(data)).isEqualTo("rwx------");
    assertThat(permissions(data.resolve("journal"))).isEqualTo("rwx------");
    assertThat(permissions(data.resolve("journal/1"))).isEqualTo("rwx------");
    assertThat(permissions(file)).isEqualTo("rw-------");
    assertThat(permissions(program)).isEqualTo("rwx------");
    assertThat(permissions(unreadable)).isEqualTo("rw-------");
  }

  @Test
  void doesNotFollowLinks() throws IOException {
    var data = Files.createDirectory(directory.resolve("data"));
    var elsewhere = Files.writeString(directory.resolve("elsewhere"), "of others");
    permit(elsewhere, "rw-r--r--");
    Files.createSymbolicLink(data.resolve("link"), elsewhere);
    Files.createSymbolicLink(data.resolve("broken"), directory.resolve("nowhere"));

    OwnerOnly.close(data);

    assertThat(permissions(elsewhere)).isEqualTo("rw-r--r--");
  }

  @Test
  void createsWithoutAccessForOthersAndRestrictsWhatExists() throws IOException {
    var made = OwnerOnly.createDirectories(directory.resolve("above/data"));
    var file = OwnerOnly.createFile(made.resolve("file"));
    assertThat(permissions(made)).isEqualTo("rwx------");
    assertThat(permissions(file)).isEqualTo("rw-------");
    Files.writeString(file, "kept");
    permit(made, "rwxrwxrwx");
    permit(file, "rw-rw-rw-");

    OwnerOnly.createDirectories(made);
    OwnerOnly.createFile(file);

    assertThat(permissions(made)).isEqualTo("rwx------");
    assertThat(permissions(file)).isEqualTo("rw-------");
    assertThat(file).hasContent("kept");
  }

  @Test
  void findsAFileThatOthersMayWrite() throws IOException {
    var tree = OwnerOnly.createDirectories(directory.resolve("tree"));
    var program = OwnerOnly.createFile(tree.resolve("program"));
    Files.createSymbolicLink(tree.resolve("link"), program);
    assertThat(OwnerOnly.findSuspect(tree)).isEmpty();

    permit(program, "rwx--x-w-");

    assertThat(OwnerOnly.findSuspect(tree)).contains(new OwnerOnly.Suspect(program, false));
  }

  @Test
  void findsAFileOfAnotherUser() throws IOException {
    var other = OtherUser.nobody();
    permit(directory, "rwxrwxrwx");
    var tree = OwnerOnly.createDirectories(directory.resolve("tree"));
    var program = tree.resolve("program");
    permit(tree, "rwxrwxrwx");
    assertThat(other.run("umask 077; echo planted > " + program).exit()).isZero();
    permit(tree, "rwx------");

    assertThat(OwnerOnly.findSuspect(tree)).contains(new OwnerOnly.Suspect(program, true));
    assertThat(OwnerOnly.isClosed(program)).isFalse();
    assertThat(other.run("mkdir -m 0700 " + directory.resolve("theirs")).exit()).isZero();
    assertThat(
            OwnerOnly.findSuspect(
                directory.resolve("theirs"))) // unreadable to other users than root
        .contains(new OwnerOnly.Suspect(directory.resolve("theirs"), true));
  }

  @Test
  void detectsADirectoryWhoseEntriesOthersMayReplace() throws IOException {
    permit(directory, "rwxrwxrwx");
    assertThat(OwnerOnly.replaceable(directory)).isTrue();
    permit(directory, "rwxrwxr-x");
    assertThat(OwnerOnly.replaceable(directory)).isFalse();
    assertThat(OwnerOnly.replaceable(Path.of("/tmp"))).as("sticky").isFalse();
  }

  private static void permit(Path path, String permissions) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
