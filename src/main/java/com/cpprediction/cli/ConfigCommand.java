package com.cpprediction.cli;

import com.cpprediction.config.ConfigLoader;
import com.cpprediction.server.Home;
import com.cpprediction.server.StartupRules;
import com.cpprediction.terminal.TextTables;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code config}: checks and prints the configuration. */
@Command(
    name = "config",
    description = "Looks after the configuration.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {ConfigCommand.Check.class, ConfigCommand.Print.class})
final class ConfigCommand {
  @Command(
      name = "check",
      description = "Checks a configuration file together with the environment.",
      mixinStandardHelpOptions = true)
  static final class Check implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "The file to check.")
    private Path file;

    @Override
    public Integer call() {
      var home = Home.of(file);
      var loader =
          new ConfigLoader(file, true, System.getenv(), home.directory())
              .checking(StartupRules.of(home));
      var found = loader.check();
      var out = spec.commandLine().getOut();
      found.warnings().forEach(warning -> out.println("warning: " + warning));
      found.errors().forEach(error -> out.println("error: " + error));
      if (found.errors().isEmpty()) out.println(file + " can be used");
      return found.errors().isEmpty() ? 0 : 1;
    }
  }

  @Command(
      name = "print",
      description = {
        "Prints what the configuration file sets, as the service reads it, without the environment.",
        "The output is JSON in the shape of the file, secrets masked. Exit code 1 when the"
            + " configuration can't be used."
      },
      mixinStandardHelpOptions = true)
  static final class Print implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private ConfigOption conf;

    @Option(
        names = "--effective",
        description =
            "Every key with its value in force: the environment's, the file's or the default.")
    private boolean effective;

    @Option(
        names = "--origin",
        description =
            "Adds where each value comes from; a table. Goes for every key, as --effective.")
    private boolean origin;

    @Option(names = "--json", description = "With --origin: JSON like the values of GET /config.")
    private boolean json;

    @Override
    public Integer call() {
      boolean all = effective || origin;
      var loader = all ? conf.loader() : conf.loader().withoutEnvironment();
      var loaded = loader.load();
      var err = spec.commandLine().getErr();
      loaded.warnings().forEach(warning -> err.println("warning: " + warning));
      var out = spec.commandLine().getOut();
      if (origin && !json) out.print(table(loaded.toJson()));
      else if (origin) out.println(loaded.toJson().encodePrettily());
      else out.println(loaded.toDocument(all).encodePrettily());
      out.flush();
      return 0;
    }

    private static String table(JsonObject values) {
      var rows = new ArrayList<>(List.of(List.of("KEY", "VALUE", "ORIGIN", "VARIABLE")));
      for (var entry : values) {
        var value = (JsonObject) entry.getValue();
        rows.add(
            List.of(
                entry.getKey(),
                Json.encode(value.getValue("value")),
                value.getString("origin"),
                value.getString("variable")));
      }
      return TextTables.words(rows);
    }
  }
}
