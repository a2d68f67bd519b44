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
 * Runs the programs of PostgreSQL on one data directory. Their output is logged at level {@code
 * debug}, and its last lines are the message of a failure. Every method blocks.
 */
final class PostgresServer {
  /** A program failed; the message holds the last lines of its output. */
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
  private static final int MAX_LINES = 8;
  private static final String UNSHARE = "unshare";
  private static final long POLL_MILLIS = 10;
  private static final Duration INITDB_TIMEOUT = Duration.ofMinutes(2); // on a slow disk

  private final Path bin;
  private final Path data;
  private final Map<String, String> settings;

  /**
   * @param bin directory of the programs
   * @param data the data directory, absolute * @param settings override those in the data directory
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
    options.add("--locale=C"); // exists on every machine
    run("initdb", options, "", INITDB_TIMEOUT);
  }

  /**
   * Executes {@code sql} as the superuser in single-user mode, where nothing can connect. Includes
   * crash recovery.
   *
   * @param sql statements, each terminated by a semicolon and an empty line
   */
  void executeSingleUser(String sql, String database, Duration timeout) throws IOException {
    var options = new ArrayList<>(List.of("--single", "-j", "-D", data.toString()));
    options.addAll(settings());
    options.add(database);
    var errors =
        run("postgres", options, sql, timeout).errors(); // an error doesn't end the program
    if (!errors.isEmpty()) throw new FailedException(errors);
  }

  /**
   * Starts the server and waits until it accepts connections. It runs in its own session, so that
   * Ctrl-C in a terminal doesn't reach it.
   */
  void start(int port, Duration timeout) throws IOException {
    var options = new ArrayList<>(List.of("-D", data.toString(), "-p", Integer.toString(port)));
    options.addAll(settings());
    var command = new ArrayList<String>();
    setsid().ifPresent(program -> command.add(program.toString()));
    command.addAll(command("postgres", options));
    var process = launch(command);
    process.getOutputStream().close();
    var output = new Output(process);
    long launch = System.nanoTime();
    while (!isReady(process)) {
      if (!process.isAlive()) throw new FailedException(output.last(process));
      if (System.nanoTime() - launch > timeout.toNanos()) {
        throw new FailedException("Not ready after %d s".formatted(timeout.toSeconds()));
      }
      sleep();
    }
  }

  private boolean isReady(Process process) throws IOException {
    var running = Postmaster.of(data);
    return running.isPresent()
        && running.get().process().pid() == process.pid()
        && running.get().isReady();
  }

  private static void sleep() throws IOException {
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

  /** The {@code setsid} of util-linux, part of every Linux; absent on macOS. */
  private static Optional<Path> setsid() {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .map(directory -> Path.of(directory, "setsid"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** The command line. PostgreSQL refuses to run as root, except in its own user namespace. */
  private List<String> command(String program, List<String> options) {
    var command = new ArrayList<String>();
    if (OwnerOnly.user() == 0) command.addAll(List.of(UNSHARE, "-U"));
    command.add(bin.resolve(program).toString());
    command.addAll(options);
    return command;
  }

  private static Process launch(List<String> command) throws IOException {
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  /** Runs a program and returns its output; throws unless it exits with 0. */
  private Output run(String program, List<String> options, String input, Duration timeout)
      throws IOException {
    var process = launch(command(program, options));
    var output = new Output(process);
    try (var in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) { // it ended early; its output has the cause
      log.debug("{} reads no input", program, e);
    }
    try {
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        throw new FailedException("%s takes over %d s".formatted(program, timeout.toSeconds()));
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while PostgreSQL started", e);
    }
    if (process.exitValue() != 0) throw new FailedException(output.last(process));
    return output;
  }

  /** Reads the output of a process until it ends, on its own thread. */
  private static final class Output {
    private static final Pattern ERROR = Pattern.compile("\\b(ERROR|FATAL|PANIC): ");

    /** Lines that say why a program failed, among those that say how far it came. */
    private static final Pattern REASON =
        Pattern.compile(
            "\\b(ERROR|FATAL|PANIC|WARNING|DETAIL|HINT|error|warning|detail|hint): |LOG:  (?!starting|listening|database system)|^(unshare|\\S+/bin/\\w+): ");

    /** Time and process before a line of the server's log, and progress before these. */
    private static final Pattern LOG_PREFIX =
        Pattern.compile("^.*?\\d{4}-\\d{2}-\\d{2} \\S+ \\w+ \\[\\d+] ");

    private final Deque<String> last = new ArrayDeque<>();
    private final Deque<String> errors = new ArrayDeque<>();
    private final Deque<String> reasons = new ArrayDeque<>();
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
        log.debug("The output of PostgreSQL can't be read any more", e);
      }
    }

    private synchronized void keep(String line) {
      log.debug("{}", line);
      if (line.isBlank()) return;
      var words = LOG_PREFIX.matcher(line).replaceFirst("");
      keep(words, last);
      if (ERROR.matcher(words).find()) keep(words, errors);
      if (REASON.matcher(words).find()) keep(words, reasons);
    }

    private static void keep(String line, Deque<String> lines) {
      lines.add(line);
      if (lines.size() > MAX_LINES) lines.remove();
    }

    /**
     * The last lines of an ended process, those with reasons where it gave any, joined into one.
     */
    String last(Process process) throws IOException {
      var why = joined(reasons);
      var lines = why.isEmpty() ? joined(last) : why;
      return lines.isEmpty() ? "exit code " + process.exitValue() : lines;
    }

    /** The last error lines of an ended process; empty for none. */
    String errors() throws IOException {
      return joined(errors);
    }

    private String joined(Deque<String> lines) throws IOException {
      try {
        reader.join(TimeUnit.SECONDS.toMillis(1)); // a child process may keep the pipe open
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
