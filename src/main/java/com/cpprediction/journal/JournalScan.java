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
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.activemq.artemis.core.io.SequentialFileFactory;
import org.apache.activemq.artemis.core.journal.RecordInfo;
import org.apache.activemq.artemis.core.journal.impl.JournalFile;
import org.apache.activemq.artemis.core.journal.impl.JournalImpl;
import org.apache.activemq.artemis.core.journal.impl.JournalReaderCallback;

/**
 * The content of a journal's files, read without changing them in two ways: by the library, and by
 * scanning for complete frames. The library silently skips unreadable records, so lost records are
 * found by comparison: sequences up to the highest that are neither present nor settled. An
 * incomplete record at the end was cut short by the end of its process and never acknowledged.
 *
 * @param waiting complete records that aren't settled, by sequence
 * @param partial sequences of parts that the library has of incomplete or partly settled records
 * @param corrupt number of records that are lost or unreadable
 * @param unreachable number of waiting parts that the library doesn't find
 * @param truncated whether a file has not its original size
 * @param next lowest unused sequence
 * @param files number of files
 * @param bytes size on disk
 */
record JournalScan(
    SortedMap<Long, Entry> waiting,
    List<Long> partial,
    int corrupt,
    int unreachable,
    boolean truncated,
    long next,
    int files,
    long bytes) {

  /** Whether the files can be used unchanged. */
  boolean sound() {
    return corrupt == 0 && unreachable == 0 && !truncated;
  }

  /** All sequences below {@link #next} except those of waiting records. */
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
   * @param fileBytes size of a file as created by the library
   */
  static JournalScan read(Path directory, int fileBytes) throws IOException {
    var library = LibraryView.read(directory, fileBytes);
    var paths = files(directory); // the library deletes files without a header
    var seen = new SeenFrames();
    long bytes = 0;
    boolean truncated = false;
    for (var path : paths) {
      var content = Files.readAllBytes(path);
      bytes += content.length;
      truncated |= content.length != fileBytes;
      for (var found : FrameScanner.scan(content)) seen.add(found.frame());
    }
    long lost = seen.lost(library.deleted);
    var parts = new TreeMap<Long, Frame>();
    for (var path : paths) {
      for (var found : FrameScanner.scan(Files.readAllBytes(path))) {
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
    var partial = new ArrayList<Long>();
    int unreachable = 0;
    for (var frame : parts.values()) {
      long sequence = frame.sequence();
      boolean reachable = library.added.contains(sequence);
      if (isComplete(frame, parts)) {
        if (frame.part() == 0) waiting.put(sequence, entry(frame, parts));
        if (!reachable) unreachable++;
      } else if (reachable) {
        partial.add(sequence);
      }
    }
    return new JournalScan(
        waiting,
        partial,
        Math.max(Math.toIntExact(lost), library.corrupt),
        unreachable,
        truncated,
        seen.next,
        paths.size(),
        bytes);
  }

  /** Whether {@code parts} contains all parts of the record of {@code part}. */
  private static boolean isComplete(Frame part, SortedMap<Long, Frame> parts) {
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
      body.writeBytes(Objects.requireNonNull(parts.get(first.sequence() + i)).body());
    }
    return new Entry(first.sequence(), first.parts(), first.appendedAt(), body.toByteArray());
  }

  /**
   * Overwrites the records of {@code sequences}, so that neither the library nor a scan finds them.
   */
  static void erase(Path directory, SequenceRanges sequences) throws IOException {
    for (var path : files(directory)) {
      for (var found : FrameScanner.scan(Files.readAllBytes(path))) {
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

  /** The sequences of all complete frames, and those settled according to markers. */
  private static final class SeenFrames {
    final SequenceRanges settled = new SequenceRanges(); // according to markers
    private final SequenceRanges whole = new SequenceRanges();
    private long highest;
    private long markerSequence; // of the newest marker
    private long markerLimit = Long.MAX_VALUE; // highest sequence that it covers
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
      if (sequence > markerSequence) markerLimit = limit;
      else if (sequence == markerSequence) markerLimit = Math.min(markerLimit, limit);
      markerSequence = Math.max(markerSequence, sequence);
    }

    /** Number of appended sequences that are neither present nor settled. */
    long lost(Set<Long> deleted) {
      var known = new SequenceRanges();
      known.addAll(settled);
      known.addAll(whole);
      for (long sequence : deleted) known.add(sequence, sequence + 1);
      return known.missing(Math.min(Math.max(highest, settled.highest()), markerLimit));
    }
  }

  /** The records and deletions that the library reads. */
  private static final class LibraryView implements JournalReaderCallback {
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
        view.corrupt++; // complete frames are recovered
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
