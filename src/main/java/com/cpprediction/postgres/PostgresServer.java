package com.cpprediction.postgres;

import com.cpprediction.files.OwnerOnly;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the programs of PostgreSQL on one data directory. What they write goes to the log at level
 * {@code debug}; what they wrote last is in the message of a failure. Every method blocks.
 */
public final class PostgresServer {
  /** One of the programs failed; the message holds what it wrote last. */
  static final class FailedException extends IOException {
    private static final long serialVersionUID = 1;

    private FailedException(String message) {
      super(message);
    }

    /** Whether another process has the port. */
    boolean portTaken() {
      return String.valueOf(getMessage()).contains("could not bind");
    }
  }

  private static final Logger log = LoggerFactory.getLogger(PostgresServer.class);
  private static final int KEPT_LINES = 8;
  private static final String UNSHARE = "unshare";
  private static final long POLL_MILLIS = 10;
  private static final Duration INITDB_PATIENCE = Duration.ofMinutes(2); // on a slow disk

  private final Path bin;
  private final Path data;
  private final Map<String, String> settings;

  /**
   * @param bin directory of the programs
   * @param data the data directory, absolute
   * @param settings of the server, over those in the data directory
   */
  PostgresServer(Path bin, Path data, Map<String, String> settings) {
    this.bin = bin;
    this.data = data;
    this.settings = settings;
  }

  /**
   * Initialises the data directory; no user can connect until its {@code pg_hba.conf} names one.
   */
  void initialize(String superuser) throws IOException {
    var options = new ArrayList<>(List.of("-D", data.toString(), "-U", superuser));
    options.addAll(List.of("--auth=reject", "-E", "UTF8", "--no-instructions"));
    options.add("--locale=C"); // there on every machine
    run("initdb", options, "", INITDB_PATIENCE);
  }

  /**
   * Executes {@code sql} as the superuser, with no server running and no way in from outside; does
   * the recovery first that a crash left to do.
   *
   * @param sql statements, each ended by a semicolon and an empty line
   */
  void executeAlone(String sql, String database, Duration patience) throws IOException {
    var options = new ArrayList<>(List.of("--single", "-j", "-D", data.toString()));
    options.addAll(settings());
    options.add(database);
    var errors = run("postgres", options, sql, patience).errors(); // it goes on after one
    if (!errors.isEmpty()) throw new FailedException(errors);
  }

  /**
   * Starts the server and waits until it takes connections. It is in a session of its own, so that
   * Ctrl-C in a terminal is not for it.
   */
  void start(int port, Duration patience) throws IOException {
    var options = new ArrayList<>(List.of("-D", data.toString(), "-p", Integer.toString(port)));
    options.addAll(settings());
    var command = new ArrayList<String>();
    setsid().ifPresent(program -> command.add(program.toString()));
    command.addAll(command("postgres", options));
    var process = begin(command);
    process.getOutputStream().close();
    var output = new Output(process);
    long begin = System.nanoTime();
    while (!takesConnections(process)) {
      if (!process.isAlive()) throw new FailedException(output.last(process));
      if (System.nanoTime() - begin > patience.toNanos()) {
        throw new FailedException("Not ready after %d s".formatted(patience.toSeconds()));
      }
      pause();
    }
  }

  private boolean takesConnections(Process process) throws IOException {
    var running = Postmaster.of(data);
    return running.isPresent()
        && running.get().process().pid() == process.pid()
        && running.get().takesConnections();
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while PostgreSQL started", e);
    }
  }

  private List<String> settings() {
    var options = new ArrayList<String>();
    settings.forEach((name, value) -> options.addAll(List.of("-c", name + "=" + value)));
    return options;
  }

  /** In the util-linux of every Linux. */
  private static Optional<Path> setsid() {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .map(directory -> Path.of(directory, "setsid"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** What to do about {@code failure}, where that is known and not said by it; else empty. */
  static String hint(Exception failure) {
    var message = String.valueOf(failure.getMessage());
    return message.contains(UNSHARE)
        ? "; PostgreSQL doesn't run as root, which this machine doesn't let root do without: run the service as another user, or set database.uri"
        : "";
  }

  /** PostgreSQL refuses to run as root; in a user namespace of its own it doesn't know it is. */
  private List<String> command(String program, List<String> options) {
    var command = new ArrayList<String>();
    if (OwnerOnly.user() == 0) command.addAll(List.of(UNSHARE, "-U"));
    command.add(bin.resolve(program).toString());
    command.addAll(options);
    return command;
  }

  private static Process begin(List<String> command) throws IOException {
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  /** What it wrote; fails unless it ends well. */
  private Output run(String program, List<String> options, String input, Duration patience)
      throws IOException {
    var process = begin(command(program, options));
    var output = new Output(process);
    try (var in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) { // it ended early, and says why
      log.debug("{} reads no input", program, e);
    }
    try {
      if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        throw new FailedException("%s takes over %d s".formatted(program, patience.toSeconds()));
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while PostgreSQL started", e);
    }
    if (process.exitValue() != 0) throw new FailedException(output.last(process));
    return output;
  }

  /** Reads what a process writes until it ends, on a thread of its own. */
  private static final class Output {
    private static final Pattern ERROR = Pattern.compile("\\b(ERROR|FATAL|PANIC): ");

    private final Deque<String> last = new ArrayDeque<>();
    private final Deque<String> errors = new ArrayDeque<>();
    private final Thread reader;

    Output(Process process) {
      reader = new Thread(() -> read(process), "postgres-log");
      reader.setDaemon(true);
      reader.start();
    }

    private void read(Process process) {
      try (var lines = process.inputReader(StandardCharsets.UTF_8)) {
        for (var line = lines.readLine(); line != null; line = lines.readLine()) keep(line);
      } catch (IOException | UncheckedIOException e) {
        log.debug("What PostgreSQL writes can't be read any more", e);
      }
    }

    private synchronized void keep(String line) {
      log.debug("{}", line);
      if (line.isBlank()) return;
      keep(line, last);
      if (ERROR.matcher(line).find()) keep(line, errors);
    }

    private static void keep(String line, Deque<String> lines) {
      lines.add(line);
      if (lines.size() > KEPT_LINES) lines.remove();
    }

    /** What the process wrote last, once it has ended, in one line. */
    String last(Process process) throws IOException {
      var lines = joined(last);
      return lines.isEmpty() ? "exit code " + process.exitValue() : lines;
    }

    /** The last errors that the process reported, once it has ended; empty for none. */
    String errors() throws IOException {
      return joined(errors);
    }

    private String joined(Deque<String> lines) throws IOException {
      try {
        reader.join(TimeUnit.SECONDS.toMillis(1)); // a child of it may keep the pipe open
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while PostgreSQL started", e);
      }
      synchronized (this) {
        return String.join("; ", lines);
      }
    }
  }
}
