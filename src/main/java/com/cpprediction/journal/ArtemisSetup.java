package com.cpprediction.journal;

import com.cpprediction.files.OwnerOnly;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.apache.activemq.artemis.core.io.IOCriticalErrorListener;
import org.apache.activemq.artemis.core.io.SequentialFile;
import org.apache.activemq.artemis.core.io.SequentialFileFactory;
import org.apache.activemq.artemis.core.io.nio.NIOSequentialFile;
import org.apache.activemq.artemis.core.io.nio.NIOSequentialFileFactory;
import org.apache.activemq.artemis.core.journal.impl.JournalImpl;

/** Configuration of the Artemis journal, the library that writes the files. */
final class ArtemisSetup {
  static final String PREFIX = "cp";
  static final String EXTENSION = "journal";

  /** Bytes that the library adds to a record. */
  static final int OVERHEAD = JournalImpl.SIZE_ADD_RECORD + 1;

  /** Bytes of it before the record: type, file, compaction, id, length, user's type. */
  static final int HEAD = OVERHEAD - Integer.BYTES;

  private static final int MIN_FILES = 2;
  private static final int KEEP_ALL_FILES = -1; // keeps the disk space allocated
  private static final int NO_COMPACTING = 0; // records are settled roughly in order
  private static final int OPEN_TIMEOUT_SECONDS = 1;
  private static final int MAX_IO = 1;
  private static final int USER_VERSION = 1;

  private ArtemisSetup() {}

  /** Creates unbuffered files: a completed append has reached the operating system. */
  static NIOSequentialFileFactory files(Path directory) {
    return new NIOSequentialFileFactory(directory.toFile(), false, MAX_IO) {
      @Override
      public SequentialFile createSequentialFile(String name) {
        return new OwnerOnlyFile(this, directory, name);
      }

      @Override
      public void releaseDirectBuffer(ByteBuffer buffer) {
        // Netty can't free a foreign buffer on JDK 25; the garbage collector does.
      }
    };
  }

  /** A file of mode 0600; the library itself applies the umask only. */
  private static final class OwnerOnlyFile extends NIOSequentialFile {
    OwnerOnlyFile(SequentialFileFactory factory, Path directory, String name) {
      super(factory, directory.toFile(), name, MAX_IO);
    }

    @Override
    public void open(int maxIO, boolean useExecutor) throws IOException {
      OwnerOnly.createFile(getJavaFile().toPath());
      super.open(maxIO, useExecutor);
    }
  }

  static JournalImpl journal(
      NIOSequentialFileFactory files, int fileBytes, IOCriticalErrorListener listener) {
    return new JournalImpl(
        null,
        fileBytes,
        MIN_FILES,
        KEEP_ALL_FILES,
        NO_COMPACTING,
        NO_COMPACTING,
        OPEN_TIMEOUT_SECONDS,
        files,
        PREFIX,
        EXTENSION,
        MAX_IO,
        USER_VERSION,
        listener,
        0);
  }
}
