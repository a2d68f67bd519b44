package com.cpprediction.benchmarks;

import com.cpprediction.journal.Entry;
import com.cpprediction.journal.Journal;
import com.cpprediction.testing.Directories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What an answer waits for: rows appended together until all are with the operating system ({@code
 * journal.sync_ms} above 0), or on the disk ({@code 0}: one sync for all that wait); and opening a
 * journal that holds 100,000 rows. Rows have 400 bytes; what was appended is settled, as it is once
 * PostgreSQL has it.
 *
 * <pre>
 * mvn -q test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath
 * java -cp target/classes:target/test-classes:$(cat target/classpath) \
 *   org.openjdk.jmh.Main JournalBenchmark
 * </pre>
 *
 * The directory is that of {@code java.io.tmpdir}: measure on the disk the service will have.
 */
@Fork(1)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class JournalBenchmark {
  private static final int ROW = 400;

  /** An open journal. */
  @State(Scope.Thread)
  public static class Open {
    /** Rows of a record: one answer's, or those of as many requests at the same time. */
    @Param({"1", "16", "500"})
    public int rows;

    private byte[] body;
    private Path directory;
    private Journal journal;

    /** Opens an empty one. */
    @Setup
    public void open() throws IOException {
      body = new byte[rows * ROW];
      new Random(1).nextBytes(body);
      directory = Files.createTempDirectory("cp-journal");
      journal = JournalBenchmark.journal(directory);
      journal.open();
    }

    /** Closes and deletes it. */
    @TearDown
    public void close() throws IOException {
      journal.close();
      Directories.delete(directory);
    }
  }

  /** A closed journal that holds rows. */
  @State(Scope.Thread)
  public static class Full {
    private static final int ROWS = 100_000;
    private Path directory;

    /** Fills one. */
    @Setup
    public void fill() throws IOException {
      directory = Files.createTempDirectory("cp-journal");
      try (var journal = journal(directory)) {
        journal.open();
        for (int i = 0; i < ROWS; i += 1_000) append(journal, new byte[ROW], 1_000);
      }
    }

    /** Deletes it. */
    @TearDown
    public void clear() throws IOException {
      Directories.delete(directory);
    }
  }

  @Benchmark
  @BenchmarkMode(Mode.SampleTime)
  @Warmup(iterations = 2, time = 2)
  @Measurement(iterations = 3, time = 5)
  public void append(Open open) {
    open.journal.settle(append(open.journal, open.body, 1));
  }

  @Benchmark
  @BenchmarkMode(Mode.SampleTime)
  @Warmup(iterations = 2, time = 2)
  @Measurement(iterations = 3, time = 5)
  public void appendAndSync(Open open) {
    var entries = append(open.journal, open.body, 1);
    open.journal.sync();
    open.journal.settle(entries);
  }

  /** Opening, then closing again. */
  @Benchmark
  @BenchmarkMode(Mode.SingleShotTime)
  @Warmup(iterations = 2)
  @Measurement(iterations = 5)
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public int recover(Full full) {
    try (var journal = journal(full.directory)) {
      int found = journal.open().entries().size();
      if (found != Full.ROWS) throw new IllegalStateException(found + " rows");
      return found;
    }
  }

  private static Journal journal(Path directory) {
    return Journal.in(directory, Clock.systemUTC(), cause -> {});
  }

  private static List<Entry> append(Journal journal, byte[] body, int records) {
    var entries = new ArrayList<Entry>(records);
    for (int i = 0; i < records; i++) {
      var entry = journal.entry(body);
      journal.append(entry);
      entries.add(entry);
    }
    return entries;
  }
}
