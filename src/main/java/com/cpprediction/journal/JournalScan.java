package com.cpprediction.journal;

import com.cpprediction.journal.Frame.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.activemq.artemis.core.io.SequentialFileFactory;
import org.apache.activemq.artemis.core.journal.RecordInfo;
import org.apache.activemq.artemis.core.journal.impl.JournalFile;
import org.apache.activemq.artemis.core.journal.impl.JournalImpl;
import org.apache.activemq.artemis.core.journal.impl.JournalReaderCallback;

/**
 * What the files of a journal hold, read without changing them, in two ways: as the library
 * understands them, and byte by byte for whole frames. The library skips what it can't read without
 * a word, so only both together tell what is missing: of all sequences up to the highest, those
 * that are neither there nor settled. A record behind all others that isn't whole was cut short by
 * the end of its process, and never acknowledged.
 *
 * @param waiting whole records that aren't settled, by sequence
 * @param rests sequences of parts, known to the library, of records that were cut short or are half
 *     settled
 * @param corrupt records that were there and can't be read
 * @param unreachable parts of those waiting that the library alone would not have found
 * @param cut whether a file is shorter or longer than it was made
 * @param next sequence that was never used
 * @param files in the directory
 * @param bytes on disk
 */
record JournalScan(
    SortedMap<Long, Entry> waiting,
    List<Long> rests,
    int corrupt,
    int unreachable,
    boolean cut,
    long next,
    int files,
    long bytes) {

  /** Whether the files may be used as they are. */
  boolean sound() {
    return corrupt == 0 && unreachable == 0 && !cut;
  }

  /** All sequences below {@link #next} that don't wait. */
  SequenceRanges settled() {
    var settled = new SequenceRanges();
    long from = 1;
    for (var entry : waiting.values()) {
      settled.add(from, entry.sequence());
      from = entry.end();
    }
    settled.add(from, next);
    return settled;
  }

  /**
   * @param fileBytes of a file as the library makes them
   */
  static JournalScan read(Path directory, int fileBytes) throws IOException {
    var library = LibraryView.read(directory, fileBytes);
    var paths = files(directory); // the library drops files without even a header
    var seen = new Seen();
    long bytes = 0;
    boolean cut = false;
    for (var path : paths) {
      var content = Files.readAllBytes(path);
      bytes += content.length;
      cut |= content.length != fileBytes;
      for (var found : FrameScanner.of(content)) seen.add(found.frame());
    }
    long lost = seen.lost(library.deleted);
    var parts = new TreeMap<Long, Frame>();
    for (var path : paths) {
      for (var found : FrameScanner.of(Files.readAllBytes(path))) {
        var frame = found.frame();
        if (frame.kind() == Kind.RECORD
            && !library.deleted.contains(frame.sequence())
            && (library.added.contains(frame.sequence())
                || !seen.settled.contains(frame.sequence()))) {
          parts.put(frame.sequence(), frame);
        }
      }
    }
    var waiting = new TreeMap<Long, Entry>();
    var rests = new ArrayList<Long>();
    int unreachable = 0;
    for (var frame : parts.values()) {
      long sequence = frame.sequence();
      boolean reachable = library.added.contains(sequence);
      if (isWhole(frame, parts)) {
        if (frame.part() == 0) waiting.put(sequence, entry(frame, parts));
        if (!reachable) unreachable++;
      } else if (reachable) {
        rests.add(sequence);
      }
    }
    return new JournalScan(
        waiting,
        rests,
        Math.max(Math.toIntExact(lost), library.corrupt),
        unreachable,
        cut,
        seen.next,
        paths.size(),
        bytes);
  }

  /** Whether all parts of the record that {@code part} is of are among {@code parts}. */
  private static boolean isWhole(Frame part, SortedMap<Long, Frame> parts) {
    long first = part.sequence() - part.part();
    for (int i = 0; i < part.parts(); i++) {
      var other = parts.get(first + i);
      if (other == null || other.part() != i || other.parts() != part.parts()) return false;
    }
    return true;
  }

  private static Entry entry(Frame first, SortedMap<Long, Frame> parts) {
    if (first.parts() == 1) return new Entry(first.sequence(), 1, first.appendedAt(), first.body());
    var body = new ByteArrayOutputStream();
    for (int i = 0; i < first.parts(); i++) {
      body.writeBytes(parts.get(first.sequence() + i).body());
    }
    return new Entry(first.sequence(), first.parts(), first.appendedAt(), body.toByteArray());
  }

  /** Makes the records of {@code sequences} unknown to the library and to {@link #read}. */
  static void erase(Path directory, SequenceRanges sequences) throws IOException {
    for (var path : files(directory)) {
      for (var found : FrameScanner.of(Files.readAllBytes(path))) {
        var frame = found.frame();
        if (frame.kind() != Kind.RECORD || !sequences.contains(frame.sequence())) continue;
        try (var channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
          int from = Math.max(0, found.from() - ArtemisSetup.HEAD);
          var zeros = ByteBuffer.allocate(found.from() + Long.BYTES - from);
          for (long at = from; zeros.hasRemaining(); ) at += channel.write(zeros, at);
          channel.force(false);
        }
      }
    }
  }

  private static List<Path> files(Path directory) throws IOException {
    var all = new ArrayList<Path>();
    if (!Files.isDirectory(directory)) return all;
    try (var entries = Files.newDirectoryStream(directory, "*." + ArtemisSetup.EXTENSION)) {
      entries.forEach(all::add);
    }
    return all;
  }

  /** The sequences that whole frames tell of. */
  private static final class Seen {
    final SequenceRanges settled = new SequenceRanges(); // as marks say
    private final SequenceRanges whole = new SequenceRanges();
    private long highest;
    private long marked; // sequence of the newest mark
    private long limit = Long.MAX_VALUE; // up to where that one goes
    long next = 1;

    void add(Frame frame) {
      long sequence = frame.sequence();
      highest = Math.max(highest, sequence);
      if (frame.kind() == Kind.RECORD) {
        whole.add(sequence, sequence + 1);
        next = Math.max(next, sequence - frame.part() + frame.parts());
        return;
      }
      settled.addAll(frame.body());
      next = Math.max(next, Math.max(sequence, settled.highest()) + 1);
      long limit = SequenceRanges.limit(frame.body());
      if (sequence > marked) this.limit = limit;
      else if (sequence == marked) this.limit = Math.min(this.limit, limit);
      marked = Math.max(marked, sequence);
    }

    /** How many were appended and are neither there nor settled. */
    long lost(Set<Long> deleted) {
      var known = new SequenceRanges();
      known.addAll(settled);
      known.addAll(whole);
      for (long sequence : deleted) known.add(sequence, sequence + 1);
      return known.missing(Math.min(Math.max(highest, settled.highest()), limit));
    }
  }

  /** What the library makes of the files. */
  private static final class LibraryView implements JournalReaderCallback {
    /** Sequences, as are the deleted ones. */
    final Set<Long> added = new HashSet<>();

    final Set<Long> deleted = new HashSet<>();
    int corrupt;

    static LibraryView read(Path directory, int fileBytes) {
      var view = new LibraryView();
      if (!Files.isDirectory(directory)) return view;
      var factory = ArtemisSetup.files(directory);
      try {
        var files = ArtemisSetup.journal(factory, fileBytes, (e, message, file) -> {}).orderFiles();
        for (var file : files) view.read(factory, file);
      } catch (Exception e) {
        view.corrupt++; // what the frames hold is saved
      }
      return view;
    }

    private void read(SequentialFileFactory factory, JournalFile file) {
      try {
        JournalImpl.readJournalFile(factory, file, this);
      } catch (Exception e) {
        corrupt++;
      }
    }

    @Override
    public void onReadAddRecord(RecordInfo info) {
      var found = Frame.read(info.data, 0);
      if (found.isEmpty() || Frame.id(found.get().frame().sequence()) != info.id) corrupt++;
      else added.add(found.get().frame().sequence());
    }

    @Override
    public void onReadEventRecord(RecordInfo info) {
      if (Frame.read(info.data, 0).isEmpty()) corrupt++;
    }

    @Override
    public void onReadDeleteRecord(long id) {
      long sequence = Frame.sequence(id);
      if (sequence > 0) deleted.add(sequence);
    }
  }
}
