package com.cpprediction.postgres;

import java.util.regex.Pattern;

/**
 * Causes of a failed start that lie in the machine, by the words of the program that failed, and
 * the way out of each.
 */
enum StartFailure {
  /** Before {@link #FULL_DISK}: the kernel reports these limits as ENOSPC, too. */
  SYSTEM_V(
      "semget|shmget|create semaphores",
      "raise the kernel's limits of System V semaphores and shared memory (kernel.sem, kernel.shmmni, kernel.shmall), or set database.uri"),
  /** Not initdb's "selecting dynamic shared memory implementation", which it always prints. */
  SHARED_MEMORY(
      "shared memory segment \"|/dev/shm",
      "give it more shared memory (/dev/shm, --shm-size of a container), or set database.uri"),
  FULL_DISK(
      "No space left on device|Disk quota exceeded",
      "the disk of data_dir is full: a first start takes 110 MB, so free some, name another data_dir, or set database.uri"),
  READ_ONLY("Read-only file system", "name a data_dir that can be written to, or set database.uri"),
  /** util-linux writes this, the JDK the other. */
  NO_EXEC(
      "failed to execute .*: Permission denied|Cannot run program .*Permission denied",
      "programs may not run from the file system of data_dir (noexec): name a data_dir on another one, or set database.uri"),
  /** util-linux writes the first, with a reason that varies, the JDK the second. */
  ROOT(
      "unshare: unshare failed|Cannot run program \"unshare\"|\"root\" execution|cannot be run as root",
      "PostgreSQL doesn't run as root, and this machine refuses root a user namespace, in which it would: run the service as another user, or set database.uri"),
  FILES(
      "Too many open files|insufficient file descriptors",
      "raise the limit of open files to 1024 at least (ulimit -n, LimitNOFILE), or set database.uri"),
  PROCESSES(
      "could not fork|Resource temporarily unavailable|unable to create native thread",
      "raise the limit of processes (ulimit -u, TasksMax, pids.max), or set database.uri"),
  MEMORY("Cannot allocate memory|out of memory", "give it more memory, or set database.uri"),
  FILE_SIZE("File too large", "raise the limit of file sizes (ulimit -f), or set database.uri"),
  LIBRARY(
      "error while loading shared libraries|GLIBC",
      "its programs need a library that this system lacks: set database.uri");

  private final Pattern words;
  private final String wayOut;

  StartFailure(String words, String wayOut) {
    this.words = Pattern.compile(words, Pattern.CASE_INSENSITIVE);
    this.wayOut = wayOut;
  }

  /**
   * A clause that says what to do, to append to {@code message}.
   *
   * @param otherwise the clause where the cause is none of these
   */
  static String wayOut(String message, String otherwise) {
    // The reason of unshare may be that of another cause: without a namespace left it is ENOSPC.
    if (ROOT.words.matcher(message).find()) return ROOT.wayOut;
    for (var failure : values()) {
      if (failure.words.matcher(message).find()) return failure.wayOut;
    }
    return otherwise;
  }
}
