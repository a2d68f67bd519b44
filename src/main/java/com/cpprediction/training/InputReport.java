package com.cpprediction.training;

import java.util.List;

/**
 * The content of a training's input. A row's place is its line, behind the name of its file where
 * there are several.
 *
 * @param files number of files read
 * @param rows number of usable rows
 * @param outside number of rows before {@code --since} or not before {@code --until}
 * @param faults of the unusable rows, in the order of their first examples
 * @param notes faults of the text that leave its rows usable, as of {@link
 *     com.cpprediction.csv.CsvRows#notes}
 * @param duplicates number of rows that repeat the canonical text, pincode and CP of an earlier row
 * @param contradicting number of rows whose canonical text and pincode have several CPs
 * @param contradicted number of canonical texts with pincode that have several CPs
 * @param contradictions the first ten of these, by prefix: places and CPs of two rows each
 */
public record InputReport(
    int files,
    long rows,
    long outside,
    List<Fault> faults,
    List<String> notes,
    long duplicates,
    long contradicting,
    long contradicted,
    List<String> contradictions) {
  /**
   * Unusable rows of a kind.
   *
   * @param examples the first five, in the order of the input: place and fault
   */
  public record Fault(String kind, long count, List<String> examples) {}

  /** Number of unusable rows. */
  public long bad() {
    return faults.stream().mapToLong(Fault::count).sum();
  }

  /** Examples of all kinds. */
  public List<String> badExamples() {
    return faults.stream().flatMap(fault -> fault.examples().stream()).toList();
  }
}
