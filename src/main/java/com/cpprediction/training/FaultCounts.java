package com.cpprediction.training;

import com.cpprediction.csv.BadRow;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts unusable rows by the kind of their fault, and keeps the first of each kind. */
final class FaultCounts {
  private static final int EXAMPLES = 5;

  private final Map<String, Kind> kinds = new LinkedHashMap<>();

  /** An unusable row; see {@link InputRow} for {@code number} and {@code line}. */
  record Fault(long number, long line, BadRow cause) {}

  /** Names the place of a row in the input. */
  interface Places {
    String place(long number, long line);
  }

  private static final class Kind {
    final List<Fault> examples = new ArrayList<>();
    long count;
  }

  /** Counts a row; called in the order of the input. */
  void add(Fault fault) {
    var kind = kinds.computeIfAbsent(fault.cause().kind(), k -> new Kind());
    kind.count++;
    if (kind.examples.size() < EXAMPLES) kind.examples.add(fault);
  }

  List<InputReport.Fault> report(Places places) {
    var report = new ArrayList<InputReport.Fault>();
    kinds.forEach(
        (name, kind) ->
            report.add(
                new InputReport.Fault(
                    name,
                    kind.count,
                    kind.examples.stream()
                        .map(
                            fault ->
                                places.place(fault.number(), fault.line())
                                    + ": "
                                    + fault.cause().getMessage())
                        .toList())));
    return List.copyOf(report);
  }
}
