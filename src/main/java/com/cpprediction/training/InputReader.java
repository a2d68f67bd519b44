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

/**
 * Reads files into a {@link RowStore}: the calling thread reads them and appends encoded rows in
 * the order of the input, other threads encode. Used once.
 */
final class InputReader {
  private static final int KIB = 10; // bits

  private final TrainingInput.Options options;
  private final int threads;
  private final Progress progress;
  private final RowStore store;
  private final Queue<Future<InputChunk.Encoded>> encoding = new ArrayDeque<>();
  private final List<Long> firstNumbers = new ArrayList<>();
  private final FaultCounts faults = new FaultCounts();
  private final long begun = System.nanoTime();
  private InputChunk chunk;
  private long read;
  private long outside;
  private long bytes;
  private int shown;

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

  /** Reads all files. */
  void read(List<Path> files) {
    var size = InputFiles.bytes(files);
    int steps = size.isPresent() ? (int) (size.getAsLong() >> KIB) : Progress.UNKNOWN;
    progress.begin("reading (KiB)", steps);
    var pool = Executors.newFixedThreadPool(threads);
    try {
      for (var file : files) {
        firstNumbers.add(read + 1);
        CsvRows.each(
            file, options.columns(), piece -> bytes += piece, row -> add(row, steps, pool));
      }
      encode(pool);
      while (!encoding.isEmpty()) append(encoding.remove(), steps);
    } finally {
      pool.shutdownNow();
    }
    store.finish();
    show(steps, steps);
  }

  private void add(CsvRows.Row row, int steps, ExecutorService pool) {
    read++;
    chunk.add(row);
    if (!chunk.isFull()) return;
    encode(pool);
    if (encoding.size() > 2 * threads) append(encoding.remove(), steps);
  }

  private void encode(ExecutorService pool) {
    encoding.add(pool.submit(chunk::encode));
    chunk = new InputChunk(read + 1, options);
  }

  private void append(Future<InputChunk.Encoded> future, int steps) {
    var encoded = await(future);
    encoded.appendTo(store);
    encoded.faults().forEach(faults::add);
    outside += encoded.outside();
    show((int) (bytes >> KIB), steps);
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

  /** Shows that {@code done} steps of {@code steps} are complete, and the rate. */
  private void show(int done, int steps) {
    int within = steps == Progress.UNKNOWN ? done : Math.min(done, steps);
    if (within > shown) progress.step(within - shown);
    shown = Math.max(shown, within);
    double seconds = (System.nanoTime() - begun) / 1e9;
    progress.note("%,d rows/s".formatted(Math.round(read / seconds)));
  }

  /** {@link InputRow#number} of the first row of each file. */
  List<Long> firstNumbers() {
    return firstNumbers;
  }

  FaultCounts faults() {
    return faults;
  }

  /** Number of rows of another time. */
  long outside() {
    return outside;
  }
}
