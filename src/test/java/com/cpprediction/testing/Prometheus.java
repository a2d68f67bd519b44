package com.cpprediction.testing;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** The real Prometheus with the rules of {@code conf/prometheus}, scraping one service. */
public final class Prometheus implements AutoCloseable {
  private static final Path CONF = Path.of("conf/prometheus");
  private static final Pattern LISTENING =
      Pattern.compile("msg=\"Listening on\" address=127\\.0\\.0\\.1:(\\d+)");

  private final Process process;
  private final Http http;
  private final String url;

  /**
   * @param directory for its files; empty
   * @param port of the service
   */
  public Prometheus(Path directory, int port) throws IOException {
    var program = Tool.find("prometheus", "prometheus");
    var configured =
        Files.readString(CONF.resolve("prometheus.yml"))
            .replace("127.0.0.1:8000", "127.0.0.1:" + port)
            .replace("_interval: 15s", "_interval: 250ms");
    var file = Files.writeString(directory.resolve("prometheus.yml"), configured);
    for (var rules : new String[] {"recording.rules.yml", "alerts.rules.yml"}) {
      Files.copy(CONF.resolve(rules), directory.resolve(rules));
    }
    var log = directory.resolve("log");
    process =
        new ProcessBuilder(
                program.toString(),
                "--config.file=" + file,
                "--storage.tsdb.path=" + directory.resolve("data"),
                "--web.listen-address=127.0.0.1:0")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    int listening =
        Await.until(() -> process.isAlive() ? listeningOn(log) : -1, found -> found != 0);
    http = new Http(listening);
    url = "http://127.0.0.1:" + listening;
    Await.until(() -> http.get("/-/ready").status(), status -> status == 200);
  }

  private static int listeningOn(Path log) {
    try {
      var line = LISTENING.matcher(Files.readString(log));
      return line.find() ? Integer.parseInt(line.group(1)) : 0;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Its base. */
  public String url() {
    return url;
  }

  /**
   * The series that {@code expression} yields now.
   *
   * @throws AssertionError when it is no expression
   */
  public JsonArray query(String expression) {
    var answer =
        http.get("/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8));
    if (answer.status() != 200) throw new AssertionError(expression + ": " + answer.body());
    return answer.json().getJsonObject("data").getJsonArray("result");
  }

  /** Its rules by name, with what they ask. */
  public Map<String, String> rules() {
    var rules = new LinkedHashMap<String, String>();
    for (var group :
        http.get("/api/v1/rules").json().getJsonObject("data").getJsonArray("groups")) {
      for (var rule : ((JsonObject) group).getJsonArray("rules")) {
        var json = (JsonObject) rule;
        rules.put(json.getString("name"), json.getString("query"));
      }
    }
    return rules;
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}
