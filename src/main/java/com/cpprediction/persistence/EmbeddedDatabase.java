package com.cpprediction.persistence;

import com.cpprediction.journal.DirectoryLock;
import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The PostgreSQL that the service brings along, for a first run without a server: data in {@code
 * <data_dir>/postgres}, kept from run to run and as durable as any PostgreSQL. It listens on
 * loopback only and trusts everyone there (user {@code postgres}, no password); where other users
 * share the machine, name a server in {@code database.uri} instead.
 *
 * <p>Starting and closing block for seconds. A server that a killed process left behind is stopped
 * at the next start.
 */
public final class EmbeddedDatabase implements AutoCloseable {
  /** Major version of the PostgreSQL inside; the files of another one can't be read. */
  static final int MAJOR = 18;

  private static final Logger log = LoggerFactory.getLogger(EmbeddedDatabase.class);
  private static final Duration START_PATIENCE = Duration.ofSeconds(60); // recovery after a crash
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(10);
  private static final Duration LAST_PATIENCE = Duration.ofMillis(500);

  /** The server's directory in {@code data_dir}. */
  private static final String DATA = "postgres";

  /**
   * In the data directory once it has served: an initialisation that was cut short lacks it, and
   * never held a row.
   */
  private static final String MARKER = "cp-initialized";

  /** The library's own lock in the data directory; {@link DirectoryLock} stands in for it. */
  private static final String LIBRARY_LOCK = "epg-lock";

  private final DirectoryLock lock;
  private final Path data;
  private final EmbeddedPostgres postgres;

  private EmbeddedDatabase(DirectoryLock lock, Path data, EmbeddedPostgres postgres) {
    this.lock = lock;
    this.data = data;
    this.postgres = postgres;
  }

  /**
   * Starts it, the first time on a new data directory.
   *
   * @param dataDir {@code data_dir}; created where absent
   * @param port on loopback, 0 for any free one
   * @throws DatabaseStartException when it can't, saying what to do
   */
  public static EmbeddedDatabase start(Path dataDir, int port) {
    return start(dataDir, dataDir.resolve("postgres-binaries"), port);
  }

  /**
   * Where the server of a running service listens; of one that a killed service left behind, too.
   *
   * @param dataDir {@code data_dir}
   * @return empty when none runs
   */
  static Optional<String> running(Path dataDir) {
    if (!existsIn(dataDir)) return Optional.empty();
    try {
      var data = dataDir.toRealPath().resolve(DATA);
      var running = Postmaster.of(data);
      return running.isEmpty() ? Optional.empty() : running.get().port().map(EmbeddedDatabase::uri);
    } catch (IOException e) {
      throw new DatabaseStartException("Cannot read data_dir %s (%s)".formatted(dataDir, e), e);
    }
  }

  /** Whether one has ever served in {@code dataDir}. */
  static boolean existsIn(Path dataDir) {
    return Files.exists(dataDir.resolve(DATA).resolve(MARKER));
  }

  /**
   * @param binaries where the server itself is unpacked to, once
   */
  static EmbeddedDatabase start(Path dataDir, Path binaries, int port) {
    try {
      var directory = Files.createDirectories(dataDir.toAbsolutePath()).toRealPath();
      var lock = DirectoryLock.acquire(directory);
      try {
        return start(lock, directory.resolve(DATA), binaries.toAbsolutePath(), port);
      } catch (IOException | RuntimeException e) {
        lock.close();
        throw e;
      }
    } catch (DirectoryLock.InUseException e) {
      throw new DatabaseStartException(
          "Another service (process %s) already runs on data_dir %s; stop it or give this one a data_dir of its own"
              .formatted(e.process(), dataDir),
          e);
    } catch (IOException e) {
      throw new DatabaseStartException(
          "Cannot use data_dir %s (%s); name a local directory that this user may write to"
              .formatted(dataDir.toAbsolutePath(), e),
          e);
    }
  }

  private static EmbeddedDatabase start(DirectoryLock lock, Path data, Path binaries, int port)
      throws IOException {
    checkVersion(data);
    stopLeftBehind(data);
    setAsideUnfinished(data);
    removeUnfinishedBinaries(binaries);
    // Only the library's close gives it up, which may wait too long. A new file is a new lock, and
    // the old one goes with the garbage.
    Files.deleteIfExists(data.resolve(LIBRARY_LOCK));
    checkPort(port);
    try {
      var postgres = launch(data, binaries, port);
      var marker = data.resolve(MARKER);
      if (!Files.exists(marker)) Files.createFile(marker);
      return new EmbeddedDatabase(lock, data, postgres);
    } catch (DatabaseStartException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      stop(data, STOP_PATIENCE);
      throw new DatabaseStartException(
          "The embedded PostgreSQL in %s does not start (%s); the log lines above are its own"
              .formatted(data, e.getMessage()),
          e);
    }
  }

  private static EmbeddedPostgres launch(Path data, Path binaries, int port) throws IOException {
    return EmbeddedPostgres.builder()
        .setDataDirectory(data)
        .setCleanDataDirectory(false)
        .setOverrideWorkingDirectory(binaries.toFile())
        .setPgBinaryResolver(EmbeddedDatabase::binaries)
        .setRegisterShutdownHook(false) // it would stop the server under rows still to be stored
        .setPGStartupWait(START_PATIENCE)
        .setPort(port)
        .setLocaleConfig("locale", "C") // there on every machine
        .setServerConfig("listen_addresses", "127.0.0.1")
        .setServerConfig("unix_socket_directories", "")
        // Off in a database for tests, which is what the library is made for.
        .setServerConfig("fsync", "on")
        .setServerConfig("synchronous_commit", "on")
        .setServerConfig("full_page_writes", "on")
        // Statements and rows carry addresses, which stay out of logs.
        .setServerConfig("log_min_error_statement", "panic")
        .setServerConfig("log_error_verbosity", "terse")
        .start();
  }

  private static InputStream binaries(String system, String architecture) throws IOException {
    try {
      return DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(system, architecture);
    } catch (IllegalStateException e) {
      throw new DatabaseStartException(
          "No embedded PostgreSQL for %s on %s; set database.uri to a PostgreSQL server"
              .formatted(system, architecture),
          e);
    }
  }

  private static void checkVersion(Path data) throws IOException {
    var file = data.resolve("PG_VERSION");
    if (!Files.exists(file)) return;
    var version = Files.readString(file).strip();
    if (!version.equals(Integer.toString(MAJOR))) {
      throw new DatabaseStartException(
          "%s was written by PostgreSQL %s and the embedded one is %d; export it with pg_dump of the old version, or name another data_dir"
              .formatted(data, version, MAJOR));
    }
  }

  private static void stopLeftBehind(Path data) throws IOException {
    var running = Postmaster.of(data);
    if (running.isPresent()) {
      log.warn("Stopping the PostgreSQL that an earlier run left behind on {}", data);
      if (!running.get().stop(STOP_PATIENCE, STOP_PATIENCE)) {
        throw new DatabaseStartException(
            "The PostgreSQL of an earlier run (process %d) does not stop; end it by hand"
                .formatted(running.get().process().pid()));
      }
    } else if (Files.deleteIfExists(Postmaster.pidFile(data))) {
      // PostgreSQL would refuse to start where the id now belongs to some other process.
      log.info("Removed a process id file without its PostgreSQL from {}", data);
    }
  }

  /** Moved, never deleted: it may be a server that somebody copied there. */
  private static void setAsideUnfinished(Path data) throws IOException {
    if (!Files.exists(data) || Files.exists(data.resolve(MARKER)) || isEmpty(data)) return;
    var aside = data.resolveSibling(data.getFileName() + ".unfinished-" + System.nanoTime());
    Files.move(data, aside);
    log.warn("{} was never fully initialised and is set aside as {}", data, aside.getFileName());
  }

  private static boolean isEmpty(Path directory) throws IOException {
    try (var children = Files.newDirectoryStream(directory)) {
      return !children.iterator().hasNext();
    }
  }

  private static void removeUnfinishedBinaries(Path binaries) throws IOException {
    if (!Files.exists(binaries)) return;
    try (var children = Files.newDirectoryStream(binaries, "PG-*")) {
      for (var child : children) if (!Files.exists(child.resolve(".exists"))) delete(child);
    }
  }

  private static void delete(Path tree) throws IOException {
    try (var files = Files.walk(tree)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
    }
  }

  private static void checkPort(int port) {
    try (var socket = new ServerSocket()) {
      socket.setReuseAddress(true); // a connection of the last run may still be closing
      socket.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port));
    } catch (IOException e) {
      throw new DatabaseStartException(
          "Port %d, database.embedded_port, is taken (%s); choose another, or 0 for any free one"
              .formatted(port, e.getMessage()),
          e);
    }
  }

  /** How to connect to it. */
  public String uri() {
    return uri(postgres.getPort());
  }

  /** The server, parent of the processes of its sessions; empty when it has gone. */
  public Optional<ProcessHandle> process() {
    try {
      return Postmaster.of(data).map(Postmaster::process);
    } catch (IOException e) {
      throw new DatabaseStartException("Cannot read %s (%s)".formatted(data, e), e);
    }
  }

  private static String uri(int port) {
    return "postgresql://postgres@127.0.0.1:" + port + "/postgres";
  }

  /** Ends its sessions and stops it; blocks for 10 s at most, and a moment. */
  @Override
  public void close() {
    close(STOP_PATIENCE);
  }

  /**
   * Ends its sessions and stops it. A server that is still there after {@code patience}, a frozen
   * one, is told to drop everything and left to it: the next start sees to what remains. Fails
   * never, and gives {@code data_dir} free in any case.
   *
   * @param patience how long to wait for a clean stop; it blocks for half a second longer at most
   */
  public void close(Duration patience) {
    // Not by the library's close: it waits 5 s for a frozen server and logs a stack trace.
    try (lock) {
      stop(data, patience);
    } catch (IOException e) {
      log.error("The embedded PostgreSQL in {} did not stop cleanly", data, e);
    }
  }

  private static void stop(Path data, Duration patience) throws IOException {
    var running = Postmaster.of(data);
    if (running.isEmpty() || running.get().stop(patience, LAST_PATIENCE)) return;
    log.warn(
        "PostgreSQL (process {}) did not stop in time; the next start stops it",
        running.get().process().pid());
  }
}
