package com.cpprediction.cli;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code shadow}: has a running service promote its shadow release, or go back. */
@Command(
    name = "shadow",
    description = "Promotes the shadow release of a running service, and goes back.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {ShadowCommand.Promote.class, ShadowCommand.Rollback.class})
final class ShadowCommand {
  /** A change of the served release, on all nodes. */
  private abstract static class Change implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final Set<String> DONE = Set.of("promoted", "rolled-back", "unchanged");

    @Spec private CommandSpec spec;
    @Mixin private ServiceOptions options;

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    /** The last part of the path. */
    abstract String action();

    abstract JsonObject body();

    @Override
    public Integer call() {
      // Once: a rollback whose response was lost must not become two.
      var result = options.service(PATIENCE).post("/models/shadow/" + action(), body(), 1);
      var out = spec.commandLine().getOut();
      if (json) out.println(result.encodePrettily());
      else print(result);
      out.flush();
      return DONE.contains(result.getString("result")) ? 0 : 1;
    }

    private void print(JsonObject result) {
      var out = spec.commandLine().getOut();
      out.printf(
          "%s: release %s is served%n",
          result.getString("result"), StatusCommand.shown(result.getString("release", "none")));
      for (var item : result.getJsonArray("nodes")) {
        var node = (JsonObject) item;
        var reason = node.getString("reason");
        out.printf(
            "Node %s: %s%s%n",
            node.getString("node"), node.getString("result"), reason == null ? "" : ": " + reason);
      }
    }
  }

  @Command(
      name = "promote",
      description = {
        "Serves the shadow release, or some of its models, on every node and after a restart.",
        "Exit code 1 when it was refused, which changes nothing, or when a node did not follow."
      },
      mixinStandardHelpOptions = true)
  static final class Promote extends Change {
    @Option(
        names = "--prefixes",
        paramLabel = "PREFIX",
        split = ",",
        description = "Only these models, such as 560,400 (default: the whole release).")
    private @Nullable List<String> prefixes;

    @Override
    String action() {
      return "promote";
    }

    @Override
    JsonObject body() {
      var body = new JsonObject();
      return prefixes == null ? body : body.put("prefixes", new JsonArray(prefixes));
    }
  }

  @Command(
      name = "rollback",
      description = {
        "Serves the release again that the last promotion replaced, on every node.",
        "Exit code 1 when it was refused, which changes nothing, or when a node did not follow."
      },
      mixinStandardHelpOptions = true)
  static final class Rollback extends Change {
    @Option(
        names = "--force",
        description = "Also where the directory of that release holds another one by now.")
    private boolean force;

    @Override
    String action() {
      return "rollback";
    }

    @Override
    JsonObject body() {
      return force ? new JsonObject().put("force", true) : new JsonObject();
    }
  }

  private ShadowCommand() {}
}
