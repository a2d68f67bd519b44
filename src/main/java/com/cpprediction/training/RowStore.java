package com.cpprediction.training;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
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
    final List<Supplier<byte[]>> blocks = new ArrayList<>();
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
    if (memory >= partition.length) {
      memory -= partition.length;
      var bytes = Arrays.copyOf(partition.open, partition.length);
      partition.blocks.add(() -> bytes);
    } else {
      var file = spill == null ? SpillFile.create(directory) : spill;
      spill = file;
      int length = partition.length;
      long at = file.append(partition.open, length);
      partition.blocks.add(() -> file.read(at, length));
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
    return partitions.getOrDefault(prefix, NONE).blocks.size();
  }

  /** The encoded rows of a block, in the order they were appended. */
  byte[] block(String prefix, int index) {
    return partitions.getOrDefault(prefix, NONE).blocks.get(index).get();
  }

  @Override
  public void close() {
    if (spill != null) spill.close();
    spill = null;
  }
}
