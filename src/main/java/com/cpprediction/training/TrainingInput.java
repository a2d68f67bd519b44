package com.cpprediction.training;

import com.cpprediction.csv.Columns;
import com.cpprediction.csv.CsvRows;
import com.cpprediction.csv.InputException;
import com.cpprediction.csv.StandardInput;
import com.cpprediction.terminal.Plurals;
import com.cpprediction.terminal.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The labelled rows of a training by prefix, in bounded memory: small inputs in memory, the rest in
 * a temporary file, which {@link #close} deletes. The rows and their order are independent of the
 * number of threads. Thread-safe.
 */
public final class TrainingInput implements AutoCloseable {
  /** Column of the time of a row. */
  static final String TIME = "time";

  /** Bytes of encoded rows that stay in memory. */
  private static final long IN_MEMORY = 64L << 20;

  /** Heap for the rows that a thread has in work, in bytes. */
  private static final long HEAP_PER_THREAD = 8L << 20;

  private static final int PREFIXES = 900;

  /** Heap for the places of the blocks of 10⁸ rows, and for the rest of the program. */
  private static final long HEAP_BESIDE = 48L << 20;

  /** Heap for rows in memory, and for an open block per prefix or the tables of a pass. */
  private static final long HEAP =
      IN_MEMORY + Math.max((long) PREFIXES * RowStore.BLOCK, Repeats.HEAP) + HEAP_BESIDE;

  private final RowStore store;
  private final Places places;
  private final InputReport report;

  /**
   * The rows to read.
   *
   * @param data files and directories; of a directory, its {@code .csv} and {@code .csv.gz} files
   *     by name
   * @param since earliest time of a row, if any
   * @param until time that all rows are before, if any
   * @param work directory of the temporary file
   * @param separator between values; absent where each file tells
   */
  public record Options(
      List<Path> data,
      @Nullable Instant since,
      @Nullable Instant until,
      Path work,
      @Nullable Character separator) {
    /** Of files that tell what separates their values. */
    public Options(List<Path> data, @Nullable Instant since, @Nullable Instant until, Path work) {
      this(data, since, until, work, null);
    }

    /** All rows of a file or directory. */
    public static Options of(Path data) {
      return new Options(List.of(data), null, null, temporaryDirectory());
    }

    /** The directory of this machine for temporary files. */
    public static Path temporaryDirectory() {
      return Path.of(System.getProperty("java.io.tmpdir"));
    }

    boolean hasTimes() {
      return since != null || until != null;
    }

    boolean contains(Instant time) {
      return (since == null || !time.isBefore(since)) && (until == null || time.isBefore(until));
    }

    /** Columns of each file. */
    Columns columns() {
      var columns = hasTimes() ? LabelledRow.COLUMNS.require(TIME) : LabelledRow.COLUMNS.and(TIME);
      return columns.separatedBy(separator);
    }
  }

  /**
   * Bounds of the heap.
   *
   * @param inMemory bytes of encoded rows that stay in memory
   * @param rowsPerPass see {@link Repeats#count}
   */
  record Limits(long inMemory, int rowsPerPass) {
    static final Limits DEFAULT = new Limits(IN_MEMORY, Repeats.ROWS_PER_PASS);
  }

  /** Names places of rows: the line, behind the name of the file where there are several. */
  private record Places(List<Path> files, List<Long> firstNumbers) {
    String of(long number, long line) {
      if (line == 0) return "an outcome";
      return files.size() == 1 ? "line " + line : "%s line %d".formatted(file(number), line);
    }

    Path file(long number) {
      int file = files.size() - 1;
      while (firstNumbers.get(file) > number) file--;
      return files.get(file);
    }

    String of(InputRow row) {
      return of(row.number(), row.line());
    }
  }

  private TrainingInput(RowStore store, Places places, InputReport report) {
    this.store = store;
    this.places = places;
    this.report = report;
  }

  /**
   * Reads all rows. Blocks.
   *
   * @param threads that encode rows, at least 1
   * @throws InputException when a file, the temporary directory or the heap can't be used, or no
   *     row is usable
   */
  public static TrainingInput read(Options options, int threads, Progress progress) {
    return read(options, null, threads, progress, Limits.DEFAULT);
  }

  /**
   * As {@link #read(Options, int, Progress)}, with outcomes behind the files.
   *
   * @param outcomes null for none
   */
  static TrainingInput read(
      Options options, @Nullable OutcomeRows outcomes, int threads, Progress progress) {
    return read(options, outcomes, threads, progress, Limits.DEFAULT);
  }

  static TrainingInput read(Options options, int threads, Progress progress, Limits limits) {
    return read(options, null, threads, progress, limits);
  }

  private static TrainingInput read(
      Options options,
      @Nullable OutcomeRows outcomes,
      int threads,
      Progress progress,
      Limits limits) {
    checkHeap(Runtime.getRuntime().maxMemory(), threads);
    var files = InputFiles.of(options.data());
    for (var file : files) {
      // Standard input and pipes can be read only once, and a missing file is reported.
      if (StandardInput.is(file)) continue;
      if (Files.isRegularFile(file) || !Files.exists(file)) {
        CsvRows.checkHeader(file, options.columns());
      }
    }
    checkDirectory(options.work());
    SpillFile.deleteAbandoned(options.work());
    var store = new RowStore(options.work(), limits.inMemory());
    try {
      var reader = new InputReader(options, threads, progress, store);
      reader.read(files, outcomes);
      var places = new Places(files, reader.firstNumbers());
      var faults = reader.faults().report(places::of);
      var notes = new ArrayList<>(InputFiles.leftOut(options.data()));
      notes.addAll(reader.notes());
      if (store.prefixes().isEmpty()) throw noRow(files, reader.outside(), faults);
      progress.begin("looking for repeated rows", store.prefixes().size());
      var repeats = Repeats.count(store, limits.rowsPerPass(), () -> progress.step(1));
      var report =
          new InputReport(
              files.size(),
              store.prefixes().stream().mapToLong(store::rows).sum(),
              reader.outside(),
              faults,
              notes,
              repeats.duplicates(),
              repeats.contradicting(),
              repeats.addresses(),
              repeats.lines(places::of));
      return new TrainingInput(store, places, report);
    } catch (RuntimeException | Error e) {
      store.close();
      throw e;
    }
  }

  /**
   * @param heap maximum heap in bytes
   * @throws InputException when it is too small to read rows
   */
  static void checkHeap(long heap, int threads) {
    long needed = heapNeeded(threads);
    if (heap >= needed) return;
    throw new InputException(
        "Reading the rows needs %d MB of heap, and Java has %d MB; give it more with -Xmx%dm"
            .formatted(needed >> 20, heap >> 20, (needed >> 20) * 5 / 4));
  }

  /** Heap in bytes for any number of rows. */
  static long heapNeeded(int threads) {
    return HEAP + threads * HEAP_PER_THREAD;
  }

  private static void checkDirectory(Path work) {
    if (!Files.isDirectory(work)) {
      throw new InputException(
          "There is no directory %s for temporary rows; name one with --work".formatted(work));
    }
    if (!Files.isWritable(work)) {
      throw new InputException(
          "Cannot write temporary rows into %s: permission denied; name another directory with --work"
              .formatted(work));
    }
  }

  private static InputException noRow(
      List<Path> files, long outside, List<InputReport.Fault> faults) {
    if (files.isEmpty()) {
      var first = faults.isEmpty() ? "" : "; " + faults.get(0).kind();
      return new InputException("No outcome can be learned" + first);
    }
    var what = files.size() == 1 ? files.get(0) + " has" : files.size() + " files have";
    var times =
        outside == 0
            ? ""
            : "; %s before --since or not before --until"
                .formatted(Plurals.count(outside, "row is", "rows are"));
    var fault = faults.isEmpty() ? "" : "; " + faults.get(0).examples().get(0);
    return new InputException(what + " no usable row" + times + fault);
  }

  /** Counts of the rows and their faults. */
  public InputReport report() {
    return report;
  }

  /** Prefixes with rows, ascending. */
  Set<String> prefixes() {
    return store.prefixes();
  }

  /** Number of rows of a prefix; 0 without rows. */
  long count(String prefix) {
    return store.rows(prefix);
  }

  /**
   * The rows of a prefix in the order of the input. Each iterator is a pass of its own, holds one
   * block of rows, and belongs to one thread.
   */
  Iterable<InputRow> rows(String prefix) {
    return () -> new Pass(prefix);
  }

  /** The rows of a prefix for access by index, after one pass over them. */
  IndexedRows indexed(String prefix, Consumer<InputRow> pass) {
    return IndexedRows.read(store, prefix, pass);
  }

  /** The file of a row, as it was named. */
  Path file(InputRow row) {
    return places.file(row.number());
  }

  /** Names the place of a row: its line, behind the name of its file where there are several. */
  String place(InputRow row) {
    return places.of(row);
  }

  private final class Pass implements Iterator<InputRow> {
    private final String prefix;
    private int next; // block
    private RowCodec.Decoder block = new RowCodec.Decoder(new byte[0]);

    Pass(String prefix) {
      this.prefix = prefix;
    }

    @Override
    public boolean hasNext() {
      return block.hasNext() || next < store.blocks(prefix);
    }

    @Override
    public InputRow next() {
      if (!hasNext()) throw new NoSuchElementException();
      if (!block.hasNext()) block = new RowCodec.Decoder(store.block(prefix, next++));
      return block.next();
    }
  }

  @Override
  public void close() {
    store.close();
  }
}
