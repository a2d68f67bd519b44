package com.cpprediction.postgres;

import com.cpprediction.files.OwnerOnly;
import com.cpprediction.journal.DirectoryLock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bundled PostgreSQL server, for a first run without one. Its data in {@code
 * <data_dir>/postgres} persists between runs, with full durability. It listens on loopback only and
 * admits one role, which owns the tables and is no superuser. The role's random password is in
 * {@code <data_dir>/pgpass}, readable by this process's user only. The superuser can't connect: its
 * statements run in single-user mode at each start.
 *
 * <p>Starting and closing block for seconds. Starting stops a server orphaned by a killed process.
 */
public final class EmbeddedDatabase implements AutoCloseable {
  /** Major version of the bundled PostgreSQL, which can't read data of another one. */
  static final int MAJOR = 18;

  /** The only role that may connect. */
  static final String USER = "cp_service";

  private static final Logger log = LoggerFactory.getLogger(EmbeddedDatabase.class);
  private static final Duration START_TIMEOUT = Duration.ofSeconds(60); // includes crash recovery
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration IMMEDIATE_STOP_TIMEOUT = Duration.ofMillis(500);
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
  private static final int PORT_ATTEMPTS = 5; // another process may take a free port first

  private static final String SERVER_DIRECTORY = "postgres";

  private static final String PASSWORD_FILE = "pgpass";

  private static final String BINARIES = "postgres-binaries";
  private static final String HOST = "127.0.0.1";
  private static final String SUPERUSER = "postgres";
  private static final String DATABASE = "postgres";

  /** Marks a data directory that has served; an interrupted initialisation lacks it. */
  private static final String MARKER = "cp-initialized";

  /** Rights to create a {@link ScratchDatabase} and to run a checkpoint before its use. */
  private static final String GRANT_SCRATCH_RIGHTS =
      """
      ALTER ROLE %1$s CREATEDB;

      GRANT pg_checkpoint TO %1$s;

      """
          .formatted(USER);

  private static final String REVOKE_SCRATCH_RIGHTS =
      """
      ALTER ROLE %1$s NOCREATEDB;

      """
          .formatted(USER);

  /** Overwrites the rules of older versions, which trusted every local user. */
  private static final String HBA_RULES =
      """
      # Written by the service at each start.
      host all %s 127.0.0.1/32 scram-sha-256
      """
          .formatted(USER);

  private final DirectoryLock lock;
  private final Path data;
  private final String uri;

  private EmbeddedDatabase(DirectoryLock lock, Path data, String uri) {
    this.lock = lock;
    this.data = data;
    this.uri = uri;
  }

  /**
   * Starts the server and initialises its data directory where absent. First restricts all of
   * {@code dataDir} to this process's user.
   *
   * @param dataDir {@code data_dir}; created where absent
   * @param port on loopback, 0 for any free one
   * @throws DatabaseStartException when the server can't start; the message says what to do
   */
  public static EmbeddedDatabase start(Path dataDir, int port) {
    return start(dataDir, dataDir.resolve(BINARIES), port, REVOKE_SCRATCH_RIGHTS);
  }

  /** As {@link #start(Path, int)}, for a server that {@link ScratchDatabase}s can be created on. */
  public static EmbeddedDatabase startForScratchDatabases(Path dataDir, int port) {
    return startForScratchDatabases(dataDir, dataDir.resolve(BINARIES), port);
  }

  /** * @param binaries directory to unpack the server's programs to */
  public static EmbeddedDatabase startForScratchDatabases(Path dataDir, Path binaries, int port) {
    return start(dataDir, binaries, port, GRANT_SCRATCH_RIGHTS);
  }

  /**
   * Restricts {@code dataDir} to this process's user. For services without an embedded server;
   * {@link #start} includes it.
   *
   * @throws DatabaseStartException when other users may have put programs in it
   */
  public static void secure(Path dataDir) {
    try {
      ServerPrograms.discardSuspect(dataDir.resolve(BINARIES));
      OwnerOnly.close(dataDir);
    } catch (IOException e) {
      throw cannotUse(dataDir, e);
    }
  }

  /**
   * The URI of a server that runs on {@code dataDir}, orphaned or not.
   *
   * @param dataDir {@code data_dir}
   * @return empty when none runs
   */
  public static Optional<String> running(Path dataDir) {
    if (!existsIn(dataDir)) return Optional.empty();
    try {
      var directory = dataDir.toRealPath();
      var running = Postmaster.of(directory.resolve(SERVER_DIRECTORY));
      if (running.isEmpty()) return Optional.empty();
      var port = running.get().port();
      if (port.isEmpty()) return Optional.empty();
      var password = passwordFile(directory).read();
      if (password.isPresent()) return Optional.of(uri(port.get(), password.get()));
      throw new DatabaseStartException(
          "There is no password in %s for the PostgreSQL that runs; stop the service, which makes one when it starts again"
              .formatted(directory.resolve(PASSWORD_FILE)));
    } catch (IOException e) {
      throw new DatabaseStartException("Cannot read data_dir %s (%s)".formatted(dataDir, e), e);
    }
  }

  /** Whether {@code dataDir} holds an initialised database. */
  public static boolean existsIn(Path dataDir) {
    return Files.exists(dataDir.resolve(SERVER_DIRECTORY).resolve(MARKER));
  }

  private static PasswordFile passwordFile(Path dataDir) {
    return new PasswordFile(dataDir.resolve(PASSWORD_FILE), USER);
  }

  private static EmbeddedDatabase start(Path dataDir, Path binaries, int port, String rights) {
    try {
      var directory = OwnerOnly.createDirectories(dataDir.toAbsolutePath()).toRealPath();
      var lock = DirectoryLock.acquire(directory);
      try {
        var data = directory.resolve(SERVER_DIRECTORY);
        checkVersion(data);
        stopOrphan(data);
        // Both check permissions, so they precede the call that corrects them.
        var bin = ServerPrograms.unpack(binaries.toAbsolutePath());
        var password = passwordFile(directory).readOrCreate();
        OwnerOnly.close(directory);
        return start(lock, data, bin, password, port, rights);
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
      throw cannotUse(dataDir, e);
    }
  }

  private static DatabaseStartException cannotUse(Path dataDir, IOException e) {
    var reason = reason(e);
    var wayOut = StartFailure.wayOut(reason, "name a local directory that this user may write to");
    return new DatabaseStartException(
        "Cannot use data_dir %s (%s); %s".formatted(dataDir.toAbsolutePath(), reason, wayOut), e);
  }

  /** The words of the operating system, and the file where there is one. */
  private static String reason(Exception e) {
    return e.getClass() == IOException.class ? String.valueOf(e.getMessage()) : e.toString();
  }

  private static EmbeddedDatabase start(
      DirectoryLock lock, Path data, Path bin, String password, int port, String rights)
      throws IOException {
    discardUnfinished(data);
    setAsideUnfinished(data);
    checkPort(port);
    try {
      var server = new PostgresServer(bin, data, settings(data));
      if (!Files.exists(data.resolve("PG_VERSION"))) {
        OwnerOnly.createFile(initializing(data));
        server.initialize(SUPERUSER);
      }
      Files.writeString(hbaFile(data), HBA_RULES);
      server.executeSingleUser(roles(password) + rights, DATABASE, START_TIMEOUT);
      var uri = uri(start(server, port), password);
      checkConnection(uri);
      OwnerOnly.createFile(data.resolve(MARKER));
      Files.deleteIfExists(initializing(data));
      return new EmbeddedDatabase(lock, data, uri);
    } catch (DatabaseStartException e) {
      stop(data, STOP_TIMEOUT);
      throw e;
    } catch (IOException | SQLException | RuntimeException e) {
      stop(data, STOP_TIMEOUT);
      var message = String.valueOf(e.getMessage()).replaceFirst("\\.$", "");
      var wayOut = StartFailure.wayOut(message, "if it can't run here, set database.uri");
      throw new DatabaseStartException(
          "The embedded PostgreSQL in %s does not start: %s; %s".formatted(data, message, wayOut),
          e);
    }
  }

  private static int start(PostgresServer server, int port) throws IOException {
    for (int attempt = 1; ; attempt++) {
      int at = port == 0 ? freePort() : port;
      try {
        server.start(at, START_TIMEOUT);
        return at;
      } catch (PostgresServer.FailedException e) {
        if (port != 0 || !e.portTaken() || attempt == PORT_ATTEMPTS) throw e;
        log.info("Port {} was taken by another process; trying another one", at);
      }
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
      return socket.getLocalPort();
    }
  }

  private static Map<String, String> settings(Path data) {
    var settings = new LinkedHashMap<String, String>();
    settings.put("hba_file", hbaFile(data).toString());
    settings.put("listen_addresses", HOST);
    settings.put("unix_socket_directories", "");
    settings.put("max_connections", "300");
    settings.put("timezone", "UTC");
    settings.put("fsync", "on");
    settings.put("synchronous_commit", "on");
    settings.put("full_page_writes", "on");
    // Statements and rows contain addresses, which must not be logged.
    settings.put("log_min_error_statement", "panic");
    settings.put("log_error_verbosity", "terse");
    settings.put("log_statement", "none");
    settings.put("log_min_duration_statement", "-1");
    return settings;
  }

  private static Path hbaFile(Path data) {
    return data.resolve("pg_hba.conf");
  }

  private static String roles(String password) throws IOException {
    try (var sql = EmbeddedDatabase.class.getResourceAsStream("/db/embedded-roles.sql")) {
      return new String(sql.readAllBytes(), StandardCharsets.UTF_8)
          .replace(":role", USER)
          .replace(":password", password);
    }
  }

  /** Verifies that the role can connect and is no superuser. */
  private static void checkConnection(String uri) throws SQLException {
    var source = DatabaseUri.parse(uri).dataSource(CONNECT_TIMEOUT, CONNECT_TIMEOUT);
    try (var connection = source.getConnection();
        var statement = connection.createStatement();
        var superuser = statement.executeQuery("SHOW is_superuser")) {
      superuser.next();
      if (superuser.getString(1).equals("on")) throw new SQLException(USER + " is a superuser");
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

  private static void stopOrphan(Path data) throws IOException {
    var running = Postmaster.of(data);
    if (running.isPresent()) {
      log.warn("Stopping the PostgreSQL that an earlier run left behind on {}", data);
      if (!running.get().stop(STOP_TIMEOUT, STOP_TIMEOUT)) {
        throw new DatabaseStartException(
            "The PostgreSQL of an earlier run (process %d) does not stop; end it by hand"
                .formatted(running.get().process().pid()));
      }
    } else if (Files.deleteIfExists(Postmaster.pidFile(data))) {
      // PostgreSQL refuses to start when the stale id belongs to another process by now.
      log.info("Removed a process id file without its PostgreSQL from {}", data);
    }
  }

  /** Exists while the service initialises {@code data}. */
  private static Path initializing(Path data) {
    return data.resolveSibling(data.getFileName() + ".initializing");
  }

  /** Deletes a directory that never served and that the service itself began to initialise. */
  private static void discardUnfinished(Path data) throws IOException {
    if (!Files.exists(initializing(data))) return;
    if (Files.exists(data) && !Files.exists(data.resolve(MARKER))) {
      log.warn("{} was never fully initialised and is made anew", data);
      ServerPrograms.deleteAllIn(data);
      Files.delete(data);
    }
    Files.delete(initializing(data));
  }

  /** Moves the directory instead of deleting it: it may be a database copied there by hand. */
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

  private static void checkPort(int port) {
    try (var socket = new ServerSocket()) {
      socket.setReuseAddress(true); // a connection of the previous run may be in TIME_WAIT
      socket.bind(new InetSocketAddress(InetAddress.getByName(HOST), port));
    } catch (IOException e) {
      throw new DatabaseStartException(
          "Port %d, database.embedded_port, is taken (%s); choose another, or 0 for any free one"
              .formatted(port, e.getMessage()),
          e);
    }
  }

  /** The connection URI; contains the password. */
  public String uri() {
    return uri;
  }

  /** The postmaster process, parent of the session processes; empty when it has ended. */
  public Optional<ProcessHandle> process() {
    try {
      return Postmaster.of(data).map(Postmaster::process);
    } catch (IOException e) {
      throw new DatabaseStartException("Cannot read %s (%s)".formatted(data, e), e);
    }
  }

  private static String uri(int port, String password) {
    return "postgresql://%s:%s@%s:%d/%s".formatted(USER, password, HOST, port, DATABASE);
  }

  /** Stops the server, as {@link #close(Duration)} with 10 s. */
  @Override
  public void close() {
    close(STOP_TIMEOUT);
  }

  /**
   * Ends all sessions and stops the server. After {@code timeout} a frozen server is sent an
   * immediate shutdown; the next start stops it if it still runs. Never fails, and always releases
   * the lock on {@code data_dir}.
   *
   * @param timeout longest wait for a clean stop; this call blocks half a second longer at most
   * @return whether the server has ended
   */
  public boolean close(Duration timeout) {
    try (lock) {
      return stop(data, timeout);
    } catch (IOException e) {
      log.error("The embedded PostgreSQL in {} did not stop cleanly", data, e);
      return false;
    }
  }

  private static boolean stop(Path data, Duration timeout) throws IOException {
    var running = Postmaster.of(data);
    if (running.isEmpty() || running.get().stop(timeout, IMMEDIATE_STOP_TIMEOUT)) return true;
    log.warn(
        "PostgreSQL (process {}) did not stop in time; the next start stops it",
        running.get().process().pid());
    return false;
  }
}
