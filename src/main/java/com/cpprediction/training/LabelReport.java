package com.cpprediction.training;

import com.cpprediction.csv.CsvOutput;
import com.cpprediction.csv.InputException;
import com.cpprediction.csv.OutputPath;
import com.cpprediction.terminal.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.concurrent.Callable;
import java.util.function.Function;

/**
 * Lists the training rows whose label the release contradicts, in the order of the input. Prefixes
 * are judged in parallel; the rows found lie in a {@link RowStore} until they are merged, so that
 * the heap is bounded whatever their number.
 */
final class LabelReport {
  static final List<String> COLUMNS =
      List.of(
          "file",
          "line",
          "address",
          "pincode",
          "cp_code",
          "predicted_cp",
          "confidence",
          "cp_code_confidence",
          "place_rows_of_cp_code",
          "place_rows_of_predicted_cp");

  /** Bytes of found rows that stay in memory. */
  private static final long IN_MEMORY = 16L << 20;

  private final TrainingInput input;
  private final RowStore found;

  private LabelReport(TrainingInput input, RowStore found) {
    this.input = input;
    this.found = found;
  }

  /**
   * Checks the output before the training.
   *
   * @param data files and directories of the training rows
   * @throws InputException when {@code file} can't be written, or is or would become a file of
   *     training rows
   */
  static void check(Path file, List<Path> data) {
    OutputPath.checkFile(file);
    var parent = file.toAbsolutePath().getParent();
    for (var path : data) {
      if (Files.isDirectory(path)) {
        if (parent != null && isSame(path, parent) && InputFiles.isCsv(file)) {
          throw new InputException(
              "%s would be read as training rows next time: %s is a directory of --data; name another one"
                  .formatted(file, path));
        }
      } else if (isSame(path, file)) {
        throw new InputException(file + " has the training rows; name another file");
      }
    }
  }

  private static boolean isSame(Path a, Path b) {
    try {
      return Files.exists(a) && Files.exists(b) && Files.isSameFile(a, b);
    } catch (IOException e) {
      throw OutputPath.failure(b, e);
    }
  }

  /**
   * Judges all rows of {@code prefixes} and writes the report. Blocks.
   *
   * @param places of a prefix, as its rows were counted: a new object for each call
   * @param work directory for a temporary file
   * @throws InputException when {@code file} or {@code work} can't be written
   */
  static DoubtfulLabels write(
      Path file,
      TrainingInput input,
      List<String> prefixes,
      OfflinePredictor models,
      Function<String, CountedPlaces> places,
      Path work,
      int threads,
      Progress progress) {
    try (var csv = CsvOutput.create(file);
        var found = new RowStore(work, IN_MEMORY)) {
      csv.write(COLUMNS);
      var report = new LabelReport(input, found);
      long rows = prefixes.stream().mapToLong(input::count).sum();
      progress.begin("judging labels", (int) Math.min(rows, Integer.MAX_VALUE));
      var tasks = new ArrayList<Callable<PrefixLabels.Counts>>();
      for (var prefix : prefixes) {
        var labels = new PrefixLabels(prefix, input, models, places.apply(prefix), progress::step);
        tasks.add(() -> labels.judge(doubt -> report.keep(prefix, doubt)));
      }
      long judged = 0;
      long doubtful = 0;
      for (var counts : Trainer.inParallel(threads, tasks)) {
        judged += counts.judged();
        doubtful += counts.doubtful();
      }
      found.finish();
      report.merge(csv);
      csv.publish();
      return new DoubtfulLabels(file, doubtful, judged);
    }
  }

  private void keep(String prefix, PrefixLabels.Doubt doubt) {
    var row = doubt.row();
    var encoder = new RowCodec.Encoder();
    encoder.put(row.number());
    encoder.put(input.file(row).toString());
    encoder.put(Long.toString(row.line()));
    encoder.put(row.row().address());
    encoder.put(row.row().pincode());
    encoder.put(row.row().cp());
    encoder.put(doubt.predicted().cp());
    encoder.put(share(doubt.predicted().confidence()));
    encoder.put(share(doubt.labelConfidence()));
    encoder.put(Integer.toString(doubt.ofLabel()));
    encoder.put(Integer.toString(doubt.ofPredicted()));
    synchronized (found) {
      found.append(prefix, encoder.bytes(), 0, encoder.length());
    }
  }

  private static String share(double share) {
    return String.format(Locale.ROOT, "%.6f", share);
  }

  private void merge(CsvOutput csv) {
    var next = new PriorityQueue<Found>(Comparator.comparingLong(rows -> rows.number));
    for (var prefix : found.prefixes()) {
      var rows = new Found(prefix);
      if (rows.advance()) next.add(rows);
    }
    while (!next.isEmpty()) {
      var rows = next.remove();
      csv.write(rows.cells);
      if (rows.advance()) next.add(rows);
    }
  }

  /** The rows found of a prefix, in the order of the input. */
  private final class Found {
    private final String prefix;
    private int nextBlock;
    private RowCodec.Decoder block = new RowCodec.Decoder(new byte[0]);
    private long number;
    private List<String> cells = List.of();

    Found(String prefix) {
      this.prefix = prefix;
    }

    boolean advance() {
      if (!block.hasNext()) {
        if (nextBlock == found.blocks(prefix)) return false;
        block = new RowCodec.Decoder(found.block(prefix, nextBlock++));
      }
      number = block.number();
      var own = new ArrayList<String>(COLUMNS.size());
      for (int i = 0; i < COLUMNS.size(); i++) own.add(block.text());
      cells = own;
      return true;
    }
  }
}
