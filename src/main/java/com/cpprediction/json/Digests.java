package com.cpprediction.json;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256, which every JDK has. Thread-safe. */
public final class Digests {
  private Digests() {}

  /** A new digest, for content in parts. */
  public static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  public static byte[] sha256(byte[] content) {
    return sha256().digest(content);
  }

  /** The digest in lower-case hex, 64 characters. */
  public static String sha256Hex(byte[] content) {
    return sha256Hex(ByteBuffer.wrap(content));
  }

  /** As {@link #sha256Hex(byte[])}, of the remaining bytes of {@code content}; consumes them. */
  public static String sha256Hex(ByteBuffer content) {
    var digest = sha256();
    digest.update(content);
    return HexFormat.of().formatHex(digest.digest());
  }
}
