package com.cpprediction.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Directories that another process may change meanwhile; {@link Files#walk} fails where a file goes
 * between its listing and its reading.
 */
public final class Directories {
  private Directories() {}

  /** Files in {@code directory}, at any depth, that are there and hold {@code text} in any case. */
  public static List<Path> filesWith(Path directory, String text) throws IOException {
    var wanted = text.toLowerCase(Locale.ROOT);
    var found = new ArrayList<Path>();
    Files.walkFileTree(
        directory,
        new Visitor() {
          @Override
          void file(Path file) throws IOException {
            if (!Files.isRegularFile(file)) return;
            var content = new String(Files.readAllBytes(file), ISO_8859_1);
            if (content.toLowerCase(Locale.ROOT).contains(wanted)) found.add(file);
          }
        });
    return found;
  }

  /** Deletes {@code directory} and all that is in it; leaves what is written meanwhile. */
  public static void delete(Path directory) {
    try {
      Files.walkFileTree(
          directory,
          new Visitor() {
            @Override
            void file(Path file) throws IOException {
              Files.deleteIfExists(file);
            }

            @Override
            void left(Path directory) throws IOException {
              Files.deleteIfExists(directory);
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private abstract static class Visitor extends SimpleFileVisitor<Path> {
    abstract void file(Path file) throws IOException;

    void left(Path directory) throws IOException {}

    @Override
    public final FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
        throws IOException {
      try {
        file(file);
      } catch (NoSuchFileException e) {
        // gone since it was listed
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public final FileVisitResult visitFileFailed(Path file, IOException failure)
        throws IOException {
      if (failure instanceof NoSuchFileException) return FileVisitResult.CONTINUE;
      throw failure;
    }

    @Override
    public final FileVisitResult postVisitDirectory(Path directory, IOException failure)
        throws IOException {
      if (failure != null && !(failure instanceof NoSuchFileException)) throw failure;
      try {
        left(directory);
      } catch (DirectoryNotEmptyException e) {
        // a file has come since it was listed
      }
      return FileVisitResult.CONTINUE;
    }
  }
}
