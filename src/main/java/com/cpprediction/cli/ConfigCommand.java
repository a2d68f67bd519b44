package com.cpprediction.cli;

import com.cpprediction.config.ConfigLoader;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.tls.TlsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;
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
      var loader = new ConfigLoader(file, true, System.getenv());
      var found = loader.check();
      var errors = new ArrayList<>(found.errors());
      if (errors.isEmpty()) together(loader.load().config()).ifPresent(errors::add);
      var out = spec.commandLine().getOut();
      found.warnings().forEach(warning -> out.println("warning: " + warning));
      errors.forEach(error -> out.println("error: " + error));
      if (errors.isEmpty()) out.println(file + " can be used");
      return errors.isEmpty() ? 0 : 1;
    }

    /** Why values that are good each can't go together. */
    private Optional<String> together(ServiceConfig config) {
      try {
        Service.keyFiles(Home.of(file), config.http().tls());
        return Optional.empty();
      } catch (TlsException e) {
        return Optional.of(e.getMessage());
      }
    }
  }
}
