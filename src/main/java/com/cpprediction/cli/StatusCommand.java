package com.cpprediction.cli;

import com.cpprediction.terminal.Plurals;
import com.cpprediction.terminal.TextTables;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code status}: the state of a running service. */
@Command(
    name = "status",
    description =
        "Prints the state of a running service: readiness, release, cache, journal. Exit code 1 when"
            + " it is not ready.",
    mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int RELEASE_DIGITS = 12;

  @Spec private CommandSpec spec;
  @Mixin private ServiceOptions options;

  @Option(names = "--json", description = "As JSON.")
  private boolean json;

  @Override
  public Integer call() {
    var service = options.service(PATIENCE);
    var health = service.getAny("/health").body(); // 503 while it is down
    var state =
        new JsonObject()
            .put("url", service.url().toString())
            .put("ready", health.getBoolean("ready", false))
            .put("health", health)
            .put("models", models(service.get("/models/status")))
            .put("cache", service.get("/cache/stats"))
            .put("cluster", service.get("/cluster"));
    var out = spec.commandLine().getOut();
    if (json) out.println(state.encodePrettily());
    else out.print(TextTables.words(rows(state)));
    out.flush();
    return state.getBoolean("ready") ? 0 : 1;
  }

  private static JsonObject models(JsonObject status) {
    return new JsonObject()
        .put("release", status.getString("release"))
        .put("engine", status.getString("engine"))
        .put("prefixes", prefixes(status))
        .put("failed", status.getJsonArray("failed", new JsonArray()))
        .put("last_reload", status.getJsonObject("last_reload"));
  }

  private static JsonArray prefixes(JsonObject status) {
    return new JsonArray(
        objects(status, "models").stream().map(model -> model.getString("prefix")).toList());
  }

  private static List<JsonObject> objects(JsonObject json, String key) {
    var items = json.getJsonArray(key, new JsonArray());
    return items.stream().filter(JsonObject.class::isInstance).map(JsonObject.class::cast).toList();
  }

  private static List<List<String>> rows(JsonObject state) {
    var health = state.getJsonObject("health");
    var models = state.getJsonObject("models");
    var cache = state.getJsonObject("cache");
    var persistence = part(part(health, "checks"), "persistence");
    var journal = part(persistence, "journal");
    var rows = new ArrayList<List<String>>();
    rows.add(List.of("service", state.getString("url")));
    rows.add(List.of("ready", readiness(health)));
    rows.add(List.of("release", release(models)));
    rows.add(List.of("prefixes", listed(models.getJsonArray("prefixes"))));
    for (var failed : objects(models, "failed")) {
      rows.add(
          List.of(
              "refused",
              failed.getString("prefix", "-") + ": " + failed.getString("last_error", "-")));
    }
    rows.add(List.of("cache", cache(cache)));
    rows.add(List.of("journal", journal(persistence, journal)));
    rows.add(
        List.of("database", part(part(health, "checks"), "database").getString("status", "-")));
    rows.add(List.of("cluster", cluster(state.getJsonObject("cluster"))));
    return rows;
  }

  /** Absent where the caller is no operator. */
  private static JsonObject part(JsonObject json, String key) {
    return json.getValue(key) instanceof JsonObject part ? part : new JsonObject();
  }

  private static String readiness(JsonObject health) {
    if (health.getBoolean("ready", false)) {
      return health.getString("status", "up").equals("up")
          ? "yes"
          : "yes, " + health.getString("status");
    }
    var checks = part(health, "checks");
    var failing =
        checks.fieldNames().stream()
            .filter(name -> !part(checks, name).getBoolean("ready", true))
            .collect(Collectors.joining(", "));
    return failing.isEmpty() ? "no" : "no: " + failing;
  }

  private static String release(JsonObject models) {
    var release = models.getString("release");
    if (release == null) return "none";
    return "%s, engine %s".formatted(shown(release), models.getString("engine", "-"));
  }

  /** The digits of a release that tell it from others. */
  static String shown(String release) {
    return release.substring(0, Math.min(RELEASE_DIGITS, release.length()));
  }

  /** Such as {@code 3: 110, 121..122}. */
  private static String listed(JsonArray prefixes) {
    if (prefixes.isEmpty()) return "none";
    var ranges = new ArrayList<String>();
    String first = prefixes.getString(0);
    String last = first;
    for (int i = 1; i <= prefixes.size(); i++) {
      var next = i < prefixes.size() ? prefixes.getString(i) : "";
      if (!next.isEmpty() && Integer.parseInt(next) == Integer.parseInt(last) + 1) {
        last = next;
        continue;
      }
      ranges.add(first.equals(last) ? first : first + ".." + last);
      first = next;
      last = next;
    }
    return prefixes.size() + ": " + String.join(", ", ranges);
  }

  private static String cache(JsonObject cache) {
    if (!cache.getBoolean("enabled", false)) return "off";
    return String.format(
        Locale.ROOT,
        "%d of %d entries, hit rate %.1f %% of %d",
        cache.getLong("size", 0L),
        cache.getLong("max_size", 0L),
        100 * cache.getDouble("hit_rate", 0.0),
        cache.getLong("hits", 0L) + cache.getLong("misses", 0L));
  }

  private static String journal(JsonObject persistence, JsonObject journal) {
    if (persistence.isEmpty()) return "- (shown to operators: --token)";
    return String.format(
        Locale.ROOT,
        "%s, the oldest %.1f s, and %s; %d of %d bytes",
        Plurals.count(persistence.getLong("waiting", 0L), "prediction waits", "predictions wait"),
        persistence.getDouble("oldest_seconds", 0.0),
        Plurals.count(persistence.getLong("comparisons", 0L), "comparison"),
        journal.getLong("bytes", 0L),
        journal.getLong("max_bytes", 0L));
  }

  private static String cluster(JsonObject cluster) {
    if (!cluster.getBoolean("enabled", false)) return "off";
    return Plurals.count(objects(cluster, "members").size(), "member");
  }
}
