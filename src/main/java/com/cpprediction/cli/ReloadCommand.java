package com.cpprediction.cli;

import com.cpprediction.terminal.Plurals;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code reload}: has a running service take over what lies in its release directory. */
@Command(
    name = "reload",
    description = {
      "Has a running service read its release again, waits until that is done, and says what changed.",
      "Exit code 1 when a model or the release was refused; the service keeps the old one then."
    },
    mixinStandardHelpOptions = true)
final class ReloadCommand implements Callable<Integer> {
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  @Spec private CommandSpec spec;
  @Mixin private ServiceOptions options;

  @Option(
      names = "--prefixes",
      paramLabel = "PREFIX",
      split = ",",
      description = "Only these models, such as 560,400 (default: the whole release).")
  private @Nullable List<String> prefixes;

  @Option(names = "--json", description = "As JSON.")
  private boolean json;

  @Override
  public Integer call() {
    var service = options.service(PATIENCE);
    var before = release(service);
    var body = new JsonObject();
    if (prefixes != null) body.put("prefixes", new JsonArray(prefixes));
    var report = service.post("/models/reload", body);
    var after = release(service);
    var failed = report.getJsonObject("failed", new JsonObject());
    var out = spec.commandLine().getOut();
    if (json) {
      report.put("release_before", before).put("release", after);
      out.println(report.encodePrettily());
    } else {
      out.printf(
          "%s loaded, %d unchanged, %d removed, %d refused, in %d ms%n",
          Plurals.count(report.getInteger("loaded", 0), "model"),
          report.getInteger("unchanged", 0),
          report.getInteger("removed", 0),
          failed.size(),
          report.getLong("ms", 0L));
      out.println(
          before.equals(after)
              ? "Release " + StatusCommand.shown(after) + ", as before"
              : "Release %s takes the place of %s"
                  .formatted(StatusCommand.shown(after), StatusCommand.shown(before)));
      failed.forEach(
          refused -> out.printf("Refused %s: %s%n", refused.getKey(), refused.getValue()));
    }
    out.flush();
    return failed.isEmpty() ? 0 : 1;
  }

  private static String release(ServiceCalls service) {
    return service.get("/models/status").getString("release", "none");
  }
}
