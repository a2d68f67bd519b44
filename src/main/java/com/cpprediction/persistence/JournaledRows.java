package com.cpprediction.persistence;

import com.cpprediction.journal.Entry;
import java.util.Collection;

/** A journal record with the number of its unsettled rows. */
public final class JournaledRows {
  private final Entry entry;
  private int open;

  JournaledRows(Entry entry, int rows) {
    this.entry = entry;
    open = rows;
  }

  Entry entry() {
    return entry;
  }

  /** Counts a settled row; returns whether it was the last. */
  boolean settle() {
    return --open == 0;
  }

  /** Whether {@code entry} has comparisons with a shadow release, and no prediction. */
  static boolean isComparison(Entry entry) {
    return ComparisonFormat.count(entry.body()) > 0;
  }

  /** Number of comparisons in {@code entries}. */
  public static int countComparisons(Collection<Entry> entries) {
    return entries.stream().mapToInt(entry -> ComparisonFormat.count(entry.body())).sum();
  }

  /** Number of predictions in {@code entries}, without records of a later version. */
  public static int count(Collection<Entry> entries) {
    return entries.stream().mapToInt(entry -> RowFormat.rows(entry.body()).length).sum();
  }
}
