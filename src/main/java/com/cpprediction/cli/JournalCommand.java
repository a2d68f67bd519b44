package com.cpprediction.cli;

import com.cpprediction.bus.Bus;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.journal.Entry;
import com.cpprediction.journal.Inspection;
import com.cpprediction.journal.Journal;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.persistence.JournaledRows;
import com.cpprediction.persistence.PersistenceVerticle;
import com.cpprediction.postgres.EmbeddedDatabase;
import com.cpprediction.server.Service;
import com.cpprediction.server.StartException;
import com.cpprediction.server.StartupRules;
import com.cpprediction.server.Version;
import com.cpprediction.terminal.Plurals;
import com.cpprediction.terminal.ProgressLine;
import com.cpprediction.terminal.TextTables;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code journal}: inspects, verifies and drains the journal of a stopped service. */
@Command(
    name = "journal",
    description = "Looks after the journal of a stopped service.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      JournalCommand.Inspect.class,
      JournalCommand.Verify.class,
      JournalCommand.Drain.class
    })
final class JournalCommand {
  private static Path directory(CommonOptions settings, ServiceConfig config) {
    return settings.home().resolve(config.dataDir()).resolve(Service.JOURNAL);
  }

  private static Inspection inspect(CommonOptions settings) {
    var directory = directory(settings, settings.load().config());
    if (!Journal.existsIn(directory)) throw new StartException(absent(directory), null);
    try (var journal = Journal.in(directory, Clock.systemUTC(), cause -> {})) {
      return journal.inspect();
    }
  }

  private static String absent(Path directory) {
    return "There is no journal in " + directory;
  }

  private static String waiting(long predictions) {
    return Plurals.count(predictions, "prediction waits", "predictions wait");
  }

  private static String time(Entry entry) {
    return Instant.ofEpochMilli(entry.appendedAt()).toString();
  }

  @Command(
      name = "inspect",
      description = "Says what waits in the journal; changes nothing.",
      mixinStandardHelpOptions = true)
  static final class Inspect implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private CommonOptions settings;

    @Option(names = "--json", description = "Report as JSON.")
    private boolean json;

    @Override
    public Integer call() {
      var found = inspect(settings);
      var report = report(found);
      if (json) spec.commandLine().getOut().println(report.encodePrettily());
      else print(report);
      return 0;
    }

    private void print(JsonObject report) {
      var rows = report.stream().map(e -> List.of(e.getKey(), e.getValue().toString())).toList();
      spec.commandLine().getOut().print(TextTables.words(rows));
      spec.commandLine().getOut().flush();
    }

    private static JsonObject report(Inspection found) {
      var waiting = found.waiting();
      var report =
          new JsonObject()
              .put("waiting", JournaledRows.count(waiting))
              .put("comparisons", JournaledRows.countComparisons(waiting));
      if (!waiting.isEmpty()) {
        report
            .put("oldest", time(waiting.get(0)))
            .put("newest", time(waiting.get(waiting.size() - 1)));
      }
      var aside = new JsonArray();
      found.damaged().forEach(path -> aside.add(path.toString()));
      return report
          .put("files", found.files())
          .put("bytes", found.bytes())
          .put("corrupt", found.corrupt())
          .put("sound", found.sound())
          .put("set_aside", aside);
    }
  }

  @Command(
      name = "verify",
      description = "Checks every record; changes nothing. Exit code 1 when something is damaged.",
      mixinStandardHelpOptions = true)
  static final class Verify implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private CommonOptions settings;

    @Override
    public Integer call() {
      var found = inspect(settings);
      if (found.sound()) {
        spec.commandLine()
            .getOut()
            .printf("The journal is sound: %s%n", waiting(JournaledRows.count(found.waiting())));
        return 0;
      }
      spec.commandLine()
          .getErr()
          .printf(
              "The journal is damaged: %s can't be read, %s; the next start sets its files aside and goes on with the rest%n",
              Plurals.count(found.corrupt(), "record"),
              waiting(JournaledRows.count(found.waiting())));
      return 1;
    }
  }

  @Command(
      name = "drain",
      description = "Stores what waits in the journal, in database.uri or the embedded server.",
      mixinStandardHelpOptions = true)
  static final class Drain implements Callable<Integer> {
    private static final Logger log = LoggerFactory.getLogger(JournalCommand.class);
    private static final Duration STALL_TIMEOUT = Duration.ofSeconds(30); // without any progress
    private static final long POLL_MILLIS = 100;
    private static final Duration GRACE = Duration.ofSeconds(2);

    @Spec private CommandSpec spec;
    @Mixin private CommonOptions settings;

    @Override
    public Integer call() throws Exception {
      var loader = settings.loader().checking(List.of(StartupRules::checkDatabaseUri));
      var loaded = loader.load();
      loaded.warnings().forEach(log::warn);
      var config = loaded.config();
      var directory = directory(settings, config);
      if (!Journal.existsIn(directory)) {
        spec.commandLine().getOut().println(absent(directory));
        return 0;
      }
      var dataDir = settings.home().resolve(config.dataDir());
      if (!config.database().embedded()) {
        EmbeddedDatabase.secure(dataDir);
        return drain(config, directory, config.database().uri());
      }
      try (var embedded = EmbeddedDatabase.start(dataDir, config.database().embeddedPort())) {
        return drain(config, directory, embedded.uri());
      }
    }

    private int drain(ServiceConfig config, Path directory, String uri) throws Exception {
      var vertx = Vertx.vertx();
      try {
        Bus.registerCodecs(vertx.eventBus());
        var metrics = new ServiceMetrics(new SimpleMeterRegistry(), Version.current());
        var persistence =
            new PersistenceVerticle(
                config::persistence,
                config.journal(),
                directory,
                () -> uri,
                config.database().pool(),
                metrics,
                GRACE);
        var deployment = vertx.deployVerticle(persistence).await();
        boolean drained = await(vertx, persistence);
        var rows = persistence.health();
        long storedComparisons = persistence.storedComparisons();
        long waitingComparisons = rows.getLong("comparisons");
        var error = persistence.database().getString("error");
        vertx.undeploy(deployment).await();
        var out = spec.commandLine().getOut();
        out.printf(
            "%s stored, %d set aside, %d left%n",
            Plurals.count(rows.getLong("stored"), "prediction"),
            rows.getLong("rejected"),
            rows.getLong("waiting"));
        if (storedComparisons + waitingComparisons > 0) {
          out.printf(
              "%s stored, %d left%n",
              Plurals.count(storedComparisons, "comparison"), waitingComparisons);
        }
        if (!drained && error != null) spec.commandLine().getErr().println(error);
        return drained ? 0 : 1;
      } finally {
        vertx.close().await();
      }
    }

    /** Waits until the journal is drained; false after {@link #STALL_TIMEOUT} without progress. */
    private static boolean await(Vertx vertx, PersistenceVerticle persistence)
        throws TimeoutException {
      long before = persistence.waiting();
      long changed = System.nanoTime();
      try (var progress = new ProgressLine()) {
        progress.begin("Draining", Math.toIntExact(before));
        while (before > 0) {
          vertx.timer(POLL_MILLIS).await(STALL_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
          long left = persistence.waiting();
          if (left < before) changed = System.nanoTime();
          progress.step(Math.toIntExact(before - left));
          before = left;
          if (System.nanoTime() - changed > STALL_TIMEOUT.toNanos()) return false;
        }
        return true;
      }
    }
  }
}
