package com.cpprediction.training;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Encoded rows by prefix, in blocks of whole rows: the first blocks in memory, the others in one
 * {@link SpillFile}. Appending is single-threaded; after {@link #finish}, reading is thread-safe.
 */
final class RowStore implements AutoCloseable {
  /** Bytes of a block, exceeded by a block of one longer row. */
  static final int BLOCK = 1 << 15;

  private static final int FIRST_BYTES = 1 << 10;
  private static final Partition NONE = new Partition();

  private final Path directory;
  private final TreeMap<String, Partition> partitions = new TreeMap<>();
  private long memory;
  private @Nullable SpillFile spill;

  private static final class Partition {
    final List<byte[]> held = new ArrayList<>(); // the first blocks
    long[] at = {}; // by block in the file
    int[] lengths = {};
    int spilled;
    byte[] open = new byte[FIRST_BYTES];
    int length;
    long rows;
  }

  /**
   * @param directory for the file
   * @param memory bytes of blocks to hold in memory
   */
  RowStore(Path directory, long memory) {
    this.directory = directory;
    this.memory = memory;
  }

  /** Appends the encoded row in {@code from..to} of {@code bytes}. */
  void append(String prefix, byte[] bytes, int from, int to) {
    var partition = partitions.computeIfAbsent(prefix, p -> new Partition());
    int added = to - from;
    if (partition.length + added > BLOCK) closeBlock(partition);
    if (partition.length + added > partition.open.length) {
      int doubled = Math.min(2 * partition.open.length, BLOCK);
      partition.open = Arrays.copyOf(partition.open, Math.max(doubled, partition.length + added));
    }
    System.arraycopy(bytes, from, partition.open, partition.length, added);
    partition.length += added;
    partition.rows++;
  }

  private void closeBlock(Partition partition) {
    if (partition.length == 0) return;
    if (spill == null && memory >= partition.length) {
      memory -= partition.length;
      partition.held.add(Arrays.copyOf(partition.open, partition.length));
    } else {
      if (spill == null) spill = SpillFile.create(directory);
      if (partition.spilled == partition.at.length) {
        int room = 8 + partition.spilled + partition.spilled / 2;
        partition.at = Arrays.copyOf(partition.at, room);
        partition.lengths = Arrays.copyOf(partition.lengths, room);
      }
      partition.at[partition.spilled] = spill.append(partition.open, partition.length);
      partition.lengths[partition.spilled++] = partition.length;
    }
    partition.length = 0;
    if (partition.open.length > BLOCK) partition.open = new byte[BLOCK];
  }

  /** Ends appending. */
  void finish() {
    for (var partition : partitions.values()) {
      closeBlock(partition);
      partition.open = new byte[0];
    }
  }

  /** Prefixes with rows, ascending. */
  Set<String> prefixes() {
    return partitions.keySet();
  }

  /** Number of rows of a prefix. */
  long rows(String prefix) {
    return partitions.getOrDefault(prefix, NONE).rows;
  }

  /** Number of blocks of a prefix. */
  int blocks(String prefix) {
    var partition = partitions.getOrDefault(prefix, NONE);
    return partition.held.size() + partition.spilled;
  }

  /** The encoded rows of a block, in the order they were appended. */
  byte[] block(String prefix, int index) {
    var partition = partitions.getOrDefault(prefix, NONE);
    int inFile = index - partition.held.size();
    if (inFile < 0) return partition.held.get(index);
    Objects.checkIndex(inFile, partition.spilled);
    return Objects.requireNonNull(spill).read(partition.at[inFile], partition.lengths[inFile]);
  }

  /** A part of a block. */
  byte[] part(String prefix, int index, int from, int to) {
    var partition = partitions.getOrDefault(prefix, NONE);
    int inFile = index - partition.held.size();
    if (inFile < 0) return Arrays.copyOfRange(partition.held.get(index), from, to);
    Objects.checkIndex(inFile, partition.spilled);
    Objects.checkFromToIndex(from, to, partition.lengths[inFile]);
    return Objects.requireNonNull(spill).read(partition.at[inFile] + from, to - from);
  }

  @Override
  public void close() {
    if (spill != null) spill.close();
    spill = null;
  }
}
