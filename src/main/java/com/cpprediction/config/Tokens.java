package com.cpprediction.config;

import com.cpprediction.json.Digests;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Bearer tokens, any of which lets its bearer in: with two of them one can replace the other while
 * callers know either. Keeps their digests only. Immutable.
 */
public final class Tokens {
  /** Separated by blanks; the end is not {@code $}, which a line feed may follow. */
  static final Pattern SYNTAX =
      Pattern.compile("^(?:\\s*[!-~]{16,512}(?:\\s+[!-~]{16,512})*\\s*)?(?![\\s\\S])");

  public static final Tokens NONE = new Tokens(List.of());

  private final List<ByteBuffer> digests;

  private Tokens(List<ByteBuffer> digests) {
    this.digests = digests;
  }

  /**
   * @param key names them in the error, which doesn't quote them
   * @param text empty, or tokens of 16 to 512 printable ASCII characters, separated by blanks
   */
  public static Tokens of(String key, String text) {
    if (!SYNTAX.matcher(text).find()) {
      throw new IllegalArgumentException(key + " is not well-formed");
    }
    if (text.isEmpty()) return NONE;
    return new Tokens(
        Arrays.stream(text.strip().split("\\s+"))
            .map(Tokens::digest)
            .map(ByteBuffer::wrap)
            .toList());
  }

  /** Whether there is none. */
  public boolean none() {
    return digests.isEmpty();
  }

  /** Whether {@code token} is one of them; how long that takes says nothing about them. */
  public boolean accept(String token) {
    var given = digest(token);
    boolean found = false;
    for (var digest : digests) found |= MessageDigest.isEqual(digest.array(), given);
    return found;
  }

  private static byte[] digest(String token) {
    return Digests.sha256(token.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Tokens that && digests.equals(that.digests);
  }

  @Override
  public int hashCode() {
    return digests.hashCode();
  }

  @Override
  public String toString() {
    return none() ? "none" : "***";
  }
}
