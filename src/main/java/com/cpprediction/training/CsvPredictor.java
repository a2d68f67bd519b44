package com.cpprediction.training;

import com.cpprediction.model.Scorer;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Scored;
import com.cpprediction.prediction.ServiceException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;

/** Answers a file of addresses with a release, offline. */
public final class CsvPredictor {
  private CsvPredictor() {}

  /**
   * Writes a row for each row of {@code in}, in order: its address and pincode, then either the
   * answer or the code of the problem. {@code out} is replaced when all is answered and may be
   * {@code in}.
   *
   * @param in CSV with a column {@code address} and, where known, {@code pincode}
   * @param models what answers
   * @return rows written
   * @throws InputException when {@code in} cannot be read or {@code out} not be written
   */
  public static long predict(Path in, Path out, OfflinePredictor models, Progress progress) {
    var scorer = new Scorer();
    var rows = new LongAdder();
    try (var csv = CsvFile.create(out)) {
      csv.write(header());
      progress.begin("predicting", Progress.UNKNOWN);
      CsvRows.each(
          in,
          List.of("address"),
          row -> {
            csv.write(answer(row, scorer, models));
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

  private static List<String> answer(CsvRows.Row row, Scorer scorer, OfflinePredictor models) {
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
    return models.predict(scorer, address).candidates();
  }
}
