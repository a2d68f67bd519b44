package com.cpprediction.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.testing.Directories;
import com.cpprediction.testing.InMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.zip.ZipInputStream;
import org.apache.activemq.artemis.core.io.SequentialFile;
import org.apache.activemq.artemis.core.io.nio.NIOSequentialFile;
import org.apache.activemq.artemis.core.io.nio.NIOSequentialFileFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JournalTest {
  private static final int FILE = 4096;

  /** Bytes from one damage to the next; {@code -Djournal.step=1} damages each. */
  private static final int STEP = Integer.getInteger("journal.step", 3);

  private static final Duration FOREVER = Duration.ofDays(999_999);

  @TempDir(factory = InMemory.class)
  private Path directory;

  @Test
  void recoversUnsettledRecordsInOrder() throws Exception {
    try (var journal = journal()) {
      journal.open();
      var entries = append(journal, 1, 100);
      journal.settle(entries.subList(10, 60));
    }

    try (var journal = journal()) {
      assertThat(bodies(journal.open().entries())).isEqualTo(expected(1, 11, 61, 101));
      append(journal, 101, 5);
    }
    try (var journal = journal()) {
      assertThat(bodies(journal.open().entries())).isEqualTo(expected(1, 11, 61, 106));
    }
  }

  @Test
  void aRewriteLeavesTheWaitingRecordsAloneInNewFiles() throws Exception {
    var secret = "a settled record".getBytes(StandardCharsets.UTF_8);
    try (var journal = journal()) {
      journal.open();
      var entries = append(journal, 1, 100);
      var settled = journal.entry(secret);
      journal.append(settled);
      journal.settle(List.of(settled));
      journal.settle(entries.subList(0, 95));
      assertThat(found(secret)).isTrue();

      journal.rewrite();

      assertThat(found(secret)).isFalse();
      assertThat(journal.waitingBytes())
          .isEqualTo(entries.subList(95, 100).stream().mapToLong(Entry::bytes).sum());
      append(journal, 101, 5);
      journal.settle(entries.subList(95, 98)); // appended before the rewrite
    }

    try (var journal = journal()) {
      var found = journal.open();
      assertThat(bodies(found.entries())).isEqualTo(expected(99, 106));
      assertThat(found.corrupt()).isZero();
      assertThat(journal.damagedBytes()).isZero();
    }
  }

  private boolean found(byte[] text) throws IOException {
    var wanted = new String(text, StandardCharsets.ISO_8859_1);
    return !Directories.filesWith(directory, wanted).isEmpty();
  }

  @Test
  void staysSmallWhenAllRecordsAreSettled() throws Exception {
    try (var journal = journal()) {
      journal.open();
      for (int i = 0; i < 50; i++) journal.settle(append(journal, i * 100, 100));
      assertThat(journal.waitingBytes()).isZero();
    }

    try (var journal = journal()) {
      var inspection = journal.inspect();
      assertThat(inspection.waiting()).isEmpty();
      assertThat(inspection.sound()).isTrue();
      // Of more than 100 files written; emptied ones are reused once a thread beside has noticed.
      assertThat(inspection.bytes()).isLessThan(60L * FILE);
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 42})
  void survivesRandomAppendsSettlementsSyncsAndReopenings(long seed) throws Exception {
    var random = new Random(seed);
    var waiting = new TreeSet<Integer>();
    int next = 1;
    var open = journal();
    open.open();
    var entries = new HashMap<Integer, Entry>();
    for (int step = 0; step < 300; step++) {
      switch (random.nextInt(8)) {
        case 0 -> {
          open.close();
          open = journal();
          var found = open.open();
          assertThat(found.corrupt()).isZero();
          assertThat(numbers(found.entries())).isEqualTo(waiting);
          entries.clear();
          for (var entry : found.entries()) entries.put(number(entry), entry);
        }
        case 1 -> open.sync();
        case 2, 3, 4 -> {
          int count = 1 + random.nextInt(20);
          var appended = append(open, next, count);
          for (int i = 0; i < count; i++) {
            entries.put(next + i, appended.get(i));
            waiting.add(next + i);
          }
          next += count;
        }
        default -> {
          int count = random.nextInt(25);
          var settled = new ArrayList<Entry>();
          while (!waiting.isEmpty() && settled.size() < count) {
            int first = random.nextInt(10) == 0 ? waiting.last() : waiting.first();
            waiting.remove(first);
            settled.add(entries.remove(first));
          }
          open.settle(settled);
        }
      }
    }
    open.close();
  }

  @Test
  void losesOnlyTheRecordOfAFlippedByte() throws Exception {
    var original = written();
    var all = numbers(waitingOf(original));
    int damaged = 0;

    for (int at = 0; at < lastUsed(original) + 20; at += STEP) {
      int mask = at % 2 == 0 ? 1 << at % 8 : 0xFF;
      var bytes = original.clone();
      bytes[at] ^= (byte) mask;
      var found = openOn(bytes);
      var lost = new TreeSet<>(all);
      lost.removeAll(numbers(found.entries()));
      assertThat(lost.size()).as("byte %d ^ %x", at, mask).isLessThanOrEqualTo(1);
      if (!lost.isEmpty()) {
        assertThat(found.corrupt()).as("byte %d ^ %x", at, mask).isPositive();
        damaged++;
      }
      assertThat(found.entries()).as("byte %d ^ %x", at, mask).allMatch(JournalTest::isIntact);
    }
    assertThat(damaged).as("flips that hit a body").isGreaterThan(100 / STEP);
  }

  @Test
  void losesOnlyTheTruncatedPartOfAFile() throws Exception {
    var original = written();
    var whole = waitingOf(original);

    for (int length = 0; length < lastUsed(original) + 20; length += STEP) {
      var found = openOn(Arrays.copyOf(original, length));

      var present = new ArrayList<Integer>();
      for (var entry : whole) if (endOf(entry, original) <= length) present.add(number(entry));
      assertThat(numbers(found.entries())).as("cut at %d", length).containsAll(present);
      assertThat(found.entries()).allMatch(JournalTest::isIntact);
    }
  }

  @Test
  void keepsDamagedFilesAndReportsThemOnce() throws Exception {
    var bytes = written();
    bytes[endOf(waitingOf(bytes).get(2), bytes) - 1] ^= 1;

    var found = openOn(bytes);

    assertThat(found.corrupt()).isEqualTo(1);
    try (var journal = journal()) {
      var inspection = journal.inspect();
      assertThat(inspection.sound()).isTrue();
      assertThat(inspection.damaged()).hasSize(1);
      assertThat(Files.readAllBytes(fileIn(inspection.damaged().get(0)))).isEqualTo(bytes);
      assertThat(numbers(journal.open().entries())).isEqualTo(numbers(found.entries()));
    }
  }

  @Test
  void keepsTheNewestDamagedFilesWithinTheirBounds() throws Exception {
    var clock = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
    for (int day = 0; day < 8; day++) {
      damageAt(clock.updateAndGet(before -> before.plus(Duration.ofDays(1))));
    }
    var byHand = Files.createDirectory(directory.resolve("damaged-by-hand"));
    try (var journal = at(clock.get())) {
      assertThat(journal.damagedBytes()).isEqualTo(8L * bytesOfOne(journal));
      assertThat(journal.discardDamaged(Long.MAX_VALUE, Duration.ofDays(99))).hasSize(3);
      assertThat(days(journal)).containsExactly("05", "06", "07", "08", "09");

      assertThat(journal.discardDamaged(Long.MAX_VALUE, Duration.ofDays(2))).hasSize(2);
      assertThat(days(journal)).containsExactly("07", "08", "09");

      assertThat(journal.discardDamaged(2L * bytesOfOne(journal), FOREVER)).hasSize(1);
      assertThat(days(journal)).containsExactly("08", "09");

      assertThat(journal.discardDamaged(1, FOREVER)).hasSize(1);
      assertThat(days(journal)).containsExactly("09");
      assertThat(journal.damagedBytes()).isEqualTo(bytesOfOne(journal));
    }
    assertThat(byHand).exists();
  }

  /** Has a journal found damaged at {@code time}. */
  private void damageAt(Instant time) throws Exception {
    Entry damaged;
    try (var journal = at(time)) {
      journal.open();
      damaged = append(journal, 1, 2).get(0);
    }
    var file = fileIn(new JournalDirectories(directory, Clock.systemUTC()).current());
    var bytes = Files.readAllBytes(file);
    bytes[endOf(damaged, bytes) - 1] ^= 1;
    Files.write(file, bytes);
    try (var journal = at(time)) {
      assertThat(journal.open().corrupt()).isPositive();
    }
  }

  private Journal at(Instant time) {
    return Journal.of(directory, FILE, Clock.fixed(time, ZoneOffset.UTC), cause -> {});
  }

  private static long bytesOfOne(Journal journal) throws Exception {
    var damaged = journal.inspect().damaged();
    damaged.removeIf(path -> path.endsWith("damaged-by-hand"));
    try (var files = Files.list(damaged.get(0))) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    }
  }

  /** The days of January 2026 of what was set aside. */
  private static List<String> days(Journal journal) {
    return journal.inspect().damaged().stream()
        .map(path -> path.getFileName().toString())
        .filter(name -> name.startsWith("damaged-202601"))
        .map(name -> name.substring("damaged-202601".length()).substring(0, 2))
        .sorted()
        .toList();
  }

  @Test
  void hasRoomUntilThePartAfterMayNeedTheNextFile() {
    var room = new ArrayList<Boolean>();
    try (var journal = journal()) {
      assertThat(journal.hasRoom()).isFalse();
      journal.open();
      for (int i = 0; i < 5; i++) {
        room.add(journal.hasRoom());
        append(journal, new byte[FILE / 4]); // a file holds three
      }
    }

    assertThat(room).containsExactly(true, true, true, false, true);
  }

  /** The library's own timeout of a second would fail the journal here. */
  @Test
  void waitsForAFileThatADiskIsSlowToOpen() throws Exception {
    var slow = new AtomicBoolean();
    var opened = new CountDownLatch(1);
    var journal =
        Journal.of(
            directory,
            FILE,
            Clock.systemUTC(),
            cause -> {
              throw new AssertionError(cause);
            },
            in -> new SlowFiles(in, slow, opened));
    try (journal) {
      journal.open();
      slow.set(true);
      var appending = new Thread(() -> append(journal, 1, 200)); // several files

      appending.start();
      appending.join(1_500);
      assertThat(appending.isAlive()).isTrue();
      opened.countDown();
      appending.join();

      assertThat(journal.hasFailed()).isFalse();
    }
    try (var again = journal()) {
      assertThat(again.open().entries()).hasSize(200);
    }
  }

  /** Files whose opening waits for a latch, once {@code slow}. */
  private static final class SlowFiles extends NIOSequentialFileFactory {
    private final AtomicBoolean slow;
    private final CountDownLatch opened;

    SlowFiles(Path directory, AtomicBoolean slow, CountDownLatch opened) {
      super(directory.toFile(), false, 1);
      this.slow = slow;
      this.opened = opened;
    }

    @Override
    public SequentialFile createSequentialFile(String name) {
      return new NIOSequentialFile(this, getDirectory(), name, 1) {
        @Override
        public void open(int maxIO, boolean useExecutor) throws IOException {
          try {
            if (slow.get()) opened.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
          super.open(maxIO, useExecutor);
        }
      };
    }
  }

  @Test
  void treatsARecordCutShortByAKillAsNoDamage() throws Exception {
    var bytes = written();
    var last = waitingOf(bytes).get(waitingOf(bytes).size() - 1);
    int end = endOf(last, bytes);
    Arrays.fill(bytes, end - 5, bytes.length, (byte) 0);

    var found = openOn(bytes);

    assertThat(found.corrupt()).isZero();
    assertThat(numbers(found.entries())).doesNotContain(number(last));
  }

  /**
   * The journal has version 1 frames, magic numbers in bodies and recycled files; its own version
   * reported it as damaged.
   */
  @Test
  void recoversAJournalOfVersion1() throws Exception {
    unpackVersion1();
    var expected = new TreeSet<>(Set.of(281, 282, 283, 290, 291, 292, 293, 294, 295, 296, 297));
    try (var journal = journal()) {
      assertThat(journal.inspect().sound()).isTrue();
      var found = journal.open();
      assertThat(found.corrupt()).isZero();
      assertThat(found.damaged()).isEmpty();
      assertThat(numbers(found.entries())).isEqualTo(expected);
      assertThat(found.entries()).allMatch(JournalTest::isIntactOfVersion1);
      journal.settle(found.entries().subList(0, 5));
      append(journal, 500, 60);
    }
    try (var journal = journal()) {
      var found = journal.open();
      assertThat(found.corrupt()).isZero();
      expected.removeAll(Set.of(281, 282, 283, 290, 291));
      for (int i = 500; i < 560; i++) expected.add(i);
      assertThat(numbers(found.entries())).isEqualTo(expected);
    }
  }

  @Test
  void losesOnlyTheRecordOfAFlippedByteInVersion1() throws Exception {
    unpackVersion1();
    var files = new HashMap<Path, byte[]>();
    try (var all = Files.list(directory.resolve("1"))) {
      for (var file : all.toList()) files.put(file, Files.readAllBytes(file));
    }
    Set<Integer> whole;
    try (var journal = journal()) {
      whole = numbers(journal.inspect().waiting());
    }
    int damaged = 0;
    for (var file : files.keySet()) {
      for (int at = 0; at < FILE; at += 33 * STEP) {
        unpackVersion1();
        var bytes = files.get(file).clone();
        bytes[at] ^= (byte) (at % 2 == 0 ? 1 << at % 8 : 0xFF);
        Files.write(file, bytes);
        try (var journal = journal()) {
          var found = journal.open();
          var lost = new TreeSet<>(whole);
          lost.removeAll(numbers(found.entries()));
          assertThat(lost.size()).as("byte %d", at).isLessThanOrEqualTo(1);
          if (!lost.isEmpty()) {
            assertThat(found.corrupt()).as("byte %d", at).isPositive();
            damaged++;
          }
        }
      }
    }
    assertThat(damaged).as("flips that hit a body").isGreaterThan(5);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void mistakesNoBodyForARecordOrDamage(long seed) throws Exception {
    var hostile = new HostileBytes(seed);
    var random = new Random(seed);
    var waiting = new LinkedHashMap<Long, byte[]>();
    var open = journal();
    open.open();
    var entries = new ArrayList<Entry>();
    for (int step = 0; step < 400; step++) {
      if (random.nextInt(8) == 0) {
        open.close();
        open = journal();
        assertThat(open.inspect().sound()).as("step %d", step).isTrue();
        var found = open.open();
        assertThat(found.corrupt()).isZero();
        assertThat(found.damaged()).isEmpty();
        assertThat(found.entries().stream().map(Entry::sequence))
            .containsExactlyElementsOf(waiting.keySet());
        for (var entry : found.entries()) {
          assertThat(entry.body()).isEqualTo(waiting.get(entry.sequence()));
        }
        entries = new ArrayList<>(found.entries());
      } else if (random.nextInt(3) > 0) {
        var entry = append(open, hostile.next());
        entries.add(entry);
        waiting.put(entry.sequence(), entry.body());
      } else {
        int count = Math.min(entries.size(), random.nextInt(6));
        var settled = List.copyOf(entries.subList(0, count));
        open.settle(settled);
        entries.removeAll(settled);
        settled.forEach(entry -> waiting.remove(entry.sequence()));
      }
    }
    open.close();
  }

  /** For a kill during its append, before and during its settlement. */
  @Test
  void recoversARecordOfSeveralPartsWholeOrNotAtAll() throws Exception {
    var big = "<000004|%s>".formatted("y".repeat(2_500)).getBytes(StandardCharsets.UTF_8);
    Entry entry;
    try (var journal = journal()) {
      journal.open();
      append(journal, 1, 3);
      entry = append(journal, big);
      assertThat(entry.parts()).isEqualTo(3);
      journal.settle(List.of(entry));
    }
    var bytes = Files.readAllBytes(fileIn(directory.resolve("1")));
    var outcomes = new TreeSet<Integer>();
    for (int end = endOf(waitingOf(bytes).get(2), bytes) + 4;
        end <= lastUsed(bytes) + 1;
        end += 4 * STEP + 1) {
      replace(Arrays.copyOf(Arrays.copyOf(bytes, end), FILE));
      int next;
      try (var journal = journal()) {
        var found = journal.open();
        assertThat(found.corrupt()).as("end %d", end).isZero();
        outcomes.add(found.entries().size());
        assertThat(numbers(found.entries())).as("end %d", end).containsAll(Set.of(1, 2, 3));
        if (found.entries().size() == 4) assertThat(found.entries().get(3).body()).isEqualTo(big);
        append(journal, 5, 2);
        next = found.entries().size() + 2;
      }
      try (var journal = journal()) {
        var found = journal.open();
        assertThat(found.corrupt()).as("after end %d", end).isZero();
        assertThat(found.entries()).as("after end %d", end).hasSize(next);
      }
    }
    assertThat(outcomes).containsExactly(3, 4);
  }

  @Test
  void erasesRecordsWithoutReportingDamage() throws Exception {
    try (var journal = journal()) {
      journal.open();
      append(journal, 1, 3);
      var big = append(journal, new byte[2_000]);
      var small = append(journal, 5, 1).get(0);
      journal.halt();
      assertThat(fails(journal)).isTrue();
      journal.erase(List.of(big, small));
    }
    try (var journal = journal()) {
      assertThat(journal.inspect().sound()).isTrue();
      assertThat(numbers(journal.open().entries())).containsExactly(1, 2, 3);
      append(journal, 6, 2);
    }
    try (var journal = journal()) {
      var found = journal.open();
      assertThat(found.corrupt()).isZero();
      assertThat(numbers(found.entries())).containsExactly(1, 2, 3, 6, 7);
    }
  }

  /** Another process may have locked its directory since. */
  @Test
  void leavesTheFilesAloneOnceItIsClosed() throws Exception {
    var closed = journal();
    closed.open();
    var refused = append(closed, 1, 1);
    closed.close();

    try (var journal = journal()) {
      assertThatThrownBy(closed::open).isInstanceOf(JournalException.class);
      assertThatThrownBy(() -> closed.erase(refused)).isInstanceOf(JournalException.class);

      assertThat(numbers(journal.open().entries())).containsExactly(1);
    }
  }

  /** Whether appends fail. */
  private static boolean fails(Journal journal) {
    try {
      append(journal, body(8));
      return false;
    } catch (JournalException e) {
      return true;
    }
  }

  /** Uses files of the service's size. */
  @Test
  void appendsTheLargestRequest() throws Exception {
    var body = new byte[6 * 1024 * 1024];
    new Random(1).nextBytes(body);
    try (var journal = Journal.in(directory, Clock.systemUTC(), JournalTest::fail)) {
      journal.open();
      append(journal, body);
    }

    try (var journal = Journal.in(directory, Clock.systemUTC(), JournalTest::fail)) {
      var found = journal.open();
      assertThat(found.corrupt()).isZero();
      assertThat(found.entries())
          .singleElement()
          .satisfies(e -> assertThat(e.body()).isEqualTo(body));
    }
  }

  private static void fail(JournalException cause) {
    throw new AssertionError(cause);
  }

  @Test
  void reportsALostPartOfARecord() throws Exception {
    var big = new byte[2_500];
    Arrays.fill(big, (byte) 'y');
    try (var journal = journal()) {
      journal.open();
      append(journal, big);
      append(journal, 1, 2);
    }
    var bytes = Files.readAllBytes(fileIn(directory.resolve("1")));
    bytes[1_400] ^= 1;

    var found = openOn(bytes);

    assertThat(found.corrupt()).isEqualTo(1);
    assertThat(numbers(found.entries())).containsExactly(1, 2);
  }

  @Test
  void appendsARecordLargerThanAFile() throws Exception {
    var big = new byte[3 * FILE];
    new Random(1).nextBytes(big);
    try (var journal = journal()) {
      journal.open();
      append(journal, big);
    }
    try (var journal = journal()) {
      var found = journal.open();
      assertThat(found.entries()).singleElement().extracting(Entry::body).isEqualTo(big);
      journal.settle(found.entries());
      assertThat(journal.waitingBytes()).isZero();
    }
    try (var journal = journal()) {
      assertThat(journal.open().entries()).isEmpty();
    }
  }

  /** Zeroes a page, as a power failure may. */
  @Test
  void countsRecordsThatAreLostWithoutATrace() throws Exception {
    var bytes = written();
    var all = waitingOf(bytes);
    int from = endOf(all.get(0), bytes) + 4;
    int to = endOf(all.get(1), bytes) + 4;
    Arrays.fill(bytes, from, to, (byte) 0);

    var found = openOn(bytes);

    assertThat(found.corrupt()).isEqualTo(1);
    assertThat(found.entries()).hasSize(all.size() - 1);
  }

  @Test
  void refusesASecondOwner() {
    var first = journal();
    try {
      assertThatThrownBy(this::journal)
          .isInstanceOf(JournalException.class)
          .hasMessageContaining("is in use by process " + ProcessHandle.current().pid());
    } finally {
      first.close();
    }
    journal().close();
  }

  @Test
  void reportsTheStateOfTheDisk() {
    assertThat(JournalException.of(new IOException("No space left on device")))
        .hasMessage("The disk of the journal is full");
    assertThat(JournalException.of(new IOException("Disk quota exceeded")))
        .hasMessage("The disk of the journal is full");
    assertThat(JournalException.of(new RuntimeException(new IOException("Read-only file system"))))
        .hasMessage("The directory of the journal can't be written");
    assertThat(JournalException.of(new IOException("Input/output error")))
        .hasMessage("The journal can't be written: Input/output error");
  }

  @Test
  void detectsEverySingleByteErrorInAnId() {
    long[] ids = LongStream.rangeClosed(1, 3_000).map(Frame::id).sorted().toArray();
    var mistaken = new ArrayList<Long>();
    for (long id : ids) {
      for (int at = 0; at < Long.SIZE; at += Byte.SIZE) {
        for (int mask = 1; mask < 256; mask++) {
          long damaged = id ^ (long) mask << at;
          if (Arrays.binarySearch(ids, damaged) >= 0) mistaken.add(damaged);
        }
      }
    }
    assertThat(mistaken).isEmpty();
  }

  private void unpackVersion1() throws IOException {
    clear();
    try (var resource = getClass().getResourceAsStream("/journal/version-1.zip");
        var zip = new ZipInputStream(resource)) {
      for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        var file = directory.resolve(entry.getName());
        if (entry.isDirectory()) Files.createDirectories(file);
        else Files.write(file, zip.readAllBytes());
      }
    }
  }

  private static boolean isIntactOfVersion1(Entry entry) {
    var expected = body(number(entry));
    return Arrays.equals(Arrays.copyOf(entry.body(), expected.length), expected)
        && entry.body().length == expected.length + 7; // the magic and three bytes
  }

  private Journal journal() {
    return Journal.of(
        directory,
        FILE,
        Clock.systemUTC(),
        cause -> {
          throw new AssertionError(cause);
        });
  }

  /** A journal of one file: twelve records, three of them settled, and a marker. */
  private byte[] written() throws Exception {
    try (var journal = journal()) {
      journal.open();
      journal.settle(append(journal, 1, 8).subList(2, 5));
      journal.sync();
      append(journal, 9, 4);
    }
    return Files.readAllBytes(fileIn(directory.resolve("1")));
  }

  private List<Entry> waitingOf(byte[] file) throws Exception {
    replace(file);
    try (var journal = journal()) {
      return journal.inspect().waiting();
    }
  }

  private Journal.Found openOn(byte[] file) throws Exception {
    replace(file);
    try (var journal = journal()) {
      return journal.open();
    }
  }

  /** Replaces the journal by the single file {@code file}. */
  private void replace(byte[] file) throws IOException {
    clear();
    var generation = Files.createDirectories(directory.resolve("1"));
    Files.write(generation.resolve("cp-1.journal"), file);
  }

  private void clear() throws IOException {
    try (var old = Files.walk(directory)) {
      for (var path : old.sorted(Comparator.reverseOrder()).toList()) {
        if (!path.equals(directory)) Files.delete(path);
      }
    }
  }

  /** The file in {@code generation} that contains records. */
  private static Path fileIn(Path generation) {
    try (var files = Files.list(generation)) {
      return files
          .filter(file -> file.toString().endsWith(".journal"))
          .max(Comparator.comparingInt(JournalTest::used))
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int used(Path file) {
    try {
      int used = 0;
      for (byte b : Files.readAllBytes(file)) if (b != 0) used++;
      return used;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int lastUsed(byte[] file) {
    int at = file.length - 1;
    while (file[at] == 0) at--;
    return at;
  }

  private static int endOf(Entry entry, byte[] file) {
    var text = new String(file, StandardCharsets.ISO_8859_1);
    var body = new String(entry.body(), StandardCharsets.ISO_8859_1);
    return text.indexOf(body) + body.length();
  }

  private static List<Entry> append(Journal journal, int first, int count) {
    var entries = new ArrayList<Entry>();
    for (int i = first; i < first + count; i++) entries.add(append(journal, body(i)));
    return entries;
  }

  private static Entry append(Journal journal, byte[] body) {
    var entry = journal.entry(body);
    journal.append(entry);
    return entry;
  }

  private static byte[] body(int number) {
    return "<%06d|%s>".formatted(number, "x".repeat(number % 40)).getBytes(StandardCharsets.UTF_8);
  }

  private static boolean isIntact(Entry entry) {
    return Arrays.equals(entry.body(), body(number(entry)));
  }

  private static int number(Entry entry) {
    return Integer.parseInt(new String(entry.body(), 1, 6, StandardCharsets.UTF_8));
  }

  private static Set<Integer> numbers(List<Entry> entries) {
    return entries.stream().map(JournalTest::number).collect(Collectors.toCollection(TreeSet::new));
  }

  private static List<String> bodies(List<Entry> entries) {
    return entries.stream().map(e -> new String(e.body(), StandardCharsets.UTF_8)).toList();
  }

  private static List<String> expected(int... bounds) {
    var all = new ArrayList<String>();
    for (int b = 0; b < bounds.length; b += 2) {
      for (int i = bounds[b]; i < bounds[b + 1]; i++) {
        all.add(new String(body(i), StandardCharsets.UTF_8));
      }
    }
    return all;
  }
}
