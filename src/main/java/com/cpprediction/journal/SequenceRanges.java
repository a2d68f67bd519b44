package com.cpprediction.journal;

import java.nio.ByteBuffer;
import java.util.TreeMap;

/** A set of sequences as ranges; compact for settled sequences, which have few gaps. */
final class SequenceRanges {
  private static final int RANGE = 2 * Long.BYTES;
  private static final int MAX_RANGES = 100; // in a marker

  private final TreeMap<Long, Long> ranges = new TreeMap<>(); // first to one past the last

  /** Adds {@code from} to {@code to}, the latter exclusive. */
  void add(long from, long to) {
    if (from >= to) return;
    long first = from;
    long end = to;
    var before = ranges.floorEntry(from);
    if (before != null && before.getValue() >= from) first = before.getKey();
    for (var next = ranges.ceilingEntry(first); next != null && next.getKey() <= end; ) {
      end = Math.max(end, next.getValue());
      ranges.remove(next.getKey());
      next = ranges.ceilingEntry(first);
    }
    ranges.put(first, end);
  }

  boolean contains(long sequence) {
    var range = ranges.floorEntry(sequence);
    return range != null && range.getValue() > sequence;
  }

  /** The highest sequence, 0 when empty. */
  long highest() {
    return ranges.isEmpty() ? 0 : ranges.lastEntry().getValue() - 1;
  }

  /** How many sequences from 1 to {@code limit} are missing. */
  long missing(long limit) {
    long in = 0;
    for (var range : ranges.headMap(limit, true).entrySet()) {
      in += Math.min(range.getValue(), limit + 1) - range.getKey();
    }
    return limit - in;
  }

  /** The first {@value #MAX_RANGES} ranges, each two i64, big-endian. */
  byte[] encode() {
    int count = Math.min(ranges.size(), MAX_RANGES);
    var out = ByteBuffer.allocate(count * RANGE);
    for (var range : ranges.entrySet()) {
      if (!out.hasRemaining()) break;
      out.putLong(range.getKey()).putLong(range.getValue());
    }
    return out.array();
  }

  /** The highest sequence that {@code encoded} covers, inclusive. */
  static long limit(byte[] encoded) {
    boolean all = encoded.length < MAX_RANGES * RANGE;
    return all ? Long.MAX_VALUE : ByteBuffer.wrap(encoded).getLong(encoded.length - Long.BYTES) - 1;
  }

  void addAll(SequenceRanges others) {
    others.ranges.forEach(this::add);
  }

  /** Adds ranges written by {@link #encode}. */
  void addAll(byte[] encoded) {
    var in = ByteBuffer.wrap(encoded);
    while (in.remaining() >= RANGE) add(in.getLong(), in.getLong());
  }
}
