package com.cpprediction.journal;

/**
 * A journal record.
 *
 * @param sequence of its first part; increases with each append
 * @param parts number of parts, each with its own sequence
 * @param appendedAt milliseconds since 1970
 * @param body the array passed to {@link Journal#append}; must not be modified
 */
public record Entry(long sequence, int parts, long appendedAt, byte[] body) {
  /** Size on disk. */
  long bytes() {
    return body.length + (long) parts * (Frame.OVERHEAD + ArtemisSetup.OVERHEAD);
  }

  /** One past the sequence of its last part. */
  long end() {
    return sequence + parts;
  }
}
