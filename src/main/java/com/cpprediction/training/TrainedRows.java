package com.cpprediction.training;

import com.cpprediction.csv.InputException;
import com.cpprediction.prediction.Address;
import com.cpprediction.terminal.Plurals;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Rows of an evaluation whose very text the release was trained on. They are found by the samples
 * that a release keeps: its golden addresses, and {@code counts.gz} where that is beside it. There
 * may be more.
 *
 * @param total number of all rows
 * @param rows number of those trained on, at least
 */
public record TrainedRows(long total, long rows) {
  /**
   * @param golden addresses of the models of the release
   * @param release its directory
   * @throws InputException when {@code counts.gz} is there and can't be read
   */
  public static TrainedRows of(List<LabelledRow> rows, Collection<Address> golden, Path release) {
    var texts = rows.stream().map(row -> InputRow.canonical(row.address())).toList();
    var asked = Set.copyOf(texts);
    var known = new HashSet<String>();
    for (var address : golden) if (asked.contains(address.text())) known.add(address.text());
    if (Files.exists(release.resolve(CountsFile.NAME))) {
      CountsFile.each(
          release,
          counts -> {
            for (var place : counts.sample()) {
              for (var text : place.texts()) if (asked.contains(text)) known.add(text);
            }
          });
    }
    return new TrainedRows(rows.size(), texts.stream().filter(known::contains).count());
  }

  /**
   * A warning; empty without such rows.
   *
   * @param name of the release
   */
  public String describe(String name) {
    if (rows == 0) return "";
    return "At least %d of %s trained %s: figures on such rows are too good. Measure on rows that it has not seen, as train --held-back-out writes them"
        .formatted(rows, Plurals.count(total, "row"), name);
  }
}
