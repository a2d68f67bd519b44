package com.cpprediction.cli;

import com.cpprediction.config.ConfigLoader;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code config check}: whether the service would start with a configuration. */
@Command(
    name = "config",
    description = "Looks after the configuration.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = ConfigCommand.Check.class)
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
      var home = Home.of(file).directory();
      var found = new ConfigLoader(file, true, System.getenv(), home).check();
      var out = spec.commandLine().getOut();
      found.warnings().forEach(warning -> out.println("warning: " + warning));
      found.errors().forEach(error -> out.println("error: " + error));
      if (found.errors().isEmpty()) out.println(file + " can be used");
      return found.errors().isEmpty() ? 0 : 1;
    }
  }
}
