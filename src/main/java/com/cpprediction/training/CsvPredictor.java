package com.cpprediction.training;

import com.cpprediction.csv.AddedColumns;
import com.cpprediction.csv.BadRow;
import com.cpprediction.csv.Columns;
import com.cpprediction.csv.CsvOutput;
import com.cpprediction.csv.CsvRows;
import com.cpprediction.csv.InputException;
import com.cpprediction.csv.OutputPath;
import com.cpprediction.model.Scorer;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Scored;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.terminal.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Predicts the CPs of a file of addresses with a release, offline. Used once, by one thread.
 *
 * <p>The output has a row for each row of the input, in order: the columns of the input, then the
 * candidates, or the code of the problem and its reason. It is written with the separator of the
 * input, replaced at the end, and may be the input.
 */
public final class CsvPredictor implements AutoCloseable {
  private static final Columns COLUMNS = Columns.of(Columns.ADDRESS).and(Columns.PINCODE);

  private final Path out;
  private final Progress progress;
  private final FileProgress read;
  private final CsvRows rows;
  private final Scorer scorer = new Scorer();
  private final Map<String, Count> reasons = new LinkedHashMap<>();
  private long count;
  private long answered;

  /**
   * Rows without a prediction for one reason.
   *
   * @param firstLine number of the first of them in the file
   */
  public record Unanswered(String reason, long rows, long firstLine) {}

  /**
   * A predicted file.
   *
   * @param rows number of rows, of the input as of the output
   * @param answered number of those with a prediction
   * @param unanswered the others, by reason, most frequent first
   * @param notes as {@link CsvRows#notes}
   */
  public record Summary(
      long rows, long answered, List<Unanswered> unanswered, List<String> notes) {}

  private static final class Count {
    private final long firstLine;
    private long rows;

    Count(long firstLine) {
      this.firstLine = firstLine;
    }
  }

  /** A row that gets no prediction. */
  private record Problem(Failure failure, String kind, String reason) {}

  private CsvPredictor(Path in, Path out, @Nullable Character separator, Progress progress) {
    this.out = out;
    this.progress = progress;
    read = new FileProgress(progress, List.of(in));
    rows = CsvRows.open(in, COLUMNS.separatedBy(separator), read::add);
  }

  /**
   * Opens {@code in}, and checks its columns and that {@code out} can be written.
   *
   * @param in CSV with a column {@code address} and, where known, {@code pincode}
   * @param separator between values; absent where the file tells
   * @throws InputException when {@code in} cannot be read or {@code out} not be written
   */
  public static CsvPredictor open(
      Path in, Path out, @Nullable Character separator, Progress progress) {
    OutputPath.checkFile(out);
    return new CsvPredictor(in, out, separator, progress);
  }

  /** Which columns are read, where their names are not those that they are asked for by. */
  public List<String> notes() {
    var notes = new ArrayList<String>();
    for (var column : COLUMNS.all()) {
      var name = rows.name(column);
      if (!name.isEmpty() && !name.equals(column)) {
        notes.add(
            "%s is read from the column \"%s\"".formatted(column, name.replaceAll("\\s+", " ")));
      }
    }
    if (rows.name(Columns.PINCODE).isEmpty()) {
      notes.add(
          "No column is a pincode, of: %s; pincodes are read from the addresses"
              .formatted(String.join(", ", rows.names())));
    }
    return notes;
  }

  /**
   * Predicts every row.
   *
   * @throws InputException when the input cannot be read or the output not be written
   */
  public Summary predict(OfflinePredictor models) {
    try (var csv = CsvOutput.create(out, rows.form())) {
      csv.write(header());
      read.begin("predicting (KiB)");
      rows.each(
          row -> {
            csv.write(cells(row, models));
            count++;
            read.show(count);
          });
      csv.publish();
    }
    read.end(count);
    var unanswered = new ArrayList<Unanswered>();
    reasons.forEach(
        (reason, found) -> unanswered.add(new Unanswered(reason, found.rows, found.firstLine)));
    unanswered.sort(Comparator.comparingLong(Unanswered::rows).reversed());
    return new Summary(count, answered, List.copyOf(unanswered), rows.notes());
  }

  private List<String> header() {
    var own = new ArrayList<>(List.of("cp", "confidence"));
    for (int i = 2; i <= Scored.CANDIDATES; i++) own.addAll(List.of("cp" + i, "confidence" + i));
    own.addAll(List.of("problem", "reason"));
    return AddedColumns.behind(rows.names(), own);
  }

  private List<String> cells(CsvRows.Row row, OfflinePredictor models) {
    var cells = new ArrayList<>(row.values());
    int width = cells.size() + 2 * Scored.CANDIDATES;
    Problem problem = null;
    try {
      for (var candidate : candidates(row, models)) {
        cells.add(candidate.cp());
        cells.add(String.format(Locale.ROOT, "%.6f", candidate.confidence()));
      }
      answered++;
    } catch (BadRow e) {
      problem = new Problem(Failure.MALFORMED_REQUEST, e.kind(), reason(e));
    } catch (ServiceException e) {
      boolean malformed = e.failure() == Failure.MALFORMED_REQUEST; // of few texts, unlike others
      problem = new Problem(e.failure(), malformed ? reason(e) : e.failure().title(), reason(e));
    }
    while (cells.size() < width) cells.add("");
    if (problem == null) {
      cells.addAll(List.of("", ""));
      return cells;
    }
    cells.addAll(List.of(problem.failure().slug(), problem.reason()));
    reasons.computeIfAbsent(problem.kind(), kind -> new Count(row.line())).rows++;
    return cells;
  }

  private static String reason(RuntimeException e) {
    return String.valueOf(e.getMessage());
  }

  private List<Candidate> candidates(CsvRows.Row row, OfflinePredictor models) {
    row.check();
    var address = Address.of(row.address(), row.pincodeOrEmpty());
    return models.predict(scorer, address).scored().candidates();
  }

  @Override
  public void close() {
    rows.close();
  }
}
