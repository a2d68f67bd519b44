package com.cpprediction.training;

import com.cpprediction.csv.BadRow;
import com.cpprediction.csv.CsvOutput;
import com.cpprediction.csv.CsvRows;
import com.cpprediction.csv.InputException;
import com.cpprediction.model.Scorer;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Scored;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.terminal.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;

/** Predicts the CPs of a file of addresses with a release, offline. */
public final class CsvPredictor {
  private CsvPredictor() {}

  /**
   * Writes a row for each row of {@code in}, in order: address, pincode, then the candidates or the
   * code of the error. {@code out} is replaced at the end and may be {@code in}.
   *
   * @param in CSV with a column {@code address} and, where known, {@code pincode}
   * @return number of rows written
   * @throws InputException when {@code in} cannot be read or {@code out} not be written
   */
  public static long predict(Path in, Path out, OfflinePredictor models, Progress progress) {
    var scorer = new Scorer();
    var rows = new LongAdder();
    try (var csv = CsvOutput.create(out)) {
      csv.write(header());
      progress.begin("predicting", Progress.UNKNOWN);
      CsvRows.each(
          in,
          List.of("address"),
          row -> {
            csv.write(cells(row, scorer, models));
            rows.increment();
            progress.step(1);
          });
      csv.publish();
    }
    return rows.sum();
  }

  private static List<String> header() {
    var header = new ArrayList<>(List.of("address", "pincode", "cp", "confidence"));
    for (int i = 2; i <= Scored.CANDIDATES; i++) header.addAll(List.of("cp" + i, "confidence" + i));
    header.add("problem");
    return header;
  }

  private static List<String> cells(CsvRows.Row row, Scorer scorer, OfflinePredictor models) {
    var record = new ArrayList<>(List.of(row.getOrEmpty("address"), row.getOrEmpty("pincode")));
    var problem = "";
    try {
      for (var candidate : candidates(row, scorer, models)) {
        record.add(candidate.cp());
        record.add(String.format(Locale.ROOT, "%.6f", candidate.confidence()));
      }
    } catch (BadRow e) {
      problem = Failure.MALFORMED_REQUEST.slug();
    } catch (ServiceException e) {
      problem = e.failure().slug();
    }
    while (record.size() < 2 + 2 * Scored.CANDIDATES) record.add("");
    record.add(problem);
    return record;
  }

  private static List<Candidate> candidates(
      CsvRows.Row row, Scorer scorer, OfflinePredictor models) {
    row.check();
    var address = Address.of(row.address(), row.getOrEmpty("pincode"));
    return models.predict(scorer, address).scored().candidates();
  }
}
