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
 * The PostgreSQL that the service brings along, for a first run without a server: data in {@code
 * <data_dir>/postgres}, kept from run to run and as durable as any PostgreSQL. It listens on
 * loopback only, to one user that owns its tables and is no superuser; that user's password is new
 * in each {@code data_dir} and lies there in {@code pgpass}, for the user of this process alone.
 * The superuser can't connect: what it has to do it does at each start, before the server listens.
 *
 * <p>Starting and closing block for seconds. A server that a killed process left behind is stopped
 * at the next start.
 */
public final class EmbeddedDatabase implements AutoCloseable {
  /** Major version of the PostgreSQL inside; the files of another one can't be read. */
  static final int MAJOR = 18;

  /** Who may connect. */
  static final String USER = "cp_service";

  private static final Logger log = LoggerFactory.getLogger(EmbeddedDatabase.class);
  private static final Duration START_PATIENCE = Duration.ofSeconds(60); // recovery after a crash
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(10);
  private static final Duration LAST_PATIENCE = Duration.ofMillis(500);
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
  private static final int TRIES = 5; // to get a free port before another process does

  /** The server's directory in {@code data_dir}. */
  private static final String DATA = "postgres";

  /** The password's file in {@code data_dir}. */
  private static final String PASSWORD = "pgpass";

  private static final String BINARIES = "postgres-binaries";
  private static final String HOST = "127.0.0.1";
  private static final String SUPERUSER = "postgres";
  private static final String DATABASE = "postgres";

  /**
   * In the data directory once it has served: an initialisation that was cut short lacks it, and
   * never held a row.
   */
  private static final String MARKER = "cp-initialized";

  /** What a role needs to make databases for trials and to have a checkpoint before each. */
  private static final String FOR_TRIALS =
      """
      ALTER ROLE %1$s CREATEDB;

      GRANT pg_checkpoint TO %1$s;

      """
          .formatted(USER);

  private static final String NOT_FOR_TRIALS =
      """
      ALTER ROLE %1$s NOCREATEDB;

      """
          .formatted(USER);

  /** Whatever else is in the data directory, from whichever version. */
  private static final String HOST_BASED_AUTHENTICATION =
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
   * Starts it, the first time on a new data directory. Closes all of {@code dataDir} to other users
   * first.
   *
   * @param dataDir {@code data_dir}; created where absent
   * @param port on loopback, 0 for any free one
   * @throws DatabaseStartException when it can't, saying what to do
   */
  public static EmbeddedDatabase start(Path dataDir, int port) {
    return start(dataDir, dataDir.resolve(BINARIES), port, NOT_FOR_TRIALS);
  }

  /** As {@link #start(Path, int)}, of one that {@link ScratchDatabase}s can be made on. */
  public static EmbeddedDatabase startForTrials(Path dataDir, int port) {
    return startForTrials(dataDir, dataDir.resolve(BINARIES), port);
  }

  /**
   * @param binaries where the server itself is unpacked to, once
   */
  public static EmbeddedDatabase startForTrials(Path dataDir, Path binaries, int port) {
    return start(dataDir, binaries, port, FOR_TRIALS);
  }

  /**
   * Closes {@code dataDir} to other users where no embedded server is started on it: {@link #start}
   * does so by itself.
   *
   * @throws DatabaseStartException when other users may have put programs in it
   */
  public static void secure(Path dataDir) {
    try {
      ServerPrograms.discardDoubtful(dataDir.resolve(BINARIES));
      OwnerOnly.close(dataDir);
    } catch (IOException e) {
      throw unusable(dataDir, e);
    }
  }

  /**
   * Where the server of a running service listens; of one that a killed service left behind, too.
   *
   * @param dataDir {@code data_dir}
   * @return empty when none runs
   */
  public static Optional<String> running(Path dataDir) {
    if (!existsIn(dataDir)) return Optional.empty();
    try {
      var directory = dataDir.toRealPath();
      var running = Postmaster.of(directory.resolve(DATA));
      if (running.isEmpty()) return Optional.empty();
      var port = running.get().port();
      if (port.isEmpty()) return Optional.empty();
      var password = passwordFile(directory).read();
      if (password.isPresent()) return Optional.of(uri(port.get(), password.get()));
      throw new DatabaseStartException(
          "There is no password in %s for the PostgreSQL that runs; stop the service, which makes one when it starts again"
              .formatted(directory.resolve(PASSWORD)));
    } catch (IOException e) {
      throw new DatabaseStartException("Cannot read data_dir %s (%s)".formatted(dataDir, e), e);
    }
  }

  /** Whether one has ever served in {@code dataDir}. */
  public static boolean existsIn(Path dataDir) {
    return Files.exists(dataDir.resolve(DATA).resolve(MARKER));
  }

  private static PasswordFile passwordFile(Path dataDir) {
    return new PasswordFile(dataDir.resolve(PASSWORD), USER);
  }

  private static EmbeddedDatabase start(Path dataDir, Path binaries, int port, String rights) {
    try {
      var directory = OwnerOnly.createDirectories(dataDir.toAbsolutePath()).toRealPath();
      var lock = DirectoryLock.acquire(directory);
      try {
        var data = directory.resolve(DATA);
        checkVersion(data);
        stopLeftBehind(data);
        // These two look at what others may have done, before that is put in order.
        var bin = ServerPrograms.unpack(binaries.toAbsolutePath());
        var password = passwordFile(directory).readOrMake();
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
      throw unusable(dataDir, e);
    }
  }

  private static DatabaseStartException unusable(Path dataDir, IOException e) {
    return new DatabaseStartException(
        "Cannot use data_dir %s (%s); name a local directory that this user may write to"
            .formatted(dataDir.toAbsolutePath(), e),
        e);
  }

  private static EmbeddedDatabase start(
      DirectoryLock lock, Path data, Path bin, String password, int port, String rights)
      throws IOException {
    setAsideUnfinished(data);
    checkPort(port);
    try {
      var server = new PostgresServer(bin, data, settings(data));
      if (!Files.exists(data.resolve("PG_VERSION"))) server.initialize(SUPERUSER);
      Files.writeString(authentication(data), HOST_BASED_AUTHENTICATION);
      server.executeAlone(roles(password) + rights, DATABASE, START_PATIENCE);
      var uri = uri(start(server, port), password);
      checkConnects(uri);
      OwnerOnly.createFile(data.resolve(MARKER));
      return new EmbeddedDatabase(lock, data, uri);
    } catch (DatabaseStartException e) {
      stop(data, STOP_PATIENCE);
      throw e;
    } catch (IOException | SQLException | RuntimeException e) {
      stop(data, STOP_PATIENCE);
      throw new DatabaseStartException(
          "The embedded PostgreSQL in %s does not start: %s%s"
              .formatted(data, e.getMessage(), PostgresServer.hint(e)),
          e);
    }
  }

  /** The port it listens on. */
  private static int start(PostgresServer server, int port) throws IOException {
    for (int i = 1; ; i++) {
      int at = port == 0 ? freePort() : port;
      try {
        server.start(at, START_PATIENCE);
        return at;
      } catch (PostgresServer.FailedException e) {
        if (port != 0 || !e.portTaken() || i == TRIES) throw e;
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
    settings.put("hba_file", authentication(data).toString());
    settings.put("listen_addresses", HOST);
    settings.put("unix_socket_directories", "");
    settings.put("max_connections", "300");
    settings.put("timezone", "UTC");
    settings.put("fsync", "on");
    settings.put("synchronous_commit", "on");
    settings.put("full_page_writes", "on");
    // Statements and rows carry addresses, which stay out of logs.
    settings.put("log_min_error_statement", "panic");
    settings.put("log_error_verbosity", "terse");
    settings.put("log_statement", "none");
    settings.put("log_min_duration_statement", "-1");
    return settings;
  }

  private static Path authentication(Path data) {
    return data.resolve("pg_hba.conf");
  }

  private static String roles(String password) throws IOException {
    try (var sql = EmbeddedDatabase.class.getResourceAsStream("/db/embedded-roles.sql")) {
      return new String(sql.readAllBytes(), StandardCharsets.UTF_8)
          .replace(":role", USER)
          .replace(":password", password);
    }
  }

  /** That all of this came into force, before anything is stored. */
  private static void checkConnects(String uri) throws SQLException {
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

  private static void checkPort(int port) {
    try (var socket = new ServerSocket()) {
      socket.setReuseAddress(true); // a connection of the last run may still be closing
      socket.bind(new InetSocketAddress(InetAddress.getByName(HOST), port));
    } catch (IOException e) {
      throw new DatabaseStartException(
          "Port %d, database.embedded_port, is taken (%s); choose another, or 0 for any free one"
              .formatted(port, e.getMessage()),
          e);
    }
  }

  /** How to connect to it; holds the password. */
  public String uri() {
    return uri;
  }

  /** The server, parent of the processes of its sessions; empty when it has gone. */
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
   * @return whether it is gone
   */
  public boolean close(Duration patience) {
    try (lock) {
      return stop(data, patience);
    } catch (IOException e) {
      log.error("The embedded PostgreSQL in {} did not stop cleanly", data, e);
      return false;
    }
  }

  private static boolean stop(Path data, Duration patience) throws IOException {
    var running = Postmaster.of(data);
    if (running.isEmpty() || running.get().stop(patience, LAST_PATIENCE)) return true;
    log.warn(
        "PostgreSQL (process {}) did not stop in time; the next start stops it",
        running.get().process().pid());
    return false;
  }
}
