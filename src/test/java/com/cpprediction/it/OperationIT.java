package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.logging.CapturedLog;
import com.cpprediction.logging.Logging;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Jdbc;
import com.cpprediction.testing.Program;
import com.cpprediction.testing.Prometheus;
import com.cpprediction.testing.Scrape;
import com.cpprediction.testing.TestService;
import com.cpprediction.testing.Tool;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.slf4j.LoggerFactory;

/** What operators see of a running service: its meters, through Prometheus too, and its log. */
class OperationIT {
  private static final Path CONTRACT = Path.of("src/test/resources/metrics/meters.txt");
  private static final Path DASHBOARD = Path.of("conf/grafana/dashboard.json");

  /** Meters that are there in a cluster or with HTTPS. */
  private static final Set<String> NOT_HERE =
      Set.of(
          "cp_cluster_members",
          "cp_cluster_replicas_missing",
          "cp_last_reload_successful{part=\"certificate\"}");

  /** In an address, and nowhere else. */
  private static final String MARK = "Qzxvmarked";

  /** A name that is no function, and the labels behind it. */
  private static final Pattern SELECTOR =
      Pattern.compile("\\b([a-zA-Z_:][\\w:]*+)(?! *\\()(\\{[^}]*})?");

  private static final HttpClient client = HttpClient.newHttpClient();

  @RegisterExtension
  private static final TestService service =
      new TestService(directory -> configuration(SmallRelease.copyTo(directory.resolve("models"))));

  private static final Http http = service.http();

  private static Path models;

  @BeforeAll
  static void start() throws Exception {
    models = service.directory().resolve("models");
    everyRoute("Kadri Hills, near Kadri Temple, Mangalore");
    refuseAndMend();
  }

  @Test
  void theMetersAreThese() throws Exception {
    var contract = scrape().contract();

    Files.writeString(Path.of("target/meters.txt"), contract);
    assertThat(contract)
        .as("Dashboards and alerts rely on them. If this is meant, copy target/meters.txt there")
        .isEqualTo(Files.readString(CONTRACT));
  }

  @Test
  void thereAreAsManySeriesWhateverIsAsked() throws Exception {
    var before = scrape().own();
    var random = new Random(7);

    for (int i = 0; i < 300; i++) ask(odd(random));

    assertThat(scrape().own()).isEqualTo(before);
  }

  @Test
  void everyAnswerIsOfAKindThatWasAnnounced() throws Exception {
    var random = new Random(11);
    for (int i = 0; i < 100; i++) ask(odd(random));

    assertThat(
            scrape()
                .sum(
                    "cp_http_requests_seconds_count",
                    labels -> labels.get("status").equals("other")))
        .isZero();
  }

  @Test
  void thePartsAddUpToTheTotal() throws Exception {
    var before = scrape();
    for (var row : SmallRelease.rows().subList(0, 40)) {
      post("/predict", Http.shipment("parts", row.typed()).put("pincode", row.pincode()));
      post("/predict", Http.shipment("parts", row.typed()).put("pincode", row.pincode()));
    }
    post("/predict", Http.shipment("parts", "a").put("pincode", "nope"));

    var after = scrape();

    assertThat(answered(after) - answered(before)).isEqualTo(80);
    assertThat(
            after.sum("cp_predictions_total", labels -> true)
                - before.sum("cp_predictions_total", labels -> true))
        .isEqualTo(81);
    assertThat(after.sum("cp_prediction_seconds_count", labels -> true)).isEqualTo(answered(after));
    for (var source : List.of("model", "cache")) {
      assertThat(after.sum("cp_prediction_seconds_bucket", of(source, "+Inf")))
          .isEqualTo(after.sum("cp_predictions_total", of(source, null)))
          .isPositive();
    }
  }

  @Test
  void theSummaryForPeopleCountsAsTheScrapeDoes() throws Exception {
    var summary = http.get("/metrics", "Accept", "application/json").json();
    var scrape = scrape();

    var predict =
        summary.getJsonArray("http").stream()
            .map(JsonObject.class::cast)
            .filter(operation -> operation.getString("route").equals("/predict"))
            .filter(operation -> operation.getString("method").equals("POST"))
            .toList();
    assertThat(predict).singleElement();
    assertThat(predict.get(0).getDouble("count"))
        .isEqualTo(
            scrape.sum(
                "cp_http_requests_seconds_count",
                labels ->
                    labels.get("route").equals("/predict") && labels.get("method").equals("POST")))
        .isPositive();
    assertThat(predict.get(0).getDouble("p99"))
        .isGreaterThanOrEqualTo(predict.get(0).getDouble("p50"))
        .isPositive();
    assertThat(summary.getJsonObject("memory").getLong("rss_bytes")).isPositive();
  }

  @Test
  void promtoolHasNothingToSayAgainstOurMeters() throws Exception {
    var checked =
        Program.run(
            Tool.find("promtool", "prometheus"), http.get("/metrics").body(), "check", "metrics");

    assertThat(checked.output().lines())
        .noneMatch(line -> line.startsWith("cp_"))
        .noneMatch(line -> line.startsWith("error"));
  }

  @Test
  void everyPanelAndRuleAsksForWhatThereIs() throws Exception {
    var panels = panels();
    assertThat(panels).hasSizeGreaterThan(40);
    try (var prometheus =
        new Prometheus(
            Files.createDirectory(service.directory().resolve("prometheus")), service.port())) {
      var rules = prometheus.rules();
      assertThat(rules).hasSizeGreaterThan(15);
      var open = new LinkedHashMap<>(panels);
      rules.values().forEach(rule -> selectors(rule).forEach(name -> open.put(name, name)));
      panels.values().forEach(panel -> selectors(panel).forEach(name -> open.put(name, name)));
      open.values().removeIf(expression -> NOT_HERE.stream().anyMatch(expression::contains));

      System.gc(); // a collection is measured, too
      // What isn't measured yet has no rate: there has to be traffic between two scrapes.
      var traffic = Stream.generate(SmallRelease::rows).flatMap(List::stream).iterator();
      Await.until(
          () -> {
            var row = traffic.next();
            post("/predict", Http.shipment("graph", row.typed()).put("pincode", row.pincode()));
            post("/predict", Http.shipment("graph", row.typed()).put("pincode", row.pincode()));
            open.values().removeIf(expression -> !prometheus.query(expression).isEmpty());
            return open;
          },
          Map::isEmpty);
    }
  }

  @Test
  void readsTheHistoryFromPrometheus() throws Exception {
    try (var prometheus =
        new Prometheus(
            Files.createDirectory(service.directory().resolve("history")), service.port())) {
      configure(
          new JsonObject()
              .put("metrics", new JsonObject().put("prometheus_url", prometheus.url())));
      var traffic = Stream.generate(SmallRelease::rows).flatMap(List::stream).iterator();
      var now = Instant.now(); // a step that has not ended is left out
      var path =
          "/history?from=%s&to=%s"
              .formatted(now.minus(Duration.ofMinutes(5)), now.plus(Duration.ofMinutes(5)));

      var history =
          Await.until(
              () -> {
                var row = traffic.next();
                var body = Http.shipment("history", row.typed()).put("pincode", row.pincode());
                for (int i = 0; i < 2; i++) post("/predict", body);
                post("/predict", new JsonObject());
                return http.get(path).json();
              },
              read ->
                  "prometheus".equals(read.getString("source"))
                      && read.getJsonObject("series").fieldNames().stream()
                          .filter(name -> !NOT_ALWAYS.contains(name))
                          .allMatch(name -> told(read, name))
                      && read.getJsonObject("failures").containsKey("malformed-request")
                      && read.getJsonArray("confidences").stream()
                          .anyMatch(one -> ((JsonObject) one).getInteger("count") > 0));

      assertThat(history.getJsonObject("problems")).isEmpty();
      assertThat(history.getJsonArray("nodes")).containsExactly("127.0.0.1:" + service.port());
      assertThat(history.getJsonArray("marks").encode()).contains("\"kind\":\"start\"");
      var median = history.getJsonObject("series").getJsonArray("model_p50_ms");
      assertThat(median.stream().filter(Objects::nonNull).map(Double.class::cast))
          .allSatisfy(millis -> assertThat(millis).isBetween(0.001, 10_000.0));
    }

    var instead =
        Await.until(
            () -> http.get("/history").json(),
            read -> "postgresql".equals(read.getString("source")));
    assertThat(instead.getJsonObject("problems").getString("prometheus"))
        .isEqualTo("it can't be reached");
    configure(new JsonObject());
    Await.until(() -> http.get("/history").json().getJsonObject("problems"), JsonObject::isEmpty);
  }

  /** Series that nothing in this test makes other than 0. */
  private static final Set<String> NOT_ALWAYS =
      Set.of(
          "service_failures",
          "shed",
          "corrected",
          "journal_bytes",
          "queued_rows",
          "pool_in_use",
          "pool_waiting",
          "in_flight",
          "doubt",
          "model_p99_ms",
          "cache_p99_ms");

  private static boolean told(JsonObject history, String series) {
    return history.getJsonObject("series").getJsonArray(series).stream()
        .anyMatch(value -> value instanceof Number number && number.doubleValue() > 0);
  }

  @Test
  void theRequestIdIsInEveryLineOfItsRequestAndInNoOther() throws Exception {
    configure(new JsonObject().put("log", new JsonObject().put("requests", true)));
    Await.until(
        () -> LoggerFactory.getLogger(Logging.REQUESTS).isInfoEnabled(), enabled -> enabled);
    var release = models.resolve("release.json");
    var content = Files.readString(release);
    try (var captured = new CapturedLog()) {
      Files.writeString(release, "{}");
      ask(request("POST", "/models/reload", "{}").header("X-Request-Id", "the-bad-reload"));
      Files.writeString(release, content);
      ask(request("POST", "/models/reload", "{}").header("X-Request-Id", "the-good-reload"));
      var row = SmallRelease.rows().get(2);
      var body = Http.shipment("logged", row.typed()).put("pincode", row.pincode());
      for (int i = 0; i < 5; i++) { // on one connection
        ask(request("POST", "/predict", body.encode()).header("X-Request-Id", "predict-" + i));
      }

      var events = Await.until(captured::events, all -> of(all, "predict-4").size() == 1);

      assertThat(of(events, "the-bad-reload"))
          .anySatisfy(
              event -> { // of a worker
                assertThat(event.getString("logger")).endsWith("ModelStore");
                assertThat(event.getString("message")).contains("refused");
              })
          .anySatisfy(event -> assertThat(event.getString("route")).isEqualTo("/models/reload"));
      for (int i = 0; i < 5; i++) {
        assertThat(of(events, "predict-" + i))
            .singleElement()
            .satisfies(
                event -> {
                  assertThat(event.getString("logger")).isEqualTo("com.cpprediction.http.access");
                  assertThat(event.getString("method")).isEqualTo("POST");
                  assertThat(event.getString("route")).isEqualTo("/predict");
                  assertThat(event.getInteger("status")).isEqualTo(200);
                  assertThat(event.getDouble("ms")).isPositive();
                  assertThat(event.getString("source")).isIn("model", "cache");
                });
      }
      assertThat(captured.plain())
          .anyMatch(
              line ->
                  line.matches(
                      "\\S+ INFO  access \\[predict-4] - Answered method=POST route=/predict"
                          + " status=200 ms=\\S+ source=cache\n"));
    } finally {
      configure(new JsonObject());
    }
  }

  @Test
  void noAddressEverGetsIntoTheLog() throws Exception {
    var loudest =
        new JsonObject()
            .put("level", "trace")
            .put("requests", true)
            .put(
                "levels",
                new JsonArray(
                    List.of(
                        "ROOT=trace",
                        "io.vertx=trace",
                        "io.vertx.core.net.impl.ConnectionBase=trace",
                        "org.apache.activemq=trace",
                        "org.postgresql=trace")));
    try (var captured = new CapturedLog()) {
      configure(new JsonObject().put("log", loudest));
      awaitValue("log.level", "trace");

      refusingInPostgres(
          "address LIKE '%" + MARK + "%'",
          () -> {
            everyRoute(MARK + " Road, Kadri Hills, Mangalore");
            everyRoute(MARK + " Road, Mangalore 575002");
            everyRoute(MARK + "\n2026-01-01T00:00:00Z ERROR Service - forged\r\n");
            http.get("/" + MARK + "/%0aforged");
            http.get("/predict?explain=" + MARK);
            ask(request(MARK, "/predict", MARK));
            Await.until(captured::plain, all -> all.toString().contains("it is set aside"));
          });

      configure(new JsonObject());
      awaitValue("log.level", "info");
      assertThat(captured.plain()).hasSizeGreaterThan(100);
      assertThat(captured.plain())
          .noneMatch(line -> line.toLowerCase().contains(MARK.toLowerCase()))
          .allMatch(line -> line.lines().skip(1).allMatch(trace -> trace.startsWith("\t")));
      assertThat(captured.json())
          .noneMatch(line -> line.toLowerCase().contains(MARK.toLowerCase()))
          .allMatch(line -> line.indexOf('\n') == line.length() - 1);
      assertThat(captured.events())
          .allMatch(event -> event.getString("message") != null)
          .filteredOn(event -> event.getString("logger").endsWith("BatchWriter"))
          .isNotEmpty() // and a batch holds rows of many requests
          .noneMatch(event -> event.containsKey("request_id"));
      assertThat(captured.events()).anyMatch(event -> event.getString("level").equals("TRACE"));
    }
  }

  /** What can be done with an address, right and wrong. */
  private static void everyRoute(String address) {
    var shipment = Http.shipment("S\n1", address);
    var located = shipment.copy().put("pincode", "575002");
    for (var body :
        List.of(
            shipment,
            located,
            located.copy().put("shipment_id", "S1\u0007"),
            located.copy().put("shipment_id", address),
            located.copy().put("pincode", "999999"),
            located.copy().put("pincode", address),
            located.copy().put("prediction_id", address),
            located.copy().put(address, 1),
            new JsonObject().put("address", address))) {
      post("/predict", body);
      post("/predict?explain=true", body);
      post("/predict/batch", new JsonObject().put("shipments", new JsonArray().add(body)));
    }
    ask(request("POST", "/predict", "{\"address\": \"" + address));
    ask(request("POST", "/predict", address).header("X-Deadline-Ms", "soon"));
    ask(request("POST", "/predict", located.encode()).header("X-Deadline-Ms", "1"));
    ask(request("PUT", "/predict", located.encode()));
    post(
        "/outcomes",
        new JsonObject().put("outcomes", new JsonArray().add(went("S\n1")).add(went(address))));
    post("/cache/warm", new JsonObject().put("addresses", new JsonArray().add(address)));
    post("/cache/warm", new JsonObject().put("popular", 10));
    post("/models/reload", new JsonObject().put("prefixes", new JsonArray().add(address)));
    for (var path :
        List.of(
            "/predictions/S1",
            "/predictions/nobody",
            "/predictions/%0a",
            "/health",
            "/health/live",
            "/health/ready",
            "/metrics",
            "/cache/stats",
            "/models/status",
            "/models/575",
            "/models/nobody",
            "/cluster",
            "/config",
            "/nothing")) {
      http.get(path);
      http.get(path, "Accept", "image/png");
    }
    http.delete("/cache");
  }

  private static JsonObject went(String shipment) {
    return new JsonObject().put("shipment_id", shipment).put("cp", "CP1");
  }

  /** A refused edit and refused models, and good ones again. */
  private static void refuseAndMend() throws Exception {
    configure(new JsonObject().put("cache", new JsonObject().put("ttl_seconds", -1)));
    Await.until(
        () -> scrape().values().get("cp_last_reload_successful{part=\"config\"}"),
        successful -> successful == 0);
    var release = models.resolve("release.json");
    var content = Files.readString(release);
    Files.writeString(release, "{}");
    post("/models/reload", new JsonObject());
    assertThat(scrape().values()).containsEntry("cp_last_reload_successful{part=\"models\"}", 0.0);

    Files.writeString(release, content);
    post("/models/reload", new JsonObject());
    configure(new JsonObject());
    Await.until(
        () -> scrape().values().get("cp_last_reload_successful{part=\"config\"}"),
        successful -> successful == 1);
    assertThat(scrape().values()).containsEntry("cp_last_reload_successful{part=\"models\"}", 1.0);
  }

  private interface Work {
    void run() throws Exception;
  }

  /** PostgreSQL refuses rows with {@code condition} meanwhile, and quotes them when it does. */
  private static void refusingInPostgres(String condition, Work work) throws Exception {
    try (var connection = Jdbc.connect(service.databaseUri());
        var statement = connection.createStatement()) {
      statement.execute(
          "ALTER TABLE predictions ADD CONSTRAINT refused CHECK (NOT (" + condition + "))");
      work.run();
      statement.execute("ALTER TABLE predictions DROP CONSTRAINT refused");
    }
  }

  /** A request that may be anything. */
  private static HttpRequest.Builder odd(Random random) {
    var made = Integer.toString(random.nextInt(1_000_000), 36);
    var paths =
        List.of(
            "/" + made,
            "/predict",
            "/predict",
            "/predict?explain=" + made,
            "/predict/" + made,
            "/predict/batch",
            "/outcomes",
            "/predictions/" + made,
            "/models/" + made,
            "/models/status",
            "/health",
            "/health/" + made,
            "/metrics",
            "/cache",
            "/cache/warm",
            "/config",
            "/%ff%" + (10 + random.nextInt(80)));
    var methods =
        List.of(
            "GET", "POST", "POST", "HEAD", "DELETE", "PUT", "OPTIONS", "M" + made.toUpperCase());
    var bodies =
        List.of(
            "",
            "{",
            Http.shipment(made, made + " Road").encode(),
            Http.shipment(made, made).put("pincode", 100_000 + random.nextInt(900_000)).encode(),
            Http.shipment(made, "Kadri Hills " + made).put("pincode", "575002").encode(),
            new JsonObject().put("outcomes", new JsonArray().add(went(made))).encode());
    var request =
        request(any(methods, random), any(paths, random), any(bodies, random))
            .header("X-Request-Id", made);
    return switch (random.nextInt(6)) {
      case 0 -> request.header("Accept", "x/" + made);
      case 1 -> request.setHeader("Content-Type", "x/" + made);
      case 2 -> request.header("X-Deadline-Ms", made);
      default -> request;
    };
  }

  private static <T> T any(List<T> all, Random random) {
    return all.get(random.nextInt(all.size()));
  }

  private static HttpRequest.Builder request(String method, String path, String body) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
        .header("Content-Type", "application/json")
        .method(method, BodyPublishers.ofString(body));
  }

  private static int ask(HttpRequest.Builder request) {
    try {
      return client.send(request.build(), BodyHandlers.discarding()).statusCode();
    } catch (Exception e) {
      throw new AssertionError(request.build().toString(), e);
    }
  }

  private static void post(String path, JsonObject body) {
    ask(request("POST", path, body.encode()));
  }

  private static Scrape scrape() {
    return Scrape.of(http.get("/metrics").body());
  }

  private static double answered(Scrape scrape) {
    return scrape.sum("cp_predictions_total", labels -> labels.get("outcome").equals("ok"));
  }

  /**
   * @param bound of a bucket, null for what has none
   */
  private static java.util.function.Predicate<Map<String, String>> of(String source, String bound) {
    return labels ->
        source.equals(labels.get("source")) && (bound == null || bound.equals(labels.get("le")));
  }

  private static List<JsonObject> of(List<JsonObject> events, String requestId) {
    return events.stream().filter(e -> requestId.equals(e.getString("request_id"))).toList();
  }

  private static void configure(JsonObject changes) throws Exception {
    service.configure(configuration(models).mergeIn(changes, true));
  }

  private static JsonObject configuration(Path models) {
    return new JsonObject()
        .put("models", new JsonObject().put("dir", models.toString()).put("poll_ms", 0))
        .put("persistence", new JsonObject().put("ack", "journal"));
  }

  /** Asks until the service has seen an edit; it looks once a second. */
  private static void awaitValue(String key, Object value) {
    Await.until(
        () -> http.get("/config").json().getJsonObject("values").getJsonObject(key),
        now -> value.equals(now.getValue("value")));
  }

  /** Every expression of the dashboard, as Grafana would send it. */
  private static Map<String, String> panels() throws Exception {
    var panels = new LinkedHashMap<String, String>();
    for (var panel : new JsonObject(Files.readString(DASHBOARD)).getJsonArray("panels")) {
      var json = (JsonObject) panel;
      for (var target : json.getJsonArray("targets", new JsonArray())) {
        var expression = ((JsonObject) target).getString("expr");
        panels.put(
            json.getString("title") + ": " + expression,
            expression
                .replace("$__rate_interval", "1m")
                .replace("$job", ".*")
                .replace("$instance", ".*"));
      }
    }
    return panels;
  }

  /** What {@code expression} selects: each meter with the labels that it is asked with. */
  private static Set<String> selectors(String expression) {
    var found = new TreeSet<String>();
    SELECTOR
        .matcher(expression.replaceAll("\\b(by|on) *\\([^)]*\\)", ""))
        .results()
        .filter(match -> match.group(1).matches("up|\\w*[_:].*"))
        .forEach(match -> found.add(match.group()));
    return found;
  }
}
