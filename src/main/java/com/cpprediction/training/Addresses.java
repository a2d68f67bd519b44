package com.cpprediction.training;

import com.cpprediction.model.Scorer;
import com.cpprediction.model.Scoring;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Scored;
import com.cpprediction.prediction.ServiceException;
import de.siegmar.fastcsv.writer.CsvWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/** Answers a file of addresses with a release, offline. */
public final class Addresses {
  private Addresses() {}

  /**
   * Writes a row for each row of {@code in}, in order: its address and pincode, then either the
   * answer or the code of the problem.
   *
   * @param in CSV with a column {@code address} and, where known, {@code pincode}
   * @param scorings finds what answers a pincode; null where nothing does
   * @return rows written
   * @throws InputException when {@code in} cannot be read or {@code out} not be written
   */
  public static long predict(Path in, Path out, Function<String, Scoring> scorings) {
    var scorer = new Scorer();
    var rows = new LongAdder();
    try (var csv = CsvWriter.builder().build(out)) {
      var header = new ArrayList<>(List.of("address", "pincode", "cp", "confidence"));
      for (int i = 2; i <= Scored.CANDIDATES; i++)
        header.addAll(List.of("cp" + i, "confidence" + i));
      header.add("problem");
      csv.writeRecord(header);
      Table.read(
          in,
          List.of("address"),
          row -> {
            var answer =
                answer(row.getOrEmpty("address"), row.getOrEmpty("pincode"), scorer, scorings);
            try {
              csv.writeRecord(answer);
            } catch (UncheckedIOException e) {
              throw cannotWrite(out, e.getCause());
            }
            rows.increment();
          });
    } catch (IOException e) {
      throw cannotWrite(out, e);
    }
    return rows.sum();
  }

  private static InputException cannotWrite(Path out, IOException cause) {
    return new InputException("Cannot write " + out + ": " + cause.getMessage());
  }

  private static List<String> answer(
      String typed, String pincode, Scorer scorer, Function<String, Scoring> scorings) {
    var record = new ArrayList<>(List.of(typed, pincode));
    try {
      var address = Address.of(typed, pincode);
      if (address.pincode() == null) throw Failure.PINCODE_REQUIRED.because("");
      var scoring = scorings.apply(address.pincode());
      if (scoring == null) throw Failure.UNKNOWN_PREFIX.because("");
      for (var candidate : scorer.score(scoring, List.of(address)).get(0).candidates()) {
        record.add(candidate.cp());
        record.add(String.format(Locale.ROOT, "%.6f", candidate.confidence()));
      }
      while (record.size() < 2 + 2 * Scored.CANDIDATES) record.add("");
      record.add("");
    } catch (ServiceException e) {
      while (record.size() < 2 + 2 * Scored.CANDIDATES) record.add("");
      record.add(e.failure().slug());
    }
    return record;
  }
}
