package com.cpprediction.persistence;

import com.cpprediction.journal.Journal;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.ShadowComparison;
import com.cpprediction.prediction.ShadowComparison.Side;
import java.nio.file.Path;
import java.time.Clock;
import java.util.stream.IntStream;

/** Comparisons with a shadow release in the journal of a stopped service. */
public final class JournaledComparisons {
  private JournaledComparisons() {}

  /** Appends {@code count} of them, in one record. */
  public static void append(Path directory, int count) {
    var comparisons =
        IntStream.range(0, count)
            .mapToObj(
                i ->
                    new ShadowComparison(
                        PredictionIds.next(),
                        "S" + i,
                        "560",
                        false,
                        null,
                        new Side("now", "CP1", 0.9, "3f9a1c2e"),
                        new Side("next", "CP2", 0.8, "1c2e3f9a")))
            .toList();
    try (var journal = Journal.in(directory, Clock.systemUTC(), cause -> {})) {
      journal.open();
      journal.append(journal.entry(ComparisonFormat.write(comparisons)));
      journal.sync();
    }
  }
}
