package com.cpprediction.bulk;

import com.cpprediction.json.Digests;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.HexFormat;
import java.util.UUID;

/**
 * The prediction ids of the lines of a file: UUID v7 of the time when the run began, whose random
 * bits are those of SHA-256 over the digest of the file and the number of the line. The same line
 * of the same run has the same id, however often it is sent. Used by one thread.
 */
final class BulkIds {
  private static final long VERSION_7 = 0x7000;
  private static final long RANDOM_A = 0x0FFF;
  private static final long VARIANT = Long.MIN_VALUE; // binary 10
  private static final int VARIANT_BITS = 2;
  private static final int SHORT_DIGEST = 12; // hexadecimal digits

  private final String digest;
  private final byte[] seed;
  private long millis;

  /**
   * @param digest SHA-256 of the file, in hexadecimal digits
   * @param began when the first run over it began
   */
  BulkIds(String digest, Instant began) {
    this.digest = digest;
    seed = HexFormat.of().parseHex(digest);
    millis = began.toEpochMilli();
  }

  /** Gives lines that were never sent ids of another time. */
  void renew(Instant began) {
    millis = began.toEpochMilli();
  }

  /** The prediction id of a line. */
  UUID predictionId(long line) {
    var bytes = ByteBuffer.allocate(seed.length + Long.BYTES).put(seed).putLong(line).array();
    var hash = ByteBuffer.wrap(Digests.sha256(bytes));
    return new UUID(
        millis << Short.SIZE | VERSION_7 | hash.getLong() & RANDOM_A,
        VARIANT | hash.getLong() >>> VARIANT_BITS);
  }

  /** The shipment id of a line that has none, such as {@code 0f3c5a7e9b21-17}. */
  String shipmentId(long line) {
    return digest.substring(0, SHORT_DIGEST) + '-' + line;
  }
}
