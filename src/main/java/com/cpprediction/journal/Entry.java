package com.cpprediction.journal;

/**
 * A record in the journal.
 *
 * @param sequence in the order of appending; of its first part
 * @param parts it is written in, each of a sequence of its own
 * @param appendedAt milliseconds since 1970
 * @param body as given to {@link Journal#append}; not to be changed
 */
public record Entry(long sequence, int parts, long appendedAt, byte[] body) {
  /** What it takes on disk. */
  long bytes() {
    return body.length + (long) parts * (Frame.OVERHEAD + ArtemisSetup.OVERHEAD);
  }

  /** One past the sequence of its last part. */
  long end() {
    return sequence + parts;
  }
}
