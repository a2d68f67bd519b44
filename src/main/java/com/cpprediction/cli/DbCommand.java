package com.cpprediction.cli;

import com.cpprediction.persistence.Schema;
import com.cpprediction.postgres.EmbeddedDatabase;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code db migrate}: migrates the schema, as every start of the service does. */
@Command(
    name = "db",
    description = "Looks after the database.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = DbCommand.Migrate.class)
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
      if (config.database().embedded()) {
        var dataDir = settings.home().resolve(config.dataDir());
        try (var embedded = EmbeddedDatabase.start(dataDir, config.database().embeddedPort())) {
          Schema.migrate(embedded.uri(), days);
        }
      } else {
        Schema.migrate(config.database().uri(), days);
      }
      spec.commandLine().getOut().println("The schema is up to date");
      return 0;
    }
  }
}
