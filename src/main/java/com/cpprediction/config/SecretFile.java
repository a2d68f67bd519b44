package com.cpprediction.config;

import com.cpprediction.watch.FileContent;
import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * A file that holds nothing but a secret, as container platforms mount them.
 *
 * @param key takes the secret
 * @param path named by the variable of the key with {@code _FILE} after it
 */
record SecretFile(ConfigKey key, Path path) {
  static final int MAX_BYTES = 1 << 16;

  /** A byte order mark and a last newline, which editors and {@code echo} write. */
  private static final Pattern AROUND = Pattern.compile("\\A\\uFEFF|\\r?\\n\\z");

  /** Blocks. */
  FileContent read() {
    return FileContent.read(path, MAX_BYTES);
  }

  /**
   * @throws IllegalArgumentException naming variable and path, never quoting the file
   */
  String text(FileContent content) {
    var bytes = content.bytes().orElseThrow(() -> unusable(content.problem()));
    var text = AROUND.matcher(decoded(bytes)).replaceAll("");
    if (text.isEmpty()) throw unusable("is empty");
    return text;
  }

  private String decoded(Buffer bytes) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.getBytes()))
          .toString();
    } catch (CharacterCodingException e) {
      throw unusable("is not valid UTF-8");
    }
  }

  private IllegalArgumentException unusable(String why) {
    return new IllegalArgumentException("%s: %s %s".formatted(key.fileVariable(), path, why));
  }
}
