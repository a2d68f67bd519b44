package com.cpprediction.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Repeated and contradicting rows. Two rows name the same address when their canonical text and
 * pincode are equal.
 *
 * @param duplicates rows with the address and the CP of an earlier row
 * @param contradicting rows of the addresses that have several CPs
 * @param addresses number of addresses that have several CPs
 * @param examples the first of these addresses, by prefix
 */
record Repeats(long duplicates, long contradicting, long addresses, List<List<InputRow>> examples) {
  /** Rows of a pass; a larger prefix takes several passes. */
  static final int ROWS_PER_PASS = 1_250_000;

  /** Heap of a pass in bytes. */
  static final long HEAP = slots(ROWS_PER_PASS) * 28L;

  private static final int EXAMPLES = 10;

  /** Rows of an example, each with another CP. */
  private static final int CPS_PER_EXAMPLE = 2;

  /**
   * Counts them in all prefixes, by 64-bit hashes.
   *
   * @param rowsPerPass bounds the heap
   * @param step called after each prefix
   */
  static Repeats count(RowStore store, int rowsPerPass, Runnable step) {
    var examples = new ArrayList<List<InputRow>>();
    // One table for all passes: a heap that is nearly full has no room for a second one.
    var table = new Table();
    store.prefixes().stream()
        .mapToLong(prefix -> store.rows(prefix) / passes(store, prefix, rowsPerPass))
        .max()
        .ifPresent(most -> table.reserve(slots(most)));
    for (var prefix : store.prefixes()) {
      int passes = passes(store, prefix, rowsPerPass);
      var found = new LinkedHashSet<Long>();
      for (int pass = 0; pass < passes; pass++) {
        table.clear(slots(store.rows(prefix) / passes));
        scan(store, prefix, pass, passes, table);
        found.addAll(table.found);
      }
      if (examples.size() < EXAMPLES) examples.addAll(examples(store, prefix, found));
      step.run();
    }
    int shown = Math.min(EXAMPLES, examples.size());
    return new Repeats(
        table.duplicates,
        table.contradicting,
        table.addresses,
        List.copyOf(examples.subList(0, shown)));
  }

  private static int passes(RowStore store, String prefix, int rowsPerPass) {
    return (int) (store.rows(prefix) / rowsPerPass) + 1;
  }

  /**
   * Slots of a table for {@code rows} on average; a power of two. A third, and a thousand, are
   * spare: the passes over a prefix are of unequal size, by some square roots of the average.
   */
  private static int slots(long rows) {
    return Integer.highestOneBit((int) (rows + rows / 2) + 1024) * 2;
  }

  private static void scan(RowStore store, String prefix, int pass, int passes, Table table) {
    var hashes = new RowCodec.Hashes();
    for (int block = 0; block < store.blocks(prefix); block++) {
      var rows = new RowCodec.Decoder(store.block(prefix, block));
      while (rows.hasNext()) {
        rows.next(hashes);
        if (Long.remainderUnsigned(hashes.address, passes) == pass) table.add(hashes);
      }
    }
  }

  /** The rows of the addresses in {@code found}, in the order of their second CP. */
  private static List<List<InputRow>> examples(RowStore store, String prefix, Set<Long> found) {
    var complete = new ArrayList<List<InputRow>>();
    Map<Long, List<InputRow>> begun = new LinkedHashMap<>();
    var hashes = new RowCodec.Hashes();
    int blocks = store.blocks(prefix);
    for (int block = 0; block < blocks && complete.size() < found.size(); block++) {
      var rows = new RowCodec.Decoder(store.block(prefix, block));
      while (rows.hasNext()) {
        rows.next(hashes);
        if (!found.contains(hashes.address)) continue;
        var own = begun.computeIfAbsent(hashes.address, a -> new ArrayList<>());
        var row = rows.again();
        if (own.size() == CPS_PER_EXAMPLE
            || own.stream().anyMatch(other -> other.row().cp().equals(row.row().cp()))) continue;
        own.add(row);
        if (own.size() == CPS_PER_EXAMPLE) complete.add(own);
      }
    }
    return complete;
  }

  /** Hash tables with open addressing; a hash of zero is stored as one. */
  private static final class Table {
    private static final int SEVERAL_CPS = -1;

    private long[] addressOf = {};
    private long[] firstLabelled = {}; // by slot: address and CP of its first row
    private int[] rowsOf = {}; // by slot: number of its rows, or SEVERAL_CPS
    private long[] labelled = {};
    private int mask;
    final List<Long> found = new ArrayList<>();
    long duplicates;
    long contradicting;
    long addresses;

    /** Makes room for the largest pass. */
    void reserve(int slots) {
      addressOf = new long[slots];
      firstLabelled = new long[slots];
      rowsOf = new int[slots];
      labelled = new long[slots];
    }

    /** Begins a pass; the counts go on. */
    void clear(int slots) {
      mask = slots - 1;
      Arrays.fill(addressOf, 0, slots, 0);
      Arrays.fill(labelled, 0, slots, 0);
      found.clear();
    }

    void add(RowCodec.Hashes row) {
      int other = slot(labelled, row.labelled);
      if (labelled[other] != 0) duplicates++;
      labelled[other] = nonZero(row.labelled);
      int slot = slot(addressOf, row.address);
      if (addressOf[slot] == 0) {
        addressOf[slot] = nonZero(row.address);
        firstLabelled[slot] = row.labelled;
        rowsOf[slot] = 1;
      } else if (rowsOf[slot] == SEVERAL_CPS) {
        contradicting++;
      } else if (firstLabelled[slot] == row.labelled) {
        rowsOf[slot]++;
      } else {
        contradicting += rowsOf[slot] + 1;
        addresses++;
        rowsOf[slot] = SEVERAL_CPS;
        if (found.size() < EXAMPLES) found.add(row.address);
      }
    }

    /** Slot that holds {@code hash}, or the empty one to put it. */
    private int slot(long[] hashes, long hash) {
      int slot = (int) (hash >>> 20) & mask;
      while (hashes[slot] != 0 && hashes[slot] != nonZero(hash)) slot = slot + 1 & mask;
      return slot;
    }

    private static long nonZero(long hash) {
      return hash == 0 ? 1 : hash;
    }
  }

  /**
   * The examples in text.
   *
   * @param place names the place of a row, such as "line 7"
   */
  List<String> lines(Function<InputRow, String> place) {
    return examples.stream()
        .map(
            rows ->
                String.join(
                    ", ", rows.stream().map(r -> place.apply(r) + ": " + r.row().cp()).toList()))
        .toList();
  }
}
