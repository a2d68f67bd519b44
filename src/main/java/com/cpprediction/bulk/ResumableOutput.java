package com.cpprediction.bulk;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import com.cpprediction.csv.InputException;
import com.cpprediction.csv.OutputPath;
import com.cpprediction.files.OwnerOnly;
import com.cpprediction.json.Digests;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * The result lines of a long run over an input file, in a file, and its progress, in the file
 * beside it that ends in {@value #SUFFIX}: SHA-256 of the input, its last line with a result, the
 * length of the results up to there, and what the run wants to know of itself. Results are on the
 * disk before the progress that vouches for them. Both files are this user's alone, and one process
 * at a time writes them. Used by one thread.
 */
public final class ResumableOutput implements AutoCloseable {
  /** End of the name of the progress file. */
  public static final String SUFFIX = ".progress";

  private static final String DIGEST = "input_sha256";
  private static final String LINE = "line";
  private static final String BYTES = "result_bytes";
  private static final String STATE = "state";
  private static final int BUFFER = 1 << 16;

  private final Path file;
  private final Path progress;
  private final String digest;
  private final FileChannel channel;
  private final StringBuilder lines = new StringBuilder();
  private long line;
  private JsonObject state = new JsonObject();

  private ResumableOutput(Path file, Path progress, String digest, FileChannel channel) {
    this.file = file;
    this.progress = progress;
    this.digest = digest;
    this.channel = channel;
  }

  /**
   * Opens the results of a run over {@code input}.
   *
   * @param resume whether an unfinished run goes on; without one it begins
   * @throws InputException when a file can't be used, another process writes it, or {@code input}
   *     is not the one of the unfinished run
   */
  public static ResumableOutput open(Path file, Path input, boolean resume) {
    OutputPath.checkFile(file);
    var progress = progress(file);
    try {
      var digest = digest(input);
      var channel = FileChannel.open(OwnerOnly.createFile(file), WRITE);
      try {
        if (channel.tryLock() == null) {
          throw new InputException("Another process writes %s; wait for its end".formatted(file));
        }
        var results = new ResumableOutput(file, progress, digest, channel);
        if (resume) results.goOn();
        channel.truncate(channel.position());
        return results;
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw OutputPath.failure(file, e);
    }
  }

  /** The progress file of {@code file}. */
  public static Path progress(Path file) {
    return file.resolveSibling(file.getFileName() + SUFFIX);
  }

  private static String digest(Path input) {
    var sha256 = Digests.sha256();
    try (var in = Files.newInputStream(input)) {
      var buffer = new byte[BUFFER];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        sha256.update(buffer, 0, read);
      }
      return HexFormat.of().formatHex(sha256.digest());
    } catch (NoSuchFileException e) {
      throw new InputException("There is no file " + input);
    } catch (IOException e) {
      throw new InputException("Cannot read %s: %s".formatted(input, e.getMessage()));
    }
  }

  /** Continues behind the last progress, if there is one. */
  private void goOn() throws IOException {
    if (!Files.exists(progress)) return;
    try {
      var before = new JsonObject(Files.readString(progress));
      if (!digest.equals(before.getString(DIGEST))) {
        throw new InputException(
            "%s is of another file, or of this one before it was changed; delete it to begin anew"
                .formatted(progress));
      }
      long bytes = before.getLong(BYTES);
      if (channel.size() < bytes) {
        throw new InputException(
            "%s is shorter than it was; delete %s to begin anew".formatted(file, progress));
      }
      state = before.getJsonObject(STATE).copy();
      line = before.getLong(LINE);
      channel.position(bytes);
    } catch (DecodeException | ClassCastException | NullPointerException e) {
      throw new InputException("%s is damaged; delete it to begin anew".formatted(progress));
    }
  }

  /** SHA-256 of the input, in hexadecimal digits. */
  public String digest() {
    return digest;
  }

  /** Number of the last line of the input with a result; 0 for none. */
  public long line() {
    return line;
  }

  /** What {@link #save} kept of an earlier run; empty for none. */
  public JsonObject state() {
    return state.copy();
  }

  /** Adds a result, which ends with a line feed. */
  public void add(String result) {
    lines.append(result);
  }

  /**
   * Writes the results added since the last call, then the progress.
   *
   * @param line the last one of the input with a result
   * @param state to be known when the run goes on
   */
  public void save(long line, JsonObject state) {
    try {
      var bytes = ByteBuffer.wrap(lines.toString().getBytes(UTF_8));
      while (bytes.hasRemaining()) channel.write(bytes);
      lines.setLength(0);
      channel.force(false);
      this.line = line;
      var json =
          new JsonObject()
              .put(DIGEST, digest)
              .put(LINE, line)
              .put(BYTES, channel.position())
              .put(STATE, state);
      var next = OwnerOnly.createFile(progress.resolveSibling(progress.getFileName() + ".new"));
      Files.writeString(next, json.encode());
      Files.move(next, progress, ATOMIC_MOVE, REPLACE_EXISTING);
    } catch (IOException e) {
      throw OutputPath.failure(file, e);
    }
  }

  /** Forgets the progress of a complete run. */
  public void finish() {
    try {
      Files.deleteIfExists(progress);
    } catch (IOException e) {
      throw OutputPath.failure(progress, e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw OutputPath.failure(file, e);
    }
  }
}
