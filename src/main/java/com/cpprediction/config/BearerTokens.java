package com.cpprediction.config;

import com.cpprediction.json.Digests;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;

/**
 * Bearer tokens, each of which is accepted: a token is replaced by accepting the old and the new
 * one for a while. Holds digests of the tokens only. Immutable.
 */
public final class BearerTokens {
  public static final BearerTokens NONE = new BearerTokens(List.of());

  private final List<ByteBuffer> digests;

  private BearerTokens(List<ByteBuffer> digests) {
    this.digests = digests;
  }

  /**
   * @param text empty, or tokens separated by blanks
   */
  public static BearerTokens of(String text) {
    if (text.isEmpty()) return NONE;
    return new BearerTokens(
        Arrays.stream(text.strip().split("\\s+"))
            .map(BearerTokens::digest)
            .map(ByteBuffer::wrap)
            .toList());
  }

  public boolean none() {
    return digests.isEmpty();
  }

  /** Whether {@code token} is one of the tokens. Takes equally long whichever bytes differ. */
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
    return other instanceof BearerTokens that && digests.equals(that.digests);
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
