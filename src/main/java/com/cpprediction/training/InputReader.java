package com.cpprediction.training;

import com.cpprediction.csv.CsvRows;
import com.cpprediction.terminal.Progress;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Reads files into a {@link RowStore}: the calling thread reads them and appends encoded rows in
 * the order of the input, other threads encode. Used once.
 */
final class InputReader {
  private final TrainingInput.Options options;
  private final int threads;
  private final RowStore store;
  private final Progress progress;
  private final Queue<Future<InputChunk.Encoded>> encoding = new ArrayDeque<>();
  private final List<Long> firstNumbers = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final FaultCounts faults = new FaultCounts();
  private InputChunk chunk;
  private long read;
  private long outside;

  /**
   * @param threads that encode
   */
  InputReader(TrainingInput.Options options, int threads, Progress progress, RowStore store) {
    this.options = options;
    this.threads = threads;
    this.progress = progress;
    this.store = store;
    chunk = new InputChunk(1, options);
  }

  /**
   * Reads all files, then outcomes.
   *
   * @param outcomes null for none
   */
  void read(List<Path> files, @Nullable OutcomeRows outcomes) {
    var shown = new FileProgress(progress, files);
    shown.begin("reading (KiB)");
    var pool = Executors.newFixedThreadPool(threads);
    try {
      for (var file : files) {
        firstNumbers.add(read + 1);
        try (var rows = CsvRows.open(file, options.columns(), shown::add)) {
          rows.each(row -> add(row, shown, pool));
          notes.addAll(rows.notes());
        }
      }
      encode(pool);
      while (!encoding.isEmpty()) append(encoding.remove(), shown);
    } finally {
      pool.shutdownNow();
    }
    shown.end(read);
    if (outcomes != null) {
      progress.begin("reading outcomes", Progress.UNKNOWN);
      outcomes.appendTo(store, read + 1, faults);
    }
    store.finish();
  }

  private void add(CsvRows.Row row, FileProgress shown, ExecutorService pool) {
    read++;
    chunk.add(row);
    if (!chunk.isFull()) return;
    encode(pool);
    if (encoding.size() > 2 * threads) append(encoding.remove(), shown);
  }

  private void encode(ExecutorService pool) {
    encoding.add(pool.submit(chunk::encode));
    chunk = new InputChunk(read + 1, options);
  }

  private void append(Future<InputChunk.Encoded> future, FileProgress shown) {
    var encoded = await(future);
    encoded.appendTo(store);
    encoded.faults().forEach(faults::add);
    outside += encoded.outside();
    shown.show(read);
  }

  private static <T> T await(Future<T> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) throw cause;
      if (e.getCause() instanceof Error cause) throw cause;
      throw new IllegalStateException(e.getCause());
    }
  }

  /** {@link InputRow#number} of the first row of each file. */
  List<Long> firstNumbers() {
    return firstNumbers;
  }

  FaultCounts faults() {
    return faults;
  }

  /** Faults of the texts that leave their rows usable. */
  List<String> notes() {
    return notes;
  }

  /** Number of rows of another time. */
  long outside() {
    return outside;
  }
}
