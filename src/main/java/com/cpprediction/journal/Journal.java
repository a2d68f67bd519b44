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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records on disk that wait for something to happen to them: appended, in time settled, and after a
 * restart all there again that weren't settled. Opening, reopening and closing block; the rest
 * doesn't, is to be called from one thread, and reports from a thread of the journal's own.
 *
 * <p>Damage found on opening costs the damaged records only: the files are set aside as they are,
 * and what is whole in them goes on in fresh ones.
 */
public final class Journal implements AutoCloseable {
  /** Hears once what became of an append or a sync, on a thread of the journal's. */
  public interface Completion {
    void done();

    void failed(JournalException cause);
  }

  /**
   * What opening found.
   *
   * @param entries that wait, oldest first
   * @param corrupt records that can't be read
   * @param damaged directories of damaged files that were set aside, just now or before
   */
  public record Found(List<Entry> entries, int corrupt, List<Path> damaged) {}

  private static final Logger log = LoggerFactory.getLogger(Journal.class);
  private static final byte RECORD = 1;
  private static final byte MARK = 2;
  private static final int FILE = 4 * 1024 * 1024;
  private static final int PARTS_PER_FILE = 4; // so that little of a file is left over

  /** The library takes records of up to 490 KiB, as large as its buffer, whatever a file holds. */
  private static final int MOST_PART_BYTES = 256 * 1024;

  private final Path directory;
  private final int fileBytes;
  private final int partBytes;
  private final Clock clock;
  private final Consumer<JournalException> trouble;
  private final DirectoryLock lock;
  private final JournalDirectories generations;

  private final AtomicLong waitingBytes = new AtomicLong();
  private final AtomicBoolean troubled = new AtomicBoolean();
  private JournalImpl files;
  private long next = 1; // sequence of the next record
  private SequenceRanges settled = new SequenceRanges();

  private Journal(
      Path directory,
      int fileBytes,
      Clock clock,
      Consumer<JournalException> trouble,
      DirectoryLock lock) {
    this.directory = directory;
    this.fileBytes = fileBytes;
    partBytes = Math.min(fileBytes / PARTS_PER_FILE, MOST_PART_BYTES);
    this.clock = clock;
    this.trouble = trouble;
    this.lock = lock;
    generations = new JournalDirectories(directory, clock);
  }

  /**
   * Takes {@code directory} for this process alone; {@link #open} comes next. Blocks.
   *
   * @param directory made when it isn't there
   * @param trouble hears, on any thread, that nothing can be appended until it was opened again
   * @throws JournalException when another process has it or it can't be written
   */
  public static Journal in(Path directory, Clock clock, Consumer<JournalException> trouble) {
    return of(directory, FILE, clock, trouble);
  }

  static Journal of(
      Path directory, int fileBytes, Clock clock, Consumer<JournalException> trouble) {
    try {
      var real = OwnerOnly.createDirectories(directory).toRealPath();
      return new Journal(real, fileBytes, clock, trouble, DirectoryLock.acquire(real));
    } catch (DirectoryLock.InUseException e) {
      throw new JournalException(
          "The journal in %s is in use by process %s; stop that first"
              .formatted(directory, e.process()),
          e);
    } catch (IOException e) {
      throw JournalException.of(e);
    }
  }

  /** Whether {@code directory} holds a journal. */
  public static boolean existsIn(Path directory) {
    try {
      return Files.isDirectory(new JournalDirectories(directory, Clock.systemUTC()).current());
    } catch (IOException e) {
      throw JournalException.of(e);
    }
  }

  /**
   * What is in the journal, without changing it; to be called instead of {@link #open}. Blocks.
   *
   * @throws JournalException when it can't be read
   */
  public Inspection inspect() {
    try {
      var contents = JournalScan.read(generations.current(), fileBytes);
      return new Inspection(
          entries(contents),
          contents.corrupt(),
          contents.unreachable(),
          contents.sound(),
          contents.files(),
          contents.bytes(),
          generations.damaged());
    } catch (IOException e) {
      throw JournalException.of(e);
    }
  }

  /**
   * Opens the journal, for the first time or again after it was in trouble. Blocks.
   *
   * @throws JournalException when it can't be; to be tried again
   */
  public Found open() {
    try {
      stop();
      generations.tidy();
      var contents = JournalScan.read(generations.current(), fileBytes);
      if (!contents.sound()) setAside(contents);
      files = load(generations.current());
      next = Math.max(next, contents.next());
      settled = contents.settled();
      settled.add(contents.next(), next); // refused in the meantime
      var entries = entries(contents);
      waitingBytes.set(entries.stream().mapToLong(Entry::bytes).sum());
      troubled.set(false);
      drop(contents.sound() ? contents.rests() : List.of());
      return new Found(entries, contents.corrupt(), generations.damaged());
    } catch (JournalException e) {
      throw e;
    } catch (Exception e) {
      throw JournalException.of(e);
    }
  }

  private static List<Entry> entries(JournalScan contents) {
    return List.copyOf(contents.waiting().values());
  }

  private void setAside(JournalScan contents) throws Exception {
    var built = generations.begin();
    var fresh = load(built);
    try {
      for (var entry : contents.waiting().values()) {
        for (var frame : frames(entry)) {
          var whole = new ByteArrayEncoding(frame.encode());
          fresh.appendAddRecord(Frame.id(frame.sequence()), RECORD, whole, false);
        }
      }
      // Waits for all before it, and says where to go on counting.
      var mark = mark(contents.next() - 1, contents.settled());
      fresh.appendAddEvent(
          1, MARK, EncoderPersister.getInstance(), new ByteArrayEncoding(mark), true, null);
    } finally {
      fresh.stop();
    }
    generations.finish(built);
  }

  /** The frames of {@code entry}, in the parts it has. */
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

  private JournalImpl load(Path generation) throws Exception {
    OwnerOnly.createDirectories(generation);
    var opened =
        ArtemisSetup.journal(
            ArtemisSetup.files(generation), fileBytes, (e, message, file) -> inTrouble(e, message));
    opened.start();
    try {
      opened.load(new Loaded());
    } catch (Exception e) {
      opened.stop();
      throw e;
    }
    return opened;
  }

  private void inTrouble(Throwable cause, String message) {
    if (troubled.getAndSet(true)) return;
    trouble.accept(JournalException.of(cause != null ? cause : new IOException(message)));
  }

  /** Bytes on disk that records which wait take. From any thread. */
  public long waitingBytes() {
    return waitingBytes.get();
  }

  /** Whether appends fail until it is opened again. From any thread. */
  public boolean troubled() {
    return troubled.get();
  }

  /**
   * Appends a record. Once done it is with the operating system: it survives the end of the
   * process, and after the next {@link #sync} that of the machine. After a restart it is there as a
   * whole or not at all. Once an append has failed all others do until the journal is opened again,
   * and what they left on the disk is there until it is {@linkplain #erase erased}.
   *
   * @param body not to be changed any more
   * @return what to settle later, also when this fails
   */
  public Entry append(byte[] body, Completion completion) {
    int parts = Math.max(1, (body.length + partBytes - 1) / partBytes);
    var entry = new Entry(next, parts, clock.millis(), body);
    next += parts;
    waitingBytes.addAndGet(entry.bytes());
    var once = new Once(completion, parts);
    for (var frame : frames(entry)) append(frame, once);
    return entry;
  }

  private void append(Frame frame, Once once) {
    if (troubled.get()) {
      once.onError(0, "the journal is in trouble");
      return;
    }
    try {
      files.appendAddRecord(
          Frame.id(frame.sequence()),
          RECORD,
          EncoderPersister.getInstance(),
          new Writing(frame.encode()),
          false,
          once);
    } catch (Exception e) {
      once.fail(JournalException.of(e));
    }
  }

  /** Drops records for good. */
  public void settle(Collection<Entry> entries) {
    if (entries.isEmpty()) return;
    for (var entry : entries) {
      waitingBytes.addAndGet(-entry.bytes());
      settled.add(entry.sequence(), entry.end());
    }
    drop(
        entries.stream()
            .flatMap(entry -> LongStream.range(entry.sequence(), entry.end()).boxed())
            .toList());
  }

  private void drop(List<Long> sequences) {
    for (long sequence : sequences) {
      if (troubled.get()) return; // they come back, and are settled again, when it is opened
      try {
        files.appendDeleteRecord(Frame.id(sequence), false, null);
      } catch (Exception e) {
        inTrouble(e, e.getMessage());
      }
    }
    if (!troubled.get()) mark();
  }

  /** Tells records in use from what an earlier use of a file left in it. */
  private void mark() {
    var mark = new Writing(mark(next - 1, settled));
    try {
      files.appendAddEvent(1, MARK, EncoderPersister.getInstance(), mark, false, null);
    } catch (Exception e) {
      inTrouble(e, e.getMessage());
    }
  }

  /** Forces to disk what was appended so far. */
  public void sync(Completion completion) {
    var once = new Once(completion, 1);
    if (troubled.get()) {
      once.onError(0, "the journal is in trouble");
      return;
    }
    try {
      var mark = new Writing(mark(next - 1, settled));
      files.appendAddEvent(1, MARK, EncoderPersister.getInstance(), mark, true, once);
    } catch (Exception e) {
      once.fail(JournalException.of(e));
    }
  }

  private byte[] mark(long highest, SequenceRanges settled) {
    return Frame.mark(highest, clock.millis(), settled.encode()).encode();
  }

  /**
   * Writes nothing more until it is opened again. Blocks until what is being written is.
   *
   * @throws JournalException when the files can't be closed
   */
  public void halt() {
    troubled.set(true);
    try {
      stop();
    } catch (Exception e) {
      throw JournalException.of(e);
    }
  }

  /**
   * Takes what the files hold of records whose append failed out of them. To be called when {@link
   * #halt() halted}. Blocks.
   *
   * @throws JournalException when they may still be there
   */
  public void erase(Collection<Entry> failed) {
    var sequences = new SequenceRanges();
    for (var entry : failed) sequences.add(entry.sequence(), entry.end());
    try {
      JournalScan.erase(generations.current(), sequences);
    } catch (IOException e) {
      throw JournalException.of(e);
    }
  }

  private void stop() throws Exception {
    if (files == null) return;
    var old = files;
    files = null;
    old.stop();
  }

  /** Blocks until what was appended is with the operating system. */
  @Override
  public void close() {
    try {
      stop();
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
   * What the library writes next, unless something failed before: behind a record that was written
   * in part there must be no other, or it would look damaged rather than cut short.
   */
  private final class Writing implements EncodingSupport {
    private final byte[] bytes;

    Writing(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public int getEncodeSize() {
      return bytes.length;
    }

    @Override
    public void encode(ActiveMQBuffer buffer) {
      if (troubled.get()) throw new Halted();
      buffer.writeBytes(bytes);
    }

    @Override
    public void decode(ActiveMQBuffer buffer) {
      throw new UnsupportedOperationException();
    }
  }

  /** Not worth a stack trace: there may be one for each request in flight. */
  private static final class Halted extends RuntimeException {
    private static final long serialVersionUID = 1;

    Halted() {
      super("The journal is in trouble", null, false, false);
    }
  }

  /** The library may report a failure twice. */
  private final class Once implements IOCompletion {
    private final AtomicBoolean reported = new AtomicBoolean();
    private final Completion completion;
    private final AtomicInteger open;

    /**
     * @param parts that are to be done before {@code completion} hears
     */
    Once(Completion completion, int parts) {
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
      inTrouble(cause, cause.getMessage());
      completion.failed(cause);
    }
  }

  /** What waits was read before: of the library only its own bookkeeping is wanted. */
  private static final class Loaded implements LoaderCallback {
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
