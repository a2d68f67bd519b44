package com.cpprediction.journal;

/**
 * A record in the journal.
 *
 * @param sequence in the order of appending
 * @param appendedAt milliseconds since 1970
 * @param body as given to {@link Journal#append}; not to be changed
 */
public record Entry(long sequence, long appendedAt, byte[] body) {
  /** What it takes on disk. */
  long bytes() {
    return body.length + Frame.HEADER + Library.OVERHEAD;
  }
}
