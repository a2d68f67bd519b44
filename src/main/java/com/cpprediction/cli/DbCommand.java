package com.cpprediction.cli;

import com.cpprediction.backup.BackupSummary;
import com.cpprediction.backup.DatabaseBackup;
import com.cpprediction.backup.DatabaseRestore;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.persistence.Schema;
import com.cpprediction.postgres.EmbeddedDatabase;
import com.cpprediction.server.Home;
import com.cpprediction.terminal.Plurals;
import com.cpprediction.terminal.ProgressLine;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code db}: migrates the schema, as every start of the service does, and copies the rows. */
@Command(
    name = "db",
    description = "Looks after the database.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {DbCommand.Migrate.class, DbCommand.Backup.class, DbCommand.Restore.class})
final class DbCommand {
  @Command(
      name = "migrate",
      description = "Brings the schema up to date, of database.uri or of the embedded server.",
      mixinStandardHelpOptions = true)
  static final class Migrate implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private CommonOptions settings;

    @Override
    public Integer call() {
      var config = settings.load().config();
      int days = config.persistence().retentionDays();
      withDatabase(
          config,
          settings.home(),
          uri -> {
            Schema.migrate(uri, days);
            return uri;
          });
      spec.commandLine().getOut().println("The schema is up to date");
      return 0;
    }
  }

  @Command(
      name = "backup",
      description = {
        "Writes all rows of the database to one file, as one moment has them: of database.uri or of",
        "the embedded server, while services run or not. The file has addresses: only its owner may",
        "read it."
      },
      mixinStandardHelpOptions = true)
  static final class Backup implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private ConfigOption conf;

    @Parameters(
        paramLabel = "FILE",
        description = "A ZIP file, replaced once the backup is complete.")
    private Path file;

    @Override
    public Integer call() {
      var config = conf.load().config();
      var dataDir = conf.home().resolve(config.dataDir());
      try (var progress = new ProgressLine()) {
        var summary = DatabaseBackup.write(config.database(), dataDir, file, progress);
        progress.close();
        spec.commandLine().getOut().printf("%s written to %s%n", describe(summary), file);
      }
      return 0;
    }
  }

  @Command(
      name = "restore",
      description = {
        "Reads what \"db backup\" wrote into a database without rows, of database.uri or of the",
        "embedded server, in one transaction, and brings its schema up to date. Services on it must",
        "be stopped."
      },
      mixinStandardHelpOptions = true)
  static final class Restore implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private ConfigOption conf;

    @Parameters(paramLabel = "FILE", description = "What \"db backup\" wrote.")
    private Path file;

    @Option(
        names = "--force",
        description = "Replace the rows of the database. Shipments erased in it stay so.")
    private boolean force;

    @Override
    public Integer call() {
      var config = conf.load().config();
      int days = config.persistence().retentionDays();
      try (var progress = new ProgressLine()) {
        var summary =
            withDatabase(
                config, conf.home(), uri -> DatabaseRestore.read(file, uri, days, force, progress));
        progress.close();
        spec.commandLine().getOut().printf("%s restored from %s%n", describe(summary), file);
      }
      return 0;
    }
  }

  /**
   * @param use takes the URI of the configured server, or of the embedded one, which runs meanwhile
   */
  private static <T> T withDatabase(ServiceConfig config, Home home, Function<String, T> use) {
    if (!config.database().embedded()) return use.apply(config.database().uri());
    var dataDir = home.resolve(config.dataDir());
    try (var embedded = EmbeddedDatabase.start(dataDir, config.database().embeddedPort())) {
      return use.apply(embedded.uri());
    }
  }

  private static String describe(BackupSummary summary) {
    return "%s of %s"
        .formatted(Plurals.count(summary.rows(), "row"), Plurals.count(summary.tables(), "table"));
  }
}
