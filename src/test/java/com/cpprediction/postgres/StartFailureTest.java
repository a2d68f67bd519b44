package com.cpprediction.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StartFailureTest {
  /** util-linux writes the first two, by version; the JDK throws the third. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "unshare: unshare failed: Operation not permitted",
        "unshare: unshare failed: No space left on device",
        "Cannot run program \"unshare\": error=2, No such file or directory"
      })
  void tellsRootWhatToDoWithoutUserNamespaces(String message) {
    assertThat(StartFailure.wayOut(message, ""))
        .contains("refuses root a user namespace", "run the service as another user")
        .endsWith("or set database.uri");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "FATAL:  could not extend file \"base/5/2619\": No space left on device | the disk of data_dir is full",
        "unshare: failed to execute /d/bin/initdb: Permission denied | (noexec)",
        "Cannot run program \"/d/bin/initdb\": error=13, Permission denied | (noexec)",
        "FATAL:  insufficient file descriptors available to start server process | ulimit -n",
        "FATAL:  could not fork process: Resource temporarily unavailable | ulimit -u",
        "FATAL:  could not open shared memory segment \"/PostgreSQL.1\": Permission denied | /dev/shm",
        "FATAL:  could not resize shared memory segment \"/PostgreSQL.1\" to 4194304 bytes: No space left on device | /dev/shm",
        "FATAL:  could not create shared memory segment: No space left on device DETAIL:  Failed system call was shmget(key=1, size=56, 03600). | kernel.shmmni",
        "FATAL:  could not create semaphores: No space left on device DETAIL:  Failed system call was semget(1, 17, 03600). | kernel.sem",
        "selecting dynamic shared memory implementation ... posix initdb: error: could not write file: No space left on device | the disk of data_dir is full",
        "FATAL:  could not map anonymous shared memory: Cannot allocate memory HINT:  This error usually means that PostgreSQL's request for a shared memory segment exceeded available memory | more memory",
        "FATAL:  could not map anonymous memory: Cannot allocate memory | more memory",
        "initdb: error: could not create directory \"/d\": Read-only file system | can be written",
        "/d/bin/postgres: error while loading shared libraries: libx.so: cannot open | a library"
      })
  void namesTheWayOutOfWhatTheServerSays(String message, String wayOut) {
    assertThat(StartFailure.wayOut(message, "")).contains(wayOut).contains("set database.uri");
  }

  @Test
  void leavesOtherFailuresToTheirOwnWords() {
    assertThat(StartFailure.wayOut("FATAL: lock file is empty", "otherwise"))
        .isEqualTo("otherwise");
  }
}
