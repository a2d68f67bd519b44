package com.cpprediction.journal;

import com.cpprediction.files.OwnerOnly;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.activemq.artemis.api.core.ActiveMQBuffer;
import org.apache.activemq.artemis.core.io.nio.NIOSequentialFileFactory;
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
 * settled. All methods that write block, as long as the disk does. {@link #entry}, {@link #append},
 * {@link #hasRoom}, {@link #settle}, {@link #sync} and {@link #rewrite} are for use from one thread
 * at a time, during which another may {@link #halt}.
 *
 * <p>Damage found on opening affects the damaged records only: the files are set aside unchanged,
 * and their intact records are copied to new ones.
 */
public final class Journal implements AutoCloseable {
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
  private final Function<Path, NIOSequentialFileFactory> factory;
  private final DirectoryLock lock;
  private final JournalDirectories directories;

  private final AtomicLong waitingBytes = new AtomicLong();
  private final AtomicBoolean failed = new AtomicBoolean();
  private volatile @Nullable JournalException failure; // of the last write that failed
  private volatile @Nullable JournalImpl files;
  private volatile boolean closed;
  private long next = 1; // sequence of the next record
  private SequenceRanges settled = new SequenceRanges();

  private Journal(
      Path directory,
      int fileBytes,
      Clock clock,
      Consumer<JournalException> onFailure,
      Function<Path, NIOSequentialFileFactory> factory,
      DirectoryLock lock) {
    this.directory = directory;
    this.fileBytes = fileBytes;
    partBytes = Math.min(fileBytes / PARTS_PER_FILE, MAX_PART_BYTES);
    this.clock = clock;
    this.onFailure = onFailure;
    this.factory = factory;
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
    return of(directory, fileBytes, clock, onFailure, ArtemisSetup::files);
  }

  static Journal of(
      Path directory,
      int fileBytes,
      Clock clock,
      Consumer<JournalException> onFailure,
      Function<Path, NIOSequentialFileFactory> factory) {
    try {
      var real = OwnerOnly.createDirectories(directory).toRealPath();
      return new Journal(real, fileBytes, clock, onFailure, factory, DirectoryLock.acquire(real));
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
   * @throws JournalException when it can't be opened; the caller may retry, unless it is closed
   */
  public Found open() {
    checkLocked();
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
      failure = null;
      failed.set(false);
      if (scan.sound()) delete(scan.partial().stream().mapToLong(Long::longValue).toArray());
      return new Found(entries, scan.corrupt(), directories.damaged());
    } catch (JournalException e) {
      throw e;
    } catch (Exception e) {
      throw JournalException.of(e);
    }
  }

  /**
   * Deletes directories of damaged files: those set aside longer than {@code maxAge} ago, and the
   * oldest beyond five or {@code maxBytes} together; the newest may be larger. Blocks. Thread-safe.
   *
   * @return the deleted ones
   * @throws JournalException when one can't be deleted
   */
  public List<Path> discardDamaged(long maxBytes, Duration maxAge) {
    try {
      return directories.discard(maxBytes, maxAge);
    } catch (IOException e) {
      throw JournalException.of(e);
    }
  }

  /** Bytes of damaged files that were set aside. Blocks. Thread-safe. */
  public long damagedBytes() {
    try {
      return directories.damagedBytes();
    } catch (IOException e) {
      throw JournalException.of(e);
    }
  }

  private static List<Entry> entries(JournalScan scan) {
    return List.copyOf(scan.waiting().values());
  }

  /**
   * Writes the records that aren't settled into new files, and deletes the files before, with the
   * settled records that are still in them. Blocks.
   *
   * @throws JournalException when that fails: appends fail until the journal is reopened
   */
  public void rewrite() {
    writable();
    try {
      closeFiles();
      var scan = JournalScan.read(directories.current(), fileBytes);
      if (scan.sound()) directories.replace(rebuilt(scan));
      else setAside(scan);
      files = load(directories.current());
      settled = scan.settled();
      settled.add(scan.next(), next);
      waitingBytes.set(entries(scan).stream().mapToLong(Entry::bytes).sum());
    } catch (Exception e) {
      throw failed(e);
    }
  }

  private void setAside(JournalScan scan) throws Exception {
    directories.activate(rebuilt(scan));
  }

  /** A directory with the waiting records of {@code scan} alone. */
  private Path rebuilt(JournalScan scan) throws Exception {
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
          1,
          MARKER,
          EncoderPersister.getInstance(),
          new ByteArrayEncoding(marker.encode()),
          true,
          null);
    } finally {
      rebuilt.stop();
    }
    return staging;
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
            factory.apply(directory), fileBytes, (e, message, file) -> markFailed(e, message));
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
    var known = JournalException.of(cause != null ? cause : new IOException(message));
    if (failed.getAndSet(true)) return;
    failure = known;
    onFailure.accept(known);
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
   * The next record, to be appended.
   *
   * @param body must not be modified afterwards
   */
  public Entry entry(byte[] body) {
    int parts = Math.max(1, (body.length + partBytes - 1) / partBytes);
    var entry = new Entry(next, parts, clock.millis(), body);
    next += parts;
    return entry;
  }

  /**
   * Appends a record. On return it survives the end of the process, and after the next {@link
   * #sync} a power failure. A restart recovers it whole or not at all.
   *
   * @throws JournalException when it could not be written: all others fail until the journal is
   *     reopened, and a restart may recover the record until it is {@linkplain #erase erased}
   */
  public void append(Entry entry) {
    waitingBytes.addAndGet(entry.bytes());
    for (var frame : frames(entry)) append(frame);
  }

  private void append(Frame frame) {
    var written = new Written();
    var encoding = new FrameEncoding(frame);
    try {
      writable()
          .appendAddRecord(
              Frame.id(frame.sequence()),
              RECORD,
              EncoderPersister.getInstance(),
              encoding,
              false,
              written);
    } catch (Exception e) {
      throw failed(e);
    }
    written.check();
  }

  /**
   * Whether the file that is written has room for any part of a record, so that a record of one
   * part does not wait for another file.
   */
  public boolean hasRoom() {
    var open = files;
    if (open == null) return false;
    var current = open.getCurrentFile();
    return current != null
        && fileBytes - current.getFile().position()
            > partBytes + Frame.OVERHEAD + ArtemisSetup.OVERHEAD;
  }

  /** Deletes records that need no recovery any more. */
  public void settle(Collection<Entry> entries) {
    if (entries.isEmpty()) return;
    for (var entry : entries) {
      waitingBytes.addAndGet(-entry.bytes());
      settled.add(entry.sequence(), entry.end());
    }
    delete(sequences(entries));
  }

  private static long[] sequences(Collection<Entry> entries) {
    int count = 0;
    for (var entry : entries) count += entry.parts();
    var sequences = new long[count];
    int to = 0;
    for (var entry : entries) {
      for (long next = entry.sequence(); next < entry.end(); next++) sequences[to++] = next;
    }
    return sequences;
  }

  private void delete(long[] sequences) {
    if (failed.get()) return; // reopening returns these records, to be settled again
    try {
      var open = writable();
      for (long sequence : sequences) open.appendDeleteRecord(Frame.id(sequence), false, null);
      appendMarker(false, null);
    } catch (Exception e) {
      markFailed(e, e.getMessage());
    }
  }

  /**
   * Appends a marker that lists the settled sequences. On recovery it separates live records from
   * stale ones in a recycled file.
   */
  private void appendMarker(boolean sync, @Nullable IOCompletion completion) throws Exception {
    var marker = new FrameEncoding(marker(next - 1, settled));
    writable().appendAddEvent(1, MARKER, EncoderPersister.getInstance(), marker, sync, completion);
  }

  /**
   * Forces all earlier appends to disk.
   *
   * @throws JournalException when it is unknown whether they are on disk
   */
  public void sync() {
    var written = new Written();
    try {
      appendMarker(true, written);
    } catch (Exception e) {
      throw failed(e);
    }
    written.check();
  }

  private Frame marker(long highest, SequenceRanges settled) {
    return Frame.marker(highest, clock.millis(), settled.encode());
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
    checkLocked();
    var sequences = new SequenceRanges();
    for (var entry : failed) sequences.add(entry.sequence(), entry.end());
    try {
      JournalScan.erase(directories.current(), sequences);
    } catch (IOException e) {
      throw JournalException.of(e);
    }
  }

  /** The files of a closed journal may be another's. */
  private void checkLocked() {
    if (closed) throw JournalException.of(new IOException("it is closed"));
  }

  private JournalImpl writable() {
    var open = files;
    if (failed.get() || open == null) throw new HaltedException();
    return open;
  }

  private void closeFiles() throws Exception {
    if (files == null) return;
    var old = files;
    files = null;
    old.stop();
  }

  /** Blocks until all appends have reached the operating system. Can't be opened again. */
  @Override
  public void close() {
    closed = true;
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

    FrameEncoding(Frame frame) {
      bytes = frame.encode();
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

  private JournalException failed(Exception cause) {
    markFailed(cause, cause.getMessage());
    var first = failure;
    return first != null ? first : JournalException.of(cause);
  }

  /** The result of a write, known when the library's method returns, which writes on its caller. */
  private final class Written implements IOCompletion {
    private boolean done;
    private @Nullable String error;

    @Override
    public void storeLineUp() {}

    @Override
    public void done() {
      done = true;
    }

    @Override
    public void onError(int code, String message) {
      error = message;
    }

    /**
     * Throws unless the write succeeded; the library reports some failures to its listener only.
     */
    void check() {
      if (!done || error != null) throw failed(new IOException(error));
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
