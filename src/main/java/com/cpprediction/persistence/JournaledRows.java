package com.cpprediction.persistence;

import com.cpprediction.journal.Entry;
import java.util.Collection;

/** A record of the journal and how many of its rows are on their way; settled with the last. */
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

  /** Takes note that one row more is settled; whether it was the last. */
  boolean settle() {
    return --open == 0;
  }

  /** How many predictions {@code entries} hold; without those that a later version wrote. */
  public static int count(Collection<Entry> entries) {
    return entries.stream().mapToInt(entry -> RowFormat.rows(entry.body()).length).sum();
  }
}
