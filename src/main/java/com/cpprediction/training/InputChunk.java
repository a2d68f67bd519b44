package com.cpprediction.training;

import com.cpprediction.csv.BadRow;
import com.cpprediction.csv.CsvRows;
import java.util.ArrayList;
import java.util.List;

/** Consecutive rows of the input, read on one thread and encoded on another. */
final class InputChunk {
  private static final int MOST_ROWS = 1_000;

  /** Maximum characters, exceeded by the last row. */
  private static final int MOST_CHARACTERS = 1 << 18;

  private final long firstNumber;
  private final TrainingInput.Options options;
  private final List<CsvRows.Row> rows = new ArrayList<>();
  private int characters;

  /**
   * Encoded rows.
   *
   * @param prefixes by row
   * @param ends offset in {@code bytes} behind a row, by row
   * @param outside number of rows of another time
   */
  record Encoded(
      byte[] bytes,
      List<String> prefixes,
      List<Integer> ends,
      long outside,
      List<FaultCounts.Fault> faults) {
    void appendTo(RowStore store) {
      int from = 0;
      for (int row = 0; row < ends.size(); row++) {
        store.append(prefixes.get(row), bytes, from, ends.get(row));
        from = ends.get(row);
      }
    }
  }

  /**
   * @param firstNumber {@link InputRow#number} of its first row
   */
  InputChunk(long firstNumber, TrainingInput.Options options) {
    this.firstNumber = firstNumber;
    this.options = options;
  }

  void add(CsvRows.Row row) {
    rows.add(row);
    characters += row.length();
  }

  boolean isFull() {
    return rows.size() >= MOST_ROWS || characters >= MOST_CHARACTERS;
  }

  Encoded encode() {
    var encoder = new RowCodec.Encoder();
    var prefixes = new ArrayList<String>(rows.size());
    var ends = new ArrayList<Integer>(rows.size());
    var faults = new ArrayList<FaultCounts.Fault>();
    long outside = 0;
    for (int i = 0; i < rows.size(); i++) {
      var row = rows.get(i);
      try {
        row.check();
        var time = Timestamps.parse(row.getOrEmpty(TrainingInput.TIME));
        if (options.hasTimes()) {
          if (time == null) throw noTime(row);
          if (!options.contains(time)) {
            outside++;
            continue;
          }
        }
        var labelled = LabelledRow.of(row);
        var text = InputRow.canonical(labelled.address());
        encoder.put(
            new InputRow(labelled, text, InputRow.PLAIN, time, firstNumber + i, row.line()));
        prefixes.add(labelled.prefix());
        ends.add(encoder.length());
      } catch (BadRow e) {
        faults.add(new FaultCounts.Fault(firstNumber + i, row.line(), e));
      }
    }
    return new Encoded(encoder.bytes(), prefixes, ends, outside, faults);
  }

  private static BadRow noTime(CsvRows.Row row) {
    row.get(TrainingInput.TIME);
    return new BadRow("time is not an ISO date or date-time");
  }
}
