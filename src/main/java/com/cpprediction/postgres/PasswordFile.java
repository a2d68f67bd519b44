package com.cpprediction.postgres;

import com.cpprediction.files.OwnerOnly;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The password of the embedded server's only user, in a file of mode 0600. The file has the form
 * that {@code psql} reads as {@code PGPASSFILE} (PostgreSQL manual, "The Password File").
 */
public final class PasswordFile {
  private static final Logger log = LoggerFactory.getLogger(PasswordFile.class);
  private static final int BYTES = 32;
  private static final String HOST = "127.0.0.1";

  private final Path file;
  private final String user;

  /**
   * @param user whose password it is
   */
  PasswordFile(Path file, String user) {
    this.file = file;
    this.user = user;
  }

  /** The password in the file; empty when there is none that can be used. */
  public Optional<String> read() throws IOException {
    if (!Files.isRegularFile(file)) return Optional.empty();
    var line = Pattern.compile("%s:\\*:\\*:%s:([0-9a-f]{64})\n?".formatted(HOST, user));
    var found = line.matcher(Files.readString(file));
    return found.matches() ? Optional.of(found.group(1)) : Optional.empty();
  }

  /** The password in the file, or a new one where there is none or others may have read it. */
  String readOrMake() throws IOException {
    if (Files.exists(file) && !OwnerOnly.isClosed(file)) {
      log.warn("Other users may have read {}; there is a new password in it", file);
      Files.delete(file);
    }
    var before = read();
    if (before.isPresent()) return before.get();
    var random = new byte[BYTES];
    new SecureRandom().nextBytes(random);
    var password = HexFormat.of().formatHex(random);
    write(password);
    return password;
  }

  /** Whole or not at all, also when the machine fails. */
  private void write(String password) throws IOException {
    var fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    OwnerOnly.createFile(fresh);
    Files.writeString(fresh, "%s:*:*:%s:%s\n".formatted(HOST, user, password));
    try (var channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
