package com.cpprediction.cli;

import com.cpprediction.model.Verification;
import com.cpprediction.terminal.Plurals;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code models verify}: verifies a release. */
@Command(
    name = "models",
    description = "Looks after releases of models.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = ModelsCommand.Verify.class)
final class ModelsCommand {
  @Command(
      name = "verify",
      description = "Checks digests, formats and the answers to golden addresses.",
      mixinStandardHelpOptions = true)
  static final class Verify implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private CommonOptions settings;

    @Parameters(
        arity = "0..1",
        paramLabel = "DIR",
        description = "Directory of the release (default: models.dir).")
    private Path directory;

    @Option(
        names = "--against",
        paramLabel = "DIR",
        description =
            "Directory of a served release: report a drop of the accuracy on held-back addresses"
                + " that exceeds models.max_accuracy_drop.")
    private Path against;

    @Option(names = "--json", description = "Report as JSON.")
    private boolean json;

    @Override
    public Integer call() {
      var release =
          directory != null ? directory.toAbsolutePath() : settings.models(settings.load());
      var found =
          against == null
              ? Verification.of(release)
              : Verification.against(
                  release,
                  against.toAbsolutePath(),
                  settings.load().config().models().maxAccuracyDrop());
      var out = spec.commandLine().getOut();
      if (json) {
        out.println(
            new JsonObject()
                .put("models", found.models())
                .put("problems", new JsonArray(found.problems()))
                .encode());
      } else {
        found.problems().forEach(out::println);
        out.printf(
            "%s, %s%n",
            Plurals.count(found.models(), "model"),
            Plurals.count(found.problems().size(), "problem"));
      }
      return found.problems().isEmpty() ? 0 : 1;
    }
  }
}
