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
 * The password of the embedded server's role, in a file of mode 0600 and in the format of {@code
 * PGPASSFILE} (PostgreSQL manual, "The Password File").
 */
final class PasswordFile {
  private static final Logger log = LoggerFactory.getLogger(PasswordFile.class);
  private static final int BYTES = 32;
  private static final String HOST = "127.0.0.1";

  private final Path file;
  private final String user;

  PasswordFile(Path file, String user) {
    this.file = file;
    this.user = user;
  }

  /** The password in the file; empty when the file is missing or malformed. */
  Optional<String> read() throws IOException {
    if (!Files.isRegularFile(file)) return Optional.empty();
    var line = Pattern.compile("%s:\\*:\\*:%s:([0-9a-f]{64})\n?".formatted(HOST, user));
    var found = line.matcher(Files.readString(file));
    return found.matches() ? Optional.of(found.group(1)) : Optional.empty();
  }

  /** The password in the file; a new one where it is missing or other users may have read it. */
  String readOrCreate() throws IOException {
    if (Files.exists(file) && !OwnerOnly.isClosed(file)) {
      log.warn("Other users may have read {}; there is a new password in it", file);
      Files.delete(file);
    }
    var existing = read();
    if (existing.isPresent()) return existing.get();
    var random = new byte[BYTES];
    new SecureRandom().nextBytes(random);
    var password = HexFormat.of().formatHex(random);
    write(password);
    return password;
  }

  /** Writes atomically, also across a power failure. */
  private void write(String password) throws IOException {
    var temporary = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(temporary);
    OwnerOnly.createFile(temporary);
    Files.writeString(temporary, "%s:*:*:%s:%s\n".formatted(HOST, user, password));
    try (var channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
