package com.cpprediction.testing;

import com.cpprediction.postgres.PostgresBinaries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A real PostgreSQL in processes of its own, on a port that stays, as durable as it is delivered.
 * The service signs in as {@value #USER} with a password, the test as a superuser without one.
 */
public final class PostgresProcess extends TestResource {
  public static final String USER = "cp";
  public static final String PASSWORD = "first-password";

  private static final String ORDINARY = "user=" + USER + "&password=" + PASSWORD;
  private static final String TAKER = "taker";
  private static final long STOP_SECONDS = 30;

  private final int port = Ports.free();
  private final List<String> settings = new ArrayList<>();
  private final List<ProcessHandle> frozen = new ArrayList<>();
  private Process postmaster;
  private int databases;

  /**
   * @param settings such as {@code max_connections=20}, or {@code listen_addresses} for more than
   *     loopback
   */
  public PostgresProcess(String... settings) {
    this.settings.addAll(
        List.of(
            "port=" + port,
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=on",
            "synchronous_commit=on"));
    this.settings.addAll(List.of(settings));
  }

  private void initialize() throws IOException {
    Processes.run(
        command(
                "initdb",
                List.of(
                    "-D",
                    data().toString(),
                    "-U",
                    "postgres",
                    "-A",
                    "trust",
                    "-E",
                    "UTF8",
                    "--locale=C"))
            .toArray(String[]::new));
    Files.writeString(
        data().resolve("pg_hba.conf"),
        """
        host all postgres 127.0.0.1/32 trust
        host all all      samenet      scram-sha-256
        """);
  }

  /** PostgreSQL refuses to run as root; in a user namespace of its own it doesn't know it is. */
  private List<String> command(String program, List<String> arguments) throws IOException {
    var command = new ArrayList<String>();
    if (Processes.isRoot()) command.addAll(List.of("unshare", "-U"));
    command.add(PostgresBinaries.bin().resolve(program).toString());
    command.addAll(arguments);
    return command;
  }

  private Path data() {
    return directory().resolve("data");
  }

  private Path log() {
    return directory().resolve("postgres.log");
  }

  /** Starts it, initialised the first time, and waits until it takes connections. */
  @Override
  public void start() throws Exception {
    if (!Files.exists(data())) initialize();
    var arguments = new ArrayList<>(List.of("-D", data().toString()));
    for (var setting : settings) arguments.addAll(List.of("-c", setting));
    postmaster =
        new ProcessBuilder(command("postgres", arguments))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
            .start();
    Await.until("PostgreSQL takes connections, see " + log(), this::accepts);
  }

  private boolean accepts() {
    if (!postmaster.isAlive()) throw new IllegalStateException("PostgreSQL ended, see " + log());
    try (var connection = admin("postgres")) {
      return connection.isValid(1);
    } catch (SQLException e) {
      return false;
    }
  }

  /**
   * A new, empty database that the service's user owns.
   *
   * @return its name
   */
  public String newDatabase() throws SQLException {
    var name = "trial" + ++databases;
    if (databases == 1) {
      execute("postgres", "CREATE ROLE %s LOGIN PASSWORD '%s'".formatted(USER, PASSWORD));
    }
    execute("postgres", "CREATE DATABASE %s OWNER %s".formatted(name, USER));
    return name;
  }

  /** Where the service finds a new, empty database. */
  public String newUri() throws SQLException {
    return uri(port, newDatabase());
  }

  public int port() {
    return port;
  }

  /**
   * @param atPort of this server or of a proxy before it
   */
  public static String uri(int atPort, String database) {
    return uri("127.0.0.1", atPort, database);
  }

  public static String uri(String host, int atPort, String database) {
    return "postgresql://%s:%s@%s:%d/%s".formatted(USER, PASSWORD, host, atPort, database);
  }

  /** A superuser's connection, which may write whatever the server's settings say. */
  public Connection admin(String database) throws SQLException {
    return connect(database, "user=postgres&options=-c%20default_transaction_read_only=off");
  }

  private Connection connect(String database, String parameters) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://127.0.0.1:%d/%s?%s&connectTimeout=20&loginTimeout=20&socketTimeout=30"
            .formatted(port, database, parameters));
  }

  public void execute(String database, String sql) throws SQLException {
    try (var connection = admin(database);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Changes a setting of the running server, for sessions that are there already, too. */
  public void set(String setting, String value) throws SQLException {
    execute("postgres", "ALTER SYSTEM SET %s = %s".formatted(setting, value));
    execute("postgres", "SELECT pg_reload_conf()");
  }

  /** Ends the sessions of the service's user, which has to sign in again. */
  public void endSessions() throws SQLException {
    execute(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + USER + "'");
  }

  public void changePassword(String to) throws SQLException {
    execute("postgres", "ALTER ROLE %s PASSWORD '%s'".formatted(USER, to));
  }

  /** Keeps the tables of a database, which are not made yet, in another directory. */
  public void storeOn(Path other, String database) throws SQLException {
    execute("postgres", "CREATE TABLESPACE %s_space LOCATION '%s'".formatted(database, other));
    execute("postgres", "GRANT CREATE ON TABLESPACE %s_space TO %s".formatted(database, USER));
    execute(
        "postgres", "ALTER DATABASE %1$s SET default_tablespace = %1$s_space".formatted(database));
  }

  /** Drops a database that was {@linkplain #storeOn stored elsewhere}. */
  public void drop(String database) throws SQLException {
    execute("postgres", "DROP DATABASE %s WITH (FORCE)".formatted(database));
    execute("postgres", "DROP TABLESPACE %s_space".formatted(database));
  }

  /**
   * Takes every connection that there is for ordinary users, those that the service has included.
   */
  public List<Connection> takeAllConnections(String database) throws SQLException {
    var taken = new ArrayList<Connection>();
    do {
      takeFree(database, taken);
    } while (endOthers() > 0);
    return taken;
  }

  private void takeFree(String database, List<Connection> taken) throws SQLException {
    try {
      while (true) taken.add(connect(database, ORDINARY + "&ApplicationName=" + TAKER));
    } catch (SQLException e) {
      if (!e.getSQLState().equals("53300")) throw e;
    }
  }

  private int endOthers() throws SQLException {
    try (var connection = admin("postgres");
        var statement = connection.createStatement();
        var ended =
            statement.executeQuery(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '%s' AND application_name <> '%s'"
                    .formatted(USER, TAKER))) {
      ended.next();
      return ended.getInt(1);
    }
  }

  /** Ends sessions, then the server, as {@code pg_ctl stop -m fast} does. */
  public void stopFast() throws InterruptedException {
    stop("INT");
  }

  /** Ends all at once and leaves recovery to the next start, as {@code -m immediate} does. */
  public void stopImmediately() throws InterruptedException {
    stop("QUIT");
  }

  private void stop(String signal) throws InterruptedException {
    Processes.signal(postmaster.toHandle(), signal);
    if (!postmaster.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException("PostgreSQL does not stop, see " + log());
    }
  }

  /** {@code kill -9} of the server and all its sessions. */
  public void kill() throws Exception {
    freeze(); // or the postmaster would see its children die, or have new ones
    var family = List.copyOf(frozen);
    frozen.clear();
    for (var process : family) process.destroyForcibly();
    for (var process : family) process.onExit().get(STOP_SECONDS, TimeUnit.SECONDS);
  }

  /** SIGSTOP for the server and all its sessions; connections are taken by the kernel only. */
  public void freeze() {
    add(postmaster.toHandle());
    postmaster.descendants().forEach(this::add);
  }

  private void add(ProcessHandle process) {
    if (!process.isAlive()) return;
    Processes.signal(process, "STOP");
    frozen.add(process);
  }

  public void thaw() {
    Processes.signal(postmaster.toHandle(), "CONT");
    for (var process : frozen) { // one that had just ended is gone as soon as the first goes on
      if (!process.equals(postmaster.toHandle())) Processes.signalAny(process, "CONT");
    }
    frozen.clear();
  }

  @Override
  protected void end() throws Exception {
    if (postmaster != null && postmaster.isAlive()) kill();
  }
}
