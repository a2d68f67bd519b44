package com.cpprediction.backup;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import com.cpprediction.csv.OutputPath;
import com.cpprediction.files.OwnerOnly;
import com.cpprediction.json.Digests;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes a backup: a ZIP file with an entry for each table, then the manifest. It grows in a hidden
 * file beside the target that {@link #publish} moves into place once it is on the disk; closing
 * without publishing deletes it. What a killed process left there is overwritten by the next backup
 * to the same target. Only this user may read it. Not thread-safe.
 */
final class BackupOutput implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  private final Path target;
  private final Path temporary;
  private final FileChannel channel;
  private final ZipOutputStream zip;
  private boolean published;

  private BackupOutput(Path target, Path temporary, FileChannel channel) {
    this.target = target;
    this.temporary = temporary;
    this.channel = channel;
    zip = new ZipOutputStream(new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER));
  }

  /** Writes rows to {@code to}, which it leaves open, and returns their number. */
  @FunctionalInterface
  interface Rows {
    long writeTo(OutputStream to) throws SQLException, IOException;
  }

  /**
   * @param file replaced on {@link #publish} where it exists
   * @throws BackupException when another process writes a backup there
   */
  static BackupOutput create(Path file) throws IOException {
    var target = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
    var temporary = target.resolveSibling("." + target.getFileName() + ".part");
    var channel = FileChannel.open(OwnerOnly.createFile(temporary), WRITE);
    try {
      if (channel.tryLock() == null || !Files.exists(temporary)) { // or it was just published
        throw new BackupException(
            "Another process writes a backup to %s; wait for its end".formatted(file));
      }
      channel.truncate(0);
      return new BackupOutput(target, temporary, channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Adds the rows of a table. */
  BackupManifest.Table add(String table, List<String> columns, Rows rows, CopyProgress progress)
      throws SQLException, IOException {
    var digest = Digests.sha256();
    zip.putNextEntry(new ZipEntry(table + BackupManifest.Table.SUFFIX));
    var counting = new CountingStream(new DigestOutputStream(zip, digest), progress);
    var buffered = new BufferedOutputStream(counting, BUFFER); // pgjdbc writes row by row
    long count = rows.writeTo(buffered);
    buffered.flush();
    zip.closeEntry();
    var sha256 = HexFormat.of().formatHex(digest.digest());
    return new BackupManifest.Table(table, columns, count, counting.bytes, sha256);
  }

  /** Adds the manifest, and moves the file into place once all of it is on the disk. */
  void publish(BackupManifest manifest) throws IOException {
    zip.putNextEntry(new ZipEntry(BackupManifest.ENTRY));
    zip.write(manifest.encode());
    zip.closeEntry();
    zip.finish();
    zip.flush();
    channel.force(true);
    Files.move(temporary, target, ATOMIC_MOVE, REPLACE_EXISTING);
    published = true;
    try (var directory = FileChannel.open(target.getParent(), READ)) {
      directory.force(true);
    }
  }

  @Override
  public void close() {
    try {
      if (!published) Files.deleteIfExists(temporary);
      channel.close(); // and not the stream, which would write its rest to a full disk
    } catch (IOException e) {
      throw OutputPath.failure(target, e);
    }
  }

  /** Counts what is written in blocks. */
  private static final class CountingStream extends FilterOutputStream {
    private final CopyProgress progress;
    private long bytes;

    CountingStream(OutputStream out, CopyProgress progress) {
      super(out);
      this.progress = progress;
    }

    @Override
    public void write(byte[] block, int from, int length) throws IOException {
      out.write(block, from, length);
      bytes += length;
      progress.add(length);
    }
  }
}
