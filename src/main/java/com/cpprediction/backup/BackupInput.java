package com.cpprediction.backup;

import com.cpprediction.json.Digests;
import java.io.FileNotFoundException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * Reads a backup. Throws {@link BackupException} where it is damaged or can't be read. Not
 * thread-safe.
 */
final class BackupInput implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  private final Path file;
  private final ZipFile zip;
  private final BackupManifest manifest;

  private BackupInput(Path file, ZipFile zip) throws IOException {
    this.file = file;
    this.zip = zip;
    try (var in = entry(BackupManifest.ENTRY)) {
      if (in == null) throw new BackupException("it has no manifest; is it a backup?");
      manifest = BackupManifest.decode(in.readAllBytes());
    }
  }

  static BackupInput open(Path file) {
    if (Files.isDirectory(file)) throw new BackupException(file + " is a directory; name a file");
    try {
      var zip = new ZipFile(file.toFile());
      try {
        return new BackupInput(file, zip);
      } catch (IOException | RuntimeException e) {
        zip.close();
        throw e;
      }
    } catch (BackupException e) {
      throw new BackupException("Cannot restore %s: %s".formatted(file, e.getMessage()), e);
    } catch (FileNotFoundException | NoSuchFileException e) {
      throw new BackupException("There is no file " + file);
    } catch (ZipException e) {
      throw new BackupException(
          "%s is no backup, or a damaged one; take another (%s)".formatted(file, e.getMessage()),
          e);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  BackupManifest manifest() {
    return manifest;
  }

  /** Reads all rows and compares them with the manifest. */
  void verify(CopyProgress progress) {
    progress.begin("verifying", manifest.bytes());
    var block = new byte[BUFFER];
    for (var table : manifest.tables()) {
      var digest = Digests.sha256();
      try (var in = rows(table, progress)) {
        for (int read = in.read(block); read >= 0; read = in.read(block)) {
          digest.update(block, 0, read);
        }
      } catch (ZipException e) {
        throw damaged(table, e);
      } catch (IOException e) {
        throw unreadable(e);
      }
      if (!HexFormat.of().formatHex(digest.digest()).equals(table.sha256())) {
        throw damaged(table, null);
      }
    }
  }

  /** The rows of a table in the text format of {@code COPY}. */
  InputStream rows(BackupManifest.Table table, CopyProgress progress) throws IOException {
    var entry = entry(table.entry());
    if (entry == null) throw damaged(table, null);
    return new FilterInputStream(entry) {
      @Override
      public int read(byte[] block, int from, int length) throws IOException {
        int read = in.read(block, from, length);
        if (read > 0) progress.add(read);
        return read;
      }
    };
  }

  BackupException damaged(BackupManifest.Table table, @Nullable Exception cause) {
    return new BackupException(
        "%s is damaged in the rows of %s; take another backup".formatted(file, table.name()),
        cause);
  }

  private @Nullable InputStream entry(String name) throws IOException {
    var entry = zip.getEntry(name);
    return entry == null ? null : zip.getInputStream(entry);
  }

  private static BackupException unreadable(IOException e) {
    return new BackupException("Cannot read the backup: " + e.getMessage(), e);
  }

  @Override
  public void close() {
    try {
      zip.close();
    } catch (IOException e) {
      throw unreadable(e);
    }
  }
}
