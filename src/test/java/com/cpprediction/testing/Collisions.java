package com.cpprediction.testing;

import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;

/** What a caller sends to fill one place of a hash table: values of one {@code hashCode}. */
public final class Collisions {
  private static final int BITS = 12; // of an id that are random beside its time

  private Collisions() {}

  /** Different words of one {@link String#hashCode}: sequences of "an" and "c0", which share it. */
  public static List<String> words(int count) {
    int parts = Integer.SIZE - Integer.numberOfLeadingZeros(count - 1);
    return IntStream.range(0, count)
        .mapToObj(
            i -> {
              var word = new StringBuilder();
              for (int bit = 0; bit < parts; bit++) word.append((i >> bit & 1) == 0 ? "an" : "c0");
              return word.toString();
            })
        .toList();
  }

  /**
   * Different UUIDs of version 7 and one {@link UUID#hashCode}.
   *
   * @param millis their time, since 1970
   * @param count 4,096 at most
   */
  public static List<UUID> ids(long millis, int count) {
    if (count > 1 << BITS) throw new IllegalArgumentException("no more than 4,096");
    long high = millis << 16 | 7 << BITS;
    return IntStream.range(0, count).mapToObj(i -> new UUID(high | i, 1L << 63 | i)).toList();
  }
}
