package com.cpprediction.training;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.csv.InputException;
import com.cpprediction.prediction.Address;
import com.cpprediction.terminal.Progress;
import com.cpprediction.testing.SmallDisk;
import com.cpprediction.training.TrainingInput.Limits;
import com.cpprediction.training.TrainingInput.Options;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingInputTest {
  private static final String COLUMNS = "address,pincode,cp_code\n";
  private static final String TIMED = "address,pincode,cp_code,time\n";

  /** All rows in a temporary file. */
  private static final Limits ON_DISK = new Limits(0, Repeats.ROWS_PER_PASS);

  /** Megabytes of heap that reading needs. */
  private static final long HEAP = TrainingInput.heapNeeded(InputProcess.THREADS) >> 20;

  @TempDir Path dir;
  private Path work;

  @BeforeEach
  void createWork() throws IOException {
    work = Files.createDirectory(dir.resolve("work"));
  }

  @Test
  void readsFilesAndDirectoriesInTheirOrder() throws IOException {
    var data = Files.createDirectory(dir.resolve("data"));
    write(data.resolve("b.csv"), COLUMNS + "Second,180001,CP1\n");
    compress(data.resolve("a.csv.gz"), COLUMNS + "x,0,y\nFirst,180001,CP1\n");
    compress(data.resolve("c.csv"), COLUMNS + "Third,180001,CP1\n");
    write(data.resolve("d.csv.gz"), COLUMNS);
    write(data.resolve("e.csv.gz"), "cp_code,pincode,address\nCP1,180001,Fourth\nCP1,1,x\n");
    write(data.resolve("f.TSV"), "Address\tPIN Code\tCP Code\nFifth, 2\t1,80,001\tCP1\n");
    write(data.resolve("notes.txt"), "no rows");
    write(data.resolve("rows.xlsx"), "no rows");
    write(data.resolve(".hidden.csv"), "no rows");
    Files.createDirectory(data.resolve("older.csv"));
    var alone = write(dir.resolve("rows"), COLUMNS + "Zeroth,180001,CP1\n");

    try (var input = read(alone, data)) {
      assertThat(rows(input, "180"))
          .extracting(row -> row.row().address())
          .containsExactly("Zeroth", "First", "Second", "Third", "Fourth", "Fifth, 2");
      assertThat(rows(input, "180"))
          .extracting(InputRow::number)
          .containsExactly(1L, 3L, 4L, 5L, 6L, 8L);
      assertThat(rows(input, "180"))
          .extracting(input::place)
          .containsExactly(
              alone + " line 2",
              data + "/a.csv.gz line 3",
              data + "/b.csv line 2",
              data + "/c.csv line 2",
              data + "/e.csv.gz line 2",
              data + "/f.TSV line 2");
      assertThat(input.report().notes())
          .containsExactly("Not read, by their names, of " + data + ": notes.txt, rows.xlsx");
      assertThat(input.report().files()).isEqualTo(7);
      assertThat(input.report().rows()).isEqualTo(6);
      assertThat(input.report().badExamples())
          .containsExactly(
              data + "/a.csv.gz line 2: pincode is not six digits",
              data + "/e.csv.gz line 3: pincode is not six digits");
    }
  }

  @Test
  void refusesDataThatItCantRead() throws IOException {
    var empty = Files.createDirectory(dir.resolve("data"));
    var file = write(dir.resolve("rows.csv"), COLUMNS + "Mall,180001,CP1\n");
    var link = Files.createSymbolicLink(dir.resolve("link.csv"), file);
    var missing = dir.resolve("missing.csv");

    assertRefused("There is no .csv or .csv.gz file in " + empty, empty);
    assertRefused(link + " is named twice; name it once", file, link);
    assertRefused("There is no file " + missing, file, missing);
  }

  private void assertRefused(String message, Path... data) {
    assertThatThrownBy(() -> read(data)).isInstanceOf(InputException.class).hasMessage(message);
  }

  @Test
  void aRowHoldsTextAsTypedCanonicalTextAndTime() throws IOException {
    var file =
        write(
            dir.resolve("rows.csv"),
            TIMED
                + "\"  12/3, M.G. Road,\nPUNE 411 001 \",411001, CP1 ,2026-01-31T12:00:00.5Z\n"
                + "पुणे,४११००१,CP2,yesterday\n");

    try (var input = TrainingInput.read(options(file), 2, Progress.NONE, ON_DISK)) {
      assertThat(input.prefixes()).containsExactly("411");
      assertThat(input.count("411")).isEqualTo(2);
      assertThat(input.count("412")).isZero();
      assertThat(rows(input, "411"))
          .containsExactly(
              new InputRow(
                  new LabelledRow("  12/3, M.G. Road,\nPUNE 411 001 ", "411001", "CP1"),
                  "12 3 m g road pune 411001",
                  InputRow.PLAIN,
                  Instant.parse("2026-01-31T12:00:00.5Z"),
                  1,
                  2),
              new InputRow(
                  new LabelledRow("पुणे", "411001", "CP2"),
                  Address.canonical("पुणे"),
                  InputRow.PLAIN,
                  null,
                  2,
                  4));
    }
  }

  @Test
  void timesBefore1970AreKept() throws IOException {
    var file = write(dir.resolve("rows.csv"), TIMED + "Mall,180001,CP1,1969-12-31T23:59:59.9Z\n");

    try (var input = TrainingInput.read(options(file), 1, Progress.NONE, ON_DISK)) {
      assertThat(rows(input, "180"))
          .extracting(InputRow::time)
          .containsExactly(Instant.parse("1969-12-31T23:59:59.9Z"));
    }
  }

  @Test
  void countsEachKindOfUnusableRow() throws IOException {
    var labels = List.of("NaN", "nan", "NULL", "none", "NA", "N/a", "-", "", "\\N", "NAN1");
    var lines = new StringBuilder(COLUMNS);
    for (var label : labels) lines.append("Mall,180001,").append(label).append('\n');
    lines.append("Mall,18001,CP1\n".repeat(7));
    lines.append("\"Mall, Road,180001,CP1\n");
    lines.append("ﷺ".repeat(300)).append(",180001,CP1\n");

    try (var input = read(write(dir.resolve("rows.csv"), lines.toString()))) {
      assertThat(input.report().rows()).isEqualTo(1);
      assertThat(input.report().bad()).isEqualTo(18);
      assertThat(input.report().faults())
          .containsExactly(
              fault("cp_code is \"nan\"", 2, 2, 3),
              fault("cp_code is \"null\"", 1, 4),
              fault("cp_code is \"none\"", 1, 5),
              fault("cp_code is \"na\"", 1, 6),
              fault("cp_code is \"n/a\"", 1, 7),
              fault("cp_code is \"-\"", 1, 8),
              fault("cp_code is missing", 1, 9),
              fault("cp_code is \"\\n\"", 1, 10),
              fault("pincode is not six digits", 7, 12, 13, 14, 15, 16),
              fault("a quote is not closed", 1, 19),
              fault("address is longer than 4000 characters in its canonical form", 1, 20));
    }
  }

  private static InputReport.Fault fault(String kind, long count, int... lines) {
    var examples = new ArrayList<String>();
    for (int line : lines) examples.add("line %d: %s".formatted(line, kind));
    return new InputReport.Fault(kind, count, examples);
  }

  @ParameterizedTest
  @CsvSource({
    "2026-02-01, , BCDE, 2",
    ", 2026-02-01, A, 5",
    "2026-02-01, 2026-03-01, BCD, 3",
    "2026-02-01T00:00:01Z, 2026-02-28T18:30:00Z, C, 5",
  })
  void usesRowsOfAHalfOpenTime(String since, String until, String used, long outside)
      throws IOException {
    var file =
        write(
            dir.resolve("rows.csv"),
            TIMED
                + "A,180001,CP1,2026-01-31T23:59:59Z\n"
                + "B,180001,CP1,2026-02-01\n"
                + "C,180001,CP1,2026-02-15 12:00\n"
                + "D,180001,CP1,2026-03-01T00:00:00+05:30\n"
                + "E,180001,CP1,2026-03-01\n"
                + "no time,180001,CP1\n"
                + "other time,180001,CP1,01/02/2026\n"
                + "x,1,CP1,2020-01-01\n");
    var options = new Options(List.of(file), time(since), time(until), work);

    try (var input = TrainingInput.read(options, 1, Progress.NONE)) {
      assertThat(String.join("", rows(input, "180").stream().map(r -> r.row().address()).toList()))
          .isEqualTo(used);
      // Before the earliest time, the fault of the last row isn't looked for.
      assertThat(input.report().outside()).isEqualTo(since == null ? outside - 1 : outside);
      assertThat(input.report().faults())
          .contains(
              fault("time is missing", 1, 7), fault("time is not an ISO date or date-time", 1, 8));
    }
  }

  private static Instant time(String text) {
    return text == null ? null : Timestamps.parse(text);
  }

  @Test
  void aFileWithoutTimesIsRefusedBeforeAnyIsRead() throws IOException {
    var first = write(dir.resolve("a.csv"), TIMED + "Mall,180001,CP1,2026-01-31\n");
    var second = write(dir.resolve("b.csv"), COLUMNS + "Mall,180001,CP1\n");
    var options = new Options(List.of(first, second), Instant.EPOCH, null, work);
    var steps = new ArrayList<String>();

    assertThatThrownBy(() -> TrainingInput.read(options, 1, recording(steps)))
        .isInstanceOf(InputException.class)
        .hasMessage(
            second
                + " lacks the column time: its first line has \"address\", \"pincode\", \"cp_code\"; it"
                + " must name the columns address,pincode,cp_code,time");
    assertThat(steps).isEmpty();
  }

  private static Progress recording(List<String> steps) {
    return new Progress() {
      @Override
      public void begin(String what, int count) {
        steps.add(what);
      }

      @Override
      public void step(int count) {}
    };
  }

  @Test
  void withoutAUsableRowItIsRefused() throws IOException {
    var bad = write(dir.resolve("bad.csv"), TIMED + "x,1,CP1,2026-01-31\n");
    var old = write(dir.resolve("old.csv"), TIMED + "Mall,180001,CP1,2020-01-31\n");
    var since = new Options(List.of(old, bad), Instant.parse("2026-01-01T00:00:00Z"), null, work);

    assertThatThrownBy(() -> read(bad))
        .hasMessage(bad + " has no usable row; line 2: pincode is not six digits");
    assertThatThrownBy(() -> TrainingInput.read(since, 1, Progress.NONE))
        .hasMessage(
            "2 files have no usable row; 1 row is before --since or not before --until; "
                + bad
                + " line 2: pincode is not six digits");
  }

  @ParameterizedTest(name = "{0} threads")
  @ValueSource(ints = {1, 2, 5})
  void theRowsAreIndependentOfThreadsAndOfWhereTheyAreKept(int threads) throws IOException {
    var file = write(dir.resolve("rows.csv"), many(20_000, 7));
    var limits = List.of(Limits.DEFAULT, ON_DISK, new Limits(1 << 18, 100));
    try (var expected = TrainingInput.read(options(file), 3, Progress.NONE)) {
      for (var limit : limits) {
        try (var input = TrainingInput.read(options(file), threads, Progress.NONE, limit)) {
          assertThat(work).isDirectory();
          assertThat(spilled()).hasSize(limit == Limits.DEFAULT ? 0 : 1);
          assertThat(input.report()).isEqualTo(expected.report());
          assertThat(all(input)).isEqualTo(all(expected));
        }
      }
      assertThat(expected.report().rows()).isGreaterThan(19_000);
      assertThat(expected.report().bad()).isPositive();
      assertThat(expected.report().duplicates()).isPositive();
      assertThat(expected.report().contradicting()).isPositive();
      assertThat(List.copyOf(expected.prefixes())).isSorted().hasSizeGreaterThan(20);
    }
  }

  /** Rows of all prefixes, each prefix in the order of the input. */
  private static TreeMap<String, List<InputRow>> all(TrainingInput input) {
    var all = new TreeMap<String, List<InputRow>>();
    for (var prefix : input.prefixes()) {
      all.put(prefix, rows(input, prefix));
      assertThat(all.get(prefix))
          .hasSize((int) input.count(prefix))
          .isSortedAccordingTo((a, b) -> Long.compare(a.number(), b.number()));
    }
    return all;
  }

  @Test
  void severalPassesReadAtTheSameTime() throws Exception {
    var file = write(dir.resolve("rows.csv"), many(20_000, 8));
    try (var input = TrainingInput.read(options(file), 2, Progress.NONE, ON_DISK)) {
      var expected = all(input);
      var passes = new ArrayList<Callable<Boolean>>();
      for (var prefix : input.prefixes()) {
        Callable<Boolean> pass = () -> rows(input, prefix).equals(expected.get(prefix));
        passes.addAll(Collections.nCopies(3, pass));
      }
      var pool = Executors.newFixedThreadPool(4);

      for (var done : pool.invokeAll(passes)) assertThat(done.get()).isTrue();

      pool.shutdownNow();
      var first = input.rows("400").iterator();
      var second = input.rows("400").iterator();
      first.next();
      assertThat(first.next()).isEqualTo(expected.get("400").get(1));
      assertThat(second.next()).isEqualTo(expected.get("400").get(0));
      assertThatThrownBy(input.rows("999").iterator()::next)
          .isInstanceOf(NoSuchElementException.class);
    }
  }

  @Test
  void aRowMayBeLongerThanABlock() throws IOException {
    var wide = " ".repeat(3 * RowStore.BLOCK);
    var file =
        write(
            dir.resolve("rows.csv"),
            COLUMNS + "First,180001,CP1\nMall" + wide + ",180001,CP1\nLast,180001,CP1\n");

    try (var input = TrainingInput.read(options(file), 1, Progress.NONE, ON_DISK)) {
      assertThat(rows(input, "180"))
          .extracting(row -> row.row().address())
          .containsExactly("First", "Mall" + wide, "Last");
    }
  }

  @ParameterizedTest(name = "{0} rows a pass")
  @ValueSource(ints = {1, 2, 1000})
  void countsRepeatedAndContradictingRows(int rowsPerPass) throws IOException {
    var file =
        write(
            dir.resolve("rows.csv"),
            COLUMNS
                + "Mall Road,180001,CP1\n"
                + "mall  ROAD.,180001,CP1\n" // repeats line 2
                + "Mall Road,180002,CP1\n" // another pincode
                + "Mall Road,180001,CP2\n" // contradicts line 2
                + "Lower Bazar,180001,CP1\n"
                + "Mall Road,180001,CP1\n" // repeats line 2
                + "Ridge,171001,CP5\n"
                + "Ridge,171001,CP5\n" // repeats line 8
                + "Ridge,171001,CP5\n" // repeats line 8
                + "ridge,171001,CP6\n" // contradicts line 8
                + "ridge,171001,CP7\n");
    var limits = new Limits(0, rowsPerPass);

    try (var input = TrainingInput.read(options(file), 1, Progress.NONE, limits)) {
      var report = input.report();
      assertThat(report.duplicates()).isEqualTo(4);
      assertThat(report.contradicting()).isEqualTo(4 + 5);
      assertThat(report.contradicted()).isEqualTo(2);
      assertThat(report.contradictions())
          .containsExactly("line 8: CP5, line 11: CP6", "line 2: CP1, line 5: CP2");
    }
  }

  @Test
  void showsTenContradictions() throws IOException {
    var lines = new StringBuilder(COLUMNS);
    for (int i = 0; i < 30; i++) {
      for (int cp = 1; cp <= 3; cp++) {
        lines.append("House %d,%d,CP%d\n".formatted(i, 110001 + i % 3 * 1000, cp));
      }
    }

    try (var input = read(write(dir.resolve("rows.csv"), lines.toString()))) {
      assertThat(input.report().contradicted()).isEqualTo(30);
      assertThat(input.report().contradicting()).isEqualTo(90);
      assertThat(input.report().contradictions())
          .hasSize(10)
          .startsWith("line 2: CP1, line 3: CP2", "line 11: CP1, line 12: CP2");
    }
  }

  @Test
  void theTemporaryFileIsPrivateAndDeletedOnClose() throws IOException {
    var file = write(dir.resolve("rows.csv"), COLUMNS + "Mall,180001,CP1\n");

    try (var input = TrainingInput.read(options(file), 1, Progress.NONE, ON_DISK)) {
      assertThat(input.report().rows()).isEqualTo(1);
      assertThat(spilled()).hasSize(1);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(spilled().get(0))))
          .isEqualTo("rw-------");
    }

    assertThat(spilled()).isEmpty();
  }

  @Test
  void theTemporaryFileIsDeletedWhenReadingFails() throws IOException {
    var file =
        write(dir.resolve("rows.csv"), many(5_000, 9) + "x".repeat(5 << 20) + ",180001,CP1\n");

    assertThatThrownBy(() -> TrainingInput.read(options(file), 2, Progress.NONE, ON_DISK))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(" of " + file + " is longer than ");

    assertThat(spilled()).isEmpty();
  }

  @Test
  void theNextRunDeletesTheFileOfAKilledOneAndOfNoOther() throws Exception {
    var file = write(dir.resolve("rows.csv"), COLUMNS + "Mall,180001,CP1\n");
    var other = write(work.resolve("cp-train.rows"), "mine");
    try (var running = InputProcess.start(file, work, HEAP, 0);
        var killed = InputProcess.start(file, work, HEAP, 0);
        var own = TrainingInput.read(options(file), 1, Progress.NONE, ON_DISK)) {
      assertThat(spilled()).hasSize(3);
      killed.kill();
      assertThat(spilled()).hasSize(3);

      TrainingInput.read(options(file), 1, Progress.NONE, ON_DISK).close();

      assertThat(spilled()).hasSize(2);
      assertThat(rows(own, "180")).hasSize(1);
      running.terminate();
      assertThat(spilled()).hasSize(1);
    }
    assertThat(work).isDirectoryContaining(other::equals);
    assertThat(spilled()).isEmpty();
  }

  @Test
  void aLinkWithTheNameOfATemporaryFileIsLeft() throws IOException {
    var file = write(dir.resolve("rows.csv"), COLUMNS + "Mall,180001,CP1\n");
    var link = Files.createSymbolicLink(work.resolve("cp-train-1-1.rows"), file);

    read(file).close();

    assertThat(link).isSymbolicLink();
    assertThat(file).exists();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void rowsOfAPrefixAreFoundByTheirIndex(boolean onDisk) throws IOException {
    var file = write(dir.resolve("rows.csv"), many(2_000, 10));
    var options = new Options(List.of(file), null, null, work);
    var limits = onDisk ? ON_DISK : TrainingInput.Limits.DEFAULT;
    try (var input = TrainingInput.read(options, 2, Progress.NONE, limits)) {
      for (var prefix : input.prefixes()) {
        var passed = new ArrayList<InputRow>();
        var indexed = input.indexed(prefix, passed::add);

        assertThat(passed).containsExactlyElementsOf(input.rows(prefix));
        assertThat(indexed.size()).isEqualTo(passed.size());
        for (int row = passed.size() - 1; row >= 0; row--) {
          assertThat(indexed.get(row)).isEqualTo(passed.get(row));
          assertThat(input.file(indexed.get(row))).isEqualTo(file);
        }
      }
    }
  }

  @Test
  void aFullDiskIsReportedWithItsDirectory() throws IOException {
    var file = write(dir.resolve("rows.csv"), many(40_000, 10));
    try (var disk = SmallDisk.mount(dir.resolve("disk"), 1)) {
      var options = new Options(List.of(file), null, null, disk.root());

      assertThatThrownBy(() -> TrainingInput.read(options, 2, Progress.NONE, ON_DISK))
          .isInstanceOf(InputException.class)
          .hasMessage(
              "Cannot write temporary rows into %s: No space left on device; free space there, or name another directory with --work"
                  .formatted(disk.root()));

      assertThat(disk.root()).isEmptyDirectory();
    }
  }

  @Test
  void refusesAMissingDirectoryForTemporaryRows() throws IOException {
    var file = write(dir.resolve("rows.csv"), COLUMNS + "Mall,180001,CP1\n");
    var missing = dir.resolve("missing");
    var options = new Options(List.of(file), null, null, missing);

    assertThatThrownBy(() -> TrainingInput.read(options, 1, Progress.NONE))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "There is no directory " + missing + " for temporary rows; name one with --work");
  }

  @Test
  void refusesAHeapThatIsTooSmall() {
    TrainingInput.checkHeap(512L << 20, 8);
    assertThat(TrainingInput.heapNeeded(2)).isLessThan(256L << 20);
    assertThatThrownBy(() -> TrainingInput.checkHeap(64L << 20, 2))
        .isInstanceOf(InputException.class)
        .hasMessageMatching(
            "Reading the rows needs \\d+ MB of heap, and Java has 64 MB; give it more with -Xmx\\d+m");
  }

  @Test
  void readsMoreRowsThanTheHeapHolds() throws Exception {
    var file = dir.resolve("rows.csv.gz");
    var random = new SplittableRandom(13);
    var street = "महात्मा गांधी मार्ग ".repeat(49); // 931 characters of two bytes, three in UTF-8
    var lines = new StringBuilder(COLUMNS);
    for (int i = 0; i < 60_000; i++) {
      lines.append("%d %s,%d,CP1\n".formatted(i, street, 400_001 + random.nextInt(30) * 1000));
    }
    compress(file, lines.toString());
    assertThat(HEAP << 20).isLessThan(lines.length() * 2L * 3); // twice in a row: typed, canonical

    try (var process = InputProcess.start(file, work, HEAP, Limits.DEFAULT.inMemory())) {
      assertThat(Files.size(spilled().get(0))).isGreaterThan(HEAP << 20);
      process.terminate();
    }

    assertThat(spilled()).isEmpty();
  }

  @Test
  void progressCountsTheBytesOfTheFiles() throws IOException {
    var first = write(dir.resolve("a.csv"), many(10_000, 11));
    var second = dir.resolve("b.csv.gz");
    compress(second, many(10_000, 12));
    var announced = new ArrayList<Integer>();
    var done = new ArrayList<Integer>();
    var notes = new ArrayList<String>();
    var progress =
        new Progress() {
          @Override
          public void begin(String what, int steps) {
            announced.add(steps);
            done.add(0);
          }

          @Override
          public void step(int count) {
            done.set(done.size() - 1, done.get(done.size() - 1) + count);
          }

          @Override
          public void note(String text) {
            notes.add(text);
          }
        };

    try (var input = TrainingInput.read(options(first, second), 2, progress)) {
      long bytes = Files.size(first) + Files.size(second);
      assertThat(announced).containsExactly((int) (bytes >> 10), input.prefixes().size());
      assertThat(done).isEqualTo(announced);
      assertThat(notes).hasSizeGreaterThan(10).allMatch(note -> note.matches("[\\d,]+ rows/s"));
    }
  }

  /** Rows of 30 prefixes: some repeated, some contradicting, one in fifty unusable. */
  private static String many(int count, long seed) {
    var random = new SplittableRandom(seed);
    var lines = new StringBuilder(COLUMNS);
    for (int i = 0; i < count; i++) {
      int pincode = 400_001 + 1000 * random.nextInt(30) + random.nextInt(3);
      lines
          .append("\"House %d, Mall Road \uD83C\uDFE0\",".formatted(random.nextInt(300)))
          .append(random.nextInt(50) == 0 ? "none" : pincode)
          .append(",CP")
          .append(pincode % 10 + random.nextInt(2))
          .append('\n');
    }
    return lines.toString();
  }

  private TrainingInput read(Path... data) {
    return TrainingInput.read(options(data), 2, Progress.NONE);
  }

  private Options options(Path... data) {
    return new Options(List.of(data), null, null, work);
  }

  private static List<InputRow> rows(TrainingInput input, String prefix) {
    var rows = new ArrayList<InputRow>();
    input.rows(prefix).forEach(rows::add);
    return rows;
  }

  /** The temporary files. */
  private List<Path> spilled() throws IOException {
    try (var files = Files.list(work)) {
      return files.filter(file -> file.toString().matches(".*/cp-train-\\d+-\\w+\\.rows")).toList();
    }
  }

  private static Path write(Path file, String content) throws IOException {
    return Files.writeString(file, content);
  }

  private static void compress(Path file, String content) throws IOException {
    try (var out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(content.getBytes(UTF_8));
    }
  }
}
