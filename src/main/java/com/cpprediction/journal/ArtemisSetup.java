package com.cpprediction.journal;

import com.cpprediction.files.OwnerOnly;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.activemq.artemis.core.io.IOCriticalErrorListener;
import org.apache.activemq.artemis.core.io.SequentialFile;
import org.apache.activemq.artemis.core.io.SequentialFileFactory;
import org.apache.activemq.artemis.core.io.nio.NIOSequentialFile;
import org.apache.activemq.artemis.core.io.nio.NIOSequentialFileFactory;
import org.apache.activemq.artemis.core.journal.impl.JournalImpl;
import org.apache.activemq.artemis.utils.ExecutorFactory;
import org.apache.activemq.artemis.utils.actors.ArtemisExecutor;
import org.apache.activemq.artemis.utils.actors.OrderedExecutorFactory;

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

  /** Longest wait for the next file, which a disk that is busy syncing others delays. */
  private static final int OPEN_TIMEOUT_SECONDS = 10;

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
    return new CallersJournal(new Threads(), files, fileBytes, listener);
  }

  /** A journal that appends on the caller's thread, and ends its own threads when stopped. */
  private static final class CallersJournal extends JournalImpl {
    private final Threads threads;

    CallersJournal(
        Threads threads,
        NIOSequentialFileFactory files,
        int fileBytes,
        IOCriticalErrorListener listener) {
      super(
          threads,
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
      this.threads = threads;
    }

    @Override
    public synchronized void stop() {
      super.stop();
      threads.shutdown();
    }
  }

  /** The executors of a journal. */
  private static final class Threads implements ExecutorFactory {
    private static final int FILES_AND_RECLAIMING = 2;
    private static final int SHUTDOWN_SECONDS = 120;

    private final ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            FILES_AND_RECLAIMING,
            FILES_AND_RECLAIMING,
            1,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Threads::thread);

    private final ExecutorFactory ordered = new OrderedExecutorFactory(pool);
    private int given;

    Threads() {
      pool.allowCoreThreadTimeOut(true);
    }

    private static Thread thread(Runnable work) {
      var thread = new Thread(work, "cp-journal-files");
      thread.setDaemon(true);
      return thread;
    }

    /**
     * The library asks for an executor for files, for reclaiming and for appends, in this order.
     */
    @Override
    public ArtemisExecutor getExecutor() {
      return given++ < FILES_AND_RECLAIMING ? ordered.getExecutor() : Runnable::run;
    }

    /** Waits for tasks that close files. */
    void shutdown() {
      pool.shutdown();
      try {
        if (!pool.awaitTermination(SHUTDOWN_SECONDS, TimeUnit.SECONDS)) pool.shutdownNow();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
