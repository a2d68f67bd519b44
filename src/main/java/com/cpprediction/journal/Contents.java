package com.cpprediction.journal;

import com.cpprediction.journal.Frame.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.activemq.artemis.core.io.SequentialFileFactory;
import org.apache.activemq.artemis.core.journal.RecordInfo;
import org.apache.activemq.artemis.core.journal.impl.JournalFile;
import org.apache.activemq.artemis.core.journal.impl.JournalImpl;
import org.apache.activemq.artemis.core.journal.impl.JournalReaderCallback;

/**
 * What the files of a journal hold, read without changing them, in two ways: as the library
 * understands them, and byte by byte for whole frames. The library skips what it can't read without
 * a word, so only both together tell what is missing.
 *
 * @param waiting whole records that aren't settled, by sequence
 * @param corrupt records that are there but not whole
 * @param unreachable records among those waiting that the library alone would not have found
 * @param cut whether a file is shorter or longer than it was made
 * @param highest sequence in use, 0 when there is none
 * @param files in the directory
 * @param bytes on disk
 */
record Contents(
    Map<Long, Frame> waiting,
    int corrupt,
    int unreachable,
    boolean cut,
    long highest,
    int files,
    long bytes) {

  /** Whether the files may be used as they are. */
  boolean sound() {
    return corrupt == 0 && unreachable == 0 && !cut;
  }

  /**
   * @param fileBytes of a file as the library makes them
   */
  static Contents read(Path directory, int fileBytes) throws IOException {
    var library = LibraryView.read(directory, fileBytes);
    var paths = files(directory); // the library drops files without even a header
    var settled = new Sequences();
    long highest = 0;
    long bytes = 0;
    boolean cut = false;
    for (var path : paths) {
      var content = Files.readAllBytes(path);
      bytes += content.length;
      cut |= content.length != fileBytes;
      for (var frame : new Scan(content).whole) {
        if (frame.kind() == Kind.MARK) settled.addAll(frame.body());
        else highest = Math.max(highest, frame.sequence());
      }
    }
    var waiting = new TreeMap<Long, Frame>();
    int broken = 0;
    int unreachable = 0;
    for (var path : paths) {
      var scan = new Scan(Files.readAllBytes(path));
      for (var frame : scan.whole) {
        long sequence = frame.sequence();
        if (frame.kind() != Kind.RECORD || library.deleted.contains(Frame.id(sequence))) continue;
        if (library.added.contains(Frame.id(sequence))) {
          waiting.put(sequence, frame);
        } else if (!settled.contains(sequence)) {
          waiting.put(sequence, frame);
          unreachable++;
        }
      }
      broken += scan.brokenBefore(highest);
    }
    return new Contents(
        waiting,
        Math.max(broken, library.corrupt),
        unreachable,
        cut,
        Math.max(highest, settled.highest()),
        paths.size(),
        bytes);
  }

  private static List<Path> files(Path directory) throws IOException {
    var all = new ArrayList<Path>();
    if (!Files.isDirectory(directory)) return all;
    try (var entries = Files.newDirectoryStream(directory, "*." + Library.EXTENSION)) {
      entries.forEach(all::add);
    }
    return all;
  }

  /** The frames in the bytes of one file. */
  private static final class Scan {
    final List<Frame> whole = new ArrayList<>();

    /** For each broken frame, how many whole ones come before it. */
    private final List<Integer> broken = new ArrayList<>();

    Scan(byte[] bytes) {
      var buffer = ByteBuffer.wrap(bytes);
      int at = 0;
      while (at <= bytes.length - Frame.HEADER) {
        if (buffer.getInt(at) != Frame.MAGIC) {
          at++;
          continue;
        }
        var frame = Frame.read(bytes, at);
        if (frame.isPresent()) {
          whole.add(frame.get());
          at += frame.get().size();
        } else {
          broken.add(whole.size());
          at++;
        }
      }
    }

    /**
     * How many frames were broken after they had been written. The one behind the newest record was
     * cut short by the end of its process, and never acknowledged.
     */
    int brokenBefore(long newest) {
      int last = -1;
      for (int i = 0; i < whole.size(); i++) if (whole.get(i).sequence() >= newest) last = i;
      int count = 0;
      for (int before : broken) if (last < 0 || before <= last) count++;
      return count;
    }
  }

  /** What the library makes of the files. */
  private static final class LibraryView implements JournalReaderCallback {
    final Set<Long> added = new HashSet<>();
    final Set<Long> deleted = new HashSet<>();
    int corrupt;

    static LibraryView read(Path directory, int fileBytes) {
      var view = new LibraryView();
      if (!Files.isDirectory(directory)) return view;
      var factory = Library.files(directory);
      try {
        var files = Library.journal(factory, fileBytes, (e, message, file) -> {}).orderFiles();
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
      var frame = Frame.read(info.data, 0);
      if (frame.isEmpty() || Frame.id(frame.get().sequence()) != info.id) corrupt++;
      else added.add(info.id);
    }

    @Override
    public void onReadDeleteRecord(long id) {
      deleted.add(id);
    }
  }
}
