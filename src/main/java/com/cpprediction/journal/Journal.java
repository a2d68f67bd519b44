package com.cpprediction.journal;

import com.cpprediction.files.OwnerOnly;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.apache.activemq.artemis.api.core.ActiveMQBuffer;
import org.apache.activemq.artemis.core.journal.EncoderPersister;
import org.apache.activemq.artemis.core.journal.EncodingSupport;
import org.apache.activemq.artemis.core.journal.IOCompletion;
import org.apache.activemq.artemis.core.journal.LoaderCallback;
import org.apache.activemq.artemis.core.journal.PreparedTransactionInfo;
import org.apache.activemq.artemis.core.journal.RecordInfo;
import org.apache.activemq.artemis.core.journal.impl.JournalImpl;
import org.apache.activemq.artemis.core.journal.impl.dataformat.ByteArrayEncoding;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A write-ahead journal: records are appended, later settled, and recovered after a restart unless
 * settled. Opening, halting, erasing and closing block. The other methods don't; they are for use
 * from one thread, and completions run on a thread of the journal.
 *
 * <p>Damage found on opening affects the damaged records only: the files are set aside unchanged,
 * and their intact records are copied to new ones.
 */
public final class Journal implements AutoCloseable {
  /** Notified once of the result of an append or a sync, on a thread of the journal. */
  public interface Completion {
    void done();

    void failed(JournalException cause);
  }

  /**
   * The result of opening.
   *
   * @param entries records that aren't settled, oldest first
   * @param corrupt number of unreadable records
   * @param damaged directories of damaged files that were set aside, now or before
   */
  public record Found(List<Entry> entries, int corrupt, List<Path> damaged) {}

  private static final Logger log = LoggerFactory.getLogger(Journal.class);
  private static final byte RECORD = 1;
  private static final byte MARKER = 2;
  private static final int FILE_BYTES = 4 * 1024 * 1024;
  private static final int PARTS_PER_FILE = 4; // limits unused space at the end of a file

  /** The library's buffer limits a record to 490 KiB, regardless of the file size. */
  private static final int MAX_PART_BYTES = 256 * 1024;

  private final Path directory;
  private final int fileBytes;
  private final int partBytes;
  private final Clock clock;
  private final Consumer<JournalException> onFailure;
  private final DirectoryLock lock;
  private final JournalDirectories directories;

  private final AtomicLong waitingBytes = new AtomicLong();
  private final AtomicBoolean failed = new AtomicBoolean();
  private @Nullable JournalImpl files;
  private long next = 1; // sequence of the next record
  private SequenceRanges settled = new SequenceRanges();

  private Journal(
      Path directory,
      int fileBytes,
      Clock clock,
      Consumer<JournalException> onFailure,
      DirectoryLock lock) {
    this.directory = directory;
    this.fileBytes = fileBytes;
    partBytes = Math.min(fileBytes / PARTS_PER_FILE, MAX_PART_BYTES);
    this.clock = clock;
    this.onFailure = onFailure;
    this.lock = lock;
    directories = new JournalDirectories(directory, clock);
  }

  /**
   * Locks {@code directory} for this process; {@link #open} must follow. Blocks.
   *
   * @param directory created where absent
   * @param onFailure called on any thread when appends fail until the journal is reopened
   * @throws JournalException when another process holds the lock or the directory isn't writable
   */
  public static Journal in(Path directory, Clock clock, Consumer<JournalException> onFailure) {
    return of(directory, FILE_BYTES, clock, onFailure);
  }

  static Journal of(
      Path directory, int fileBytes, Clock clock, Consumer<JournalException> onFailure) {
    try {
      var real = OwnerOnly.createDirectories(directory).toRealPath();
      return new Journal(real, fileBytes, clock, onFailure, DirectoryLock.acquire(real));
    } catch (DirectoryLock.InUseException e) {
      throw new JournalException(
          "The journal in %s is in use by process %s; stop that first"
              .formatted(directory, e.process()),
          e);
    } catch (IOException e) {
      throw JournalException.of(e);
    }
  }

  /** Whether {@code directory} contains a journal. */
  public static boolean existsIn(Path directory) {
    try {
      return Files.isDirectory(new JournalDirectories(directory, Clock.systemUTC()).current());
    } catch (IOException e) {
      throw JournalException.of(e);
    }
  }

  /**
   * Reads the journal without changing it; an alternative to {@link #open}. Blocks.
   *
   * @throws JournalException when it can't be read
   */
  public Inspection inspect() {
    try {
      var scan = JournalScan.read(directories.current(), fileBytes);
      return new Inspection(
          entries(scan),
          scan.corrupt(),
          scan.unreachable(),
          scan.sound(),
          scan.files(),
          scan.bytes(),
          directories.damaged());
    } catch (IOException e) {
      throw JournalException.of(e);
    }
  }

  /**
   * Opens the journal, for the first time or after a failure. Blocks.
   *
   * @throws JournalException when it can't be opened; the caller may retry
   */
  public Found open() {
    try {
      closeFiles();
      directories.recover();
      var scan = JournalScan.read(directories.current(), fileBytes);
      if (!scan.sound()) setAside(scan);
      files = load(directories.current());
      next = Math.max(next, scan.next());
      settled = scan.settled();
      settled.add(scan.next(), next); // appends that failed meanwhile
      var entries = entries(scan);
      waitingBytes.set(entries.stream().mapToLong(Entry::bytes).sum());
      failed.set(false);
      delete(scan.sound() ? scan.partial() : List.of());
      return new Found(entries, scan.corrupt(), directories.damaged());
    } catch (JournalException e) {
      throw e;
    } catch (Exception e) {
      throw JournalException.of(e);
    }
  }

  private static List<Entry> entries(JournalScan scan) {
    return List.copyOf(scan.waiting().values());
  }

  private void setAside(JournalScan scan) throws Exception {
    var staging = directories.stage();
    var rebuilt = load(staging);
    try {
      for (var entry : scan.waiting().values()) {
        for (var frame : frames(entry)) {
          var encoding = new ByteArrayEncoding(frame.encode());
          rebuilt.appendAddRecord(Frame.id(frame.sequence()), RECORD, encoding, false);
        }
      }
      // Synced after all records; also stores the next sequence.
      var marker = marker(scan.next() - 1, scan.settled());
      rebuilt.appendAddEvent(
          1, MARKER, EncoderPersister.getInstance(), new ByteArrayEncoding(marker), true, null);
    } finally {
      rebuilt.stop();
    }
    directories.activate(staging);
  }

  /** Splits {@code entry} into one frame per part. */
  private static List<Frame> frames(Entry entry) {
    var frames = new ArrayList<Frame>(entry.parts());
    int size = (entry.body().length + entry.parts() - 1) / entry.parts();
    for (int i = 0; i < entry.parts(); i++) {
      int from = Math.min(i * size, entry.body().length);
      int to = Math.min(from + size, entry.body().length);
      frames.add(
          new Frame(
              Frame.Kind.RECORD,
              entry.sequence() + i,
              i,
              entry.parts(),
              entry.appendedAt(),
              entry.parts() == 1 ? entry.body() : Arrays.copyOfRange(entry.body(), from, to)));
    }
    return frames;
  }

  private JournalImpl load(Path directory) throws Exception {
    OwnerOnly.createDirectories(directory);
    var opened =
        ArtemisSetup.journal(
            ArtemisSetup.files(directory), fileBytes, (e, message, file) -> markFailed(e, message));
    opened.start();
    try {
      opened.load(new IgnoringLoader());
    } catch (Exception e) {
      opened.stop();
      throw e;
    }
    return opened;
  }

  private void markFailed(@Nullable Throwable cause, @Nullable String message) {
    if (failed.getAndSet(true)) return;
    onFailure.accept(JournalException.of(cause != null ? cause : new IOException(message)));
  }

  /** Bytes on disk of records that aren't settled. Thread-safe. */
  public long waitingBytes() {
    return waitingBytes.get();
  }

  /** Whether appends fail until the journal is reopened. Thread-safe. */
  public boolean hasFailed() {
    return failed.get();
  }

  /**
   * Appends a record. Once completed it survives the end of the process, and after the next {@link
   * #sync} a power failure. A restart recovers it whole or not at all. After a failed append all
   * others fail until the journal is reopened; their partial records stay on disk until {@linkplain
   * #erase erased}.
   *
   * @param body must not be modified afterwards
   * @return the entry to settle later, also when the append fails
   */
  public Entry append(byte[] body, Completion completion) {
    int parts = Math.max(1, (body.length + partBytes - 1) / partBytes);
    var entry = new Entry(next, parts, clock.millis(), body);
    next += parts;
    waitingBytes.addAndGet(entry.bytes());
    var single = new SingleCompletion(completion, parts);
    for (var frame : frames(entry)) append(frame, single);
    return entry;
  }

  private void append(Frame frame, SingleCompletion single) {
    if (failed.get()) {
      single.onError(0, "the journal has failed");
      return;
    }
    try {
      files()
          .appendAddRecord(
              Frame.id(frame.sequence()),
              RECORD,
              EncoderPersister.getInstance(),
              new FrameEncoding(frame.encode()),
              false,
              single);
    } catch (Exception e) {
      single.fail(JournalException.of(e));
    }
  }

  /** Deletes records that need no recovery any more. */
  public void settle(Collection<Entry> entries) {
    if (entries.isEmpty()) return;
    for (var entry : entries) {
      waitingBytes.addAndGet(-entry.bytes());
      settled.add(entry.sequence(), entry.end());
    }
    delete(
        entries.stream()
            .flatMap(entry -> LongStream.range(entry.sequence(), entry.end()).boxed())
            .toList());
  }

  private void delete(List<Long> sequences) {
    for (long sequence : sequences) {
      if (failed.get()) return; // reopening returns these records, to be settled again
      try {
        files().appendDeleteRecord(Frame.id(sequence), false, null);
      } catch (Exception e) {
        markFailed(e, e.getMessage());
      }
    }
    if (!failed.get()) appendMarker();
  }

  /**
   * Appends a marker that lists the settled sequences. On recovery it separates live records from
   * stale ones in a recycled file.
   */
  private void appendMarker() {
    var marker = new FrameEncoding(marker(next - 1, settled));
    try {
      files().appendAddEvent(1, MARKER, EncoderPersister.getInstance(), marker, false, null);
    } catch (Exception e) {
      markFailed(e, e.getMessage());
    }
  }

  /** Forces all earlier appends to disk. */
  public void sync(Completion completion) {
    var single = new SingleCompletion(completion, 1);
    if (failed.get()) {
      single.onError(0, "the journal has failed");
      return;
    }
    try {
      var marker = new FrameEncoding(marker(next - 1, settled));
      files().appendAddEvent(1, MARKER, EncoderPersister.getInstance(), marker, true, single);
    } catch (Exception e) {
      single.fail(JournalException.of(e));
    }
  }

  private byte[] marker(long highest, SequenceRanges settled) {
    return Frame.marker(highest, clock.millis(), settled.encode()).encode();
  }

  /**
   * Ends all writes until the journal is reopened. Blocks until writes in progress have ended.
   *
   * @throws JournalException when the files can't be closed
   */
  public void halt() {
    failed.set(true);
    try {
      closeFiles();
    } catch (Exception e) {
      throw JournalException.of(e);
    }
  }

  /**
   * Erases records whose append failed from the files. Requires a {@linkplain #halt() halted}
   * journal. Blocks.
   *
   * @throws JournalException when a restart may still recover these records
   */
  public void erase(Collection<Entry> failed) {
    var sequences = new SequenceRanges();
    for (var entry : failed) sequences.add(entry.sequence(), entry.end());
    try {
      JournalScan.erase(directories.current(), sequences);
    } catch (IOException e) {
      throw JournalException.of(e);
    }
  }

  private JournalImpl files() {
    return Objects.requireNonNull(files, "not open");
  }

  private void closeFiles() throws Exception {
    if (files == null) return;
    var old = files;
    files = null;
    old.stop();
  }

  /** Blocks until all appends have reached the operating system. */
  @Override
  public void close() {
    try {
      closeFiles();
    } catch (Exception e) {
      log.warn("The journal did not close cleanly: {}", e.getMessage());
    }
    try {
      lock.close();
    } catch (IOException e) {
      throw JournalException.of(e);
    }
  }

  /**
   * A frame for the library to write. Encoding fails once the journal has failed: a record behind a
   * partial one would make that look damaged instead of cut short.
   */
  private final class FrameEncoding implements EncodingSupport {
    private final byte[] bytes;

    FrameEncoding(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public int getEncodeSize() {
      return bytes.length;
    }

    @Override
    public void encode(ActiveMQBuffer buffer) {
      if (failed.get()) throw new HaltedException();
      buffer.writeBytes(bytes);
    }

    @Override
    public void decode(ActiveMQBuffer buffer) {
      throw new UnsupportedOperationException();
    }
  }

  /** Without a stack trace, because each request in flight may get one. */
  private static final class HaltedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    HaltedException() {
      super("The journal has failed", null, false, false);
    }
  }

  /** Completes once, after all parts: the library may report a failure twice. */
  private final class SingleCompletion implements IOCompletion {
    private final AtomicBoolean reported = new AtomicBoolean();
    private final Completion completion;
    private final AtomicInteger open;

    SingleCompletion(Completion completion, int parts) {
      this.completion = completion;
      open = new AtomicInteger(parts);
    }

    @Override
    public void storeLineUp() {}

    @Override
    public void done() {
      if (open.decrementAndGet() == 0 && !reported.getAndSet(true)) completion.done();
    }

    @Override
    public void onError(int code, String message) {
      fail(JournalException.of(new IOException(message)));
    }

    void fail(JournalException cause) {
      if (reported.getAndSet(true)) return;
      markFailed(cause, cause.getMessage());
      completion.failed(cause);
    }
  }

  /** Ignores loaded records, which {@link JournalScan} has read before. */
  private static final class IgnoringLoader implements LoaderCallback {
    @Override
    public void addPreparedTransaction(PreparedTransactionInfo transaction) {}

    @Override
    public void addRecord(RecordInfo info) {}

    @Override
    public void deleteRecord(long id) {}

    @Override
    public void updateRecord(RecordInfo info) {}

    @Override
    public void failedTransaction(
        long id, List<RecordInfo> records, List<RecordInfo> recordsToDelete) {}
  }
}
