package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.cli.CommandRun;
import com.cpprediction.testing.Jdbc;
import com.cpprediction.testing.TestService;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code load-test} against a service of three prefixes, of the 399 of its built-in addresses. */
class LoadTestIT {
  @RegisterExtension static final TestService service = new TestService();
  @RegisterExtension static final TestService other = new TestService();

  @TempDir private Path dir;

  @ParameterizedTest
  @ValueSource(
      strings = {"misses", "hits", "mixed", "batch", "stream", "wrong-pincodes", "no-pincodes"})
  void requestsOnlyWhatTheServedReleaseKnows(String profile) {
    var run =
        run(
            "--profile",
            profile,
            "--max-qps=20",
            "--steps=1",
            "--duration",
            "1",
            "--warm-up",
            "0.1");

    var step = steps(run).getJsonObject(0);
    assertThat(step.getJsonObject("errors")).isEmpty();
    assertThat(step.getLong("ok") + step.getLong("refused")).isEqualTo(20);
    if (!profile.endsWith("-pincodes")) assertThat(step.getLong("refused")).isZero();
    assertThat(step.getLong("ok")).isPositive();
  }

  @Test
  void aFailedShipmentOfABatchIsAFailedRequest() throws Exception {
    var file = Files.writeString(dir.resolve("a.csv"), "address,pincode\nMG Road,999999\n");

    var run =
        CommandRun.of(
            arguments(
                "--profile", file.toString(), "--max-qps=20", "--steps=1", "--duration", "1"));

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out())
        .contains("20/s: 20 of 20 requests were refused, most with \"422 unknown-prefix\"");
  }

  @Test
  void aTrueConditionSetsTheExitCodeAndIsNamed() {
    var run =
        CommandRun.of(
            arguments(
                "--steps=20,30",
                "--duration=0.5",
                "--fail-if",
                "p50>0us",
                "--fail-if",
                "error-rate>=100%"));

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out())
        .containsPattern("20/s: p50 is [\\d.]+ ms, which --fail-if p50>0us forbids")
        .containsPattern("30/s: p50 is [\\d.]+ ms, which --fail-if p50>0us forbids")
        .doesNotContain("error-rate is");
  }

  @Test
  void searchesTheHighestRateAndJudgesThatAlone() {
    var run =
        run("--find", "p99<60s", "--max-qps", "80", "--duration", "0.5", "--fail-if", "rate>=1");

    var report = run.json();
    var rates = steps(run).stream().map(step -> ((JsonObject) step).getDouble("rate")).toList();
    assertThat(rates).startsWith(50.0);
    var found = report.getDouble("found_rate");
    assertThat(run.exit()).isEqualTo(1);
    assertThat(report.getJsonArray("faults")).hasSize(1);
    assertThat(report.getJsonArray("faults").getString(0))
        .startsWith(found == null ? "No rate was found" : "%.0f/s: rate is ".formatted(found));
    if (found != null) assertThat(rates).contains(found);
  }

  @Test
  void cleansUpItsOwnRowsAndNoOthers() throws Exception {
    var before = stored("shipment_id NOT LIKE 'load-test-%'");
    service
        .http()
        .post(
            "/predict",
            new JsonObject()
                .put("shipment_id", "mine")
                .put("address", "HIGHLAND COMPLEX , MAIN ROAD , ULLAL , MANGALORE")
                .put("pincode", "575017"));
    run("--max-qps=20", "--steps=1", "--duration", "0.5"); // leaves its rows
    long others = stored("true");

    var run =
        CommandRun.of(
            arguments(
                "--max-qps=20",
                "--steps=1",
                "--duration=1",
                "--profile=mixed",
                "--clean-up",
                "--conf",
                service.config().toString()));

    assertThat(run.out()).containsPattern("Deleted \\d\\d+ rows of this run");
    assertThat(run.out()).doesNotContain("are not in the database");
    assertThat(stored("true")).isEqualTo(others);
    assertThat(stored("shipment_id NOT LIKE 'load-test-%'")).isEqualTo(before + 1);
  }

  @Test
  void saysThatItsRowsAreNotInAnotherDatabase() throws Exception {
    var run =
        CommandRun.of(
            arguments(
                "--max-qps=20",
                "--steps=1",
                "--duration=0.5",
                "--warm-up=0",
                "--clean-up",
                "--conf",
                other.config().toString()));

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out())
        .contains("10 rows of this run are not in the database of --conf; is it the service's?");
  }

  @Test
  void sendsFromSeveralThreadsToSeveralServicesAtRandomTimes() throws Exception {
    var url = "http://127.0.0.1:" + other.port();
    var run =
        run(
            "--url=" + url,
            "--threads=2",
            "--arrivals=poisson",
            "--max-qps=60",
            "--steps=1",
            "--duration=2",
            "--warm-up=0",
            "--report",
            dir.toString(),
            "--histogram",
            dir.resolve("l.hlog").toString());

    var step = steps(run).getJsonObject(0);
    long due = step.getLong("due");
    assertThat(due).isNotEqualTo(120).isBetween(60L, 180L);
    assertThat(step.getLong("ok")).isEqualTo(due);
    assertThat(step.getJsonObject("service_meters").getJsonObject("requests"))
        .isEqualTo(new JsonObject().put("200", (int) due));
    assertThat(step.getJsonObject("service_meters").getLong("predictions")).isEqualTo(due);
    assertThat(stored("true") + count(other, "true")).isGreaterThanOrEqualTo(due);
    assertThat(sums(step.getJsonArray("series"))).containsExactly(due, due, 0L);
    var lines = Files.readAllLines(dir.resolve("series.csv"));
    assertThat(lines.get(0)).isEqualTo("step,second,due,ok,failed,p50_ms,p99_ms,max_ms");
    assertThat(lines).hasSize(step.getJsonArray("series").size() + 1);
    assertThat(logged(dir.resolve("l.hlog"))).isEqualTo(due);
  }

  @Test
  void theCacheTellsWhatItsMissesWaitedFor() {
    run("--max-qps=200", "--steps=1", "--duration=0.5");

    var stats = service.http().get("/cache/stats").json();
    double waited = stats.getDouble("average_wait_ms");
    double scored = stats.getDouble("average_score_ms");
    assertThat(waited).isPositive();
    assertThat(scored).isPositive();
    assertThat(waited + scored).isLessThanOrEqualTo(stats.getDouble("average_load_ms"));
  }

  @Test
  void writesAPercentileDistributionForEachRate() throws Exception {
    run("--steps=20,30", "--duration=0.5", "--histogram", dir.resolve("x.hgrm").toString());

    assertThat(Files.readString(dir.resolve("x-20.hgrm")))
        .contains("Total count    =           10");
    assertThat(Files.readString(dir.resolve("x-30.hgrm")))
        .contains("Total count    =           15");
  }

  private static List<Long> sums(JsonArray series) {
    var sums = new ArrayList<Long>();
    for (var key : List.of("due", "ok", "failed")) {
      sums.add(series.stream().mapToLong(second -> ((JsonObject) second).getLong(key)).sum());
    }
    return sums;
  }

  private static long logged(Path file) throws Exception {
    long sum = 0;
    try (var reader = new HistogramLogReader(file.toFile())) {
      while (reader.hasNext()) {
        var second = reader.nextIntervalHistogram();
        if (second == null) break;
        assertThat(second.getTag()).isEqualTo("60/s");
        sum += ((Histogram) second).getTotalCount();
      }
    }
    return sum;
  }

  private static CommandRun run(String... more) {
    var arguments = new ArrayList<>(List.of(arguments(more)));
    arguments.add("--json");
    return CommandRun.of(arguments.toArray(String[]::new));
  }

  private static String[] arguments(String... more) {
    var arguments =
        new ArrayList<>(List.of("load-test", "--url", "http://127.0.0.1:" + service.port()));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  private static JsonArray steps(CommandRun run) {
    return run.json().getJsonArray("steps");
  }

  private static long stored(String condition) throws Exception {
    return count(service, condition);
  }

  private static long count(TestService service, String condition) throws Exception {
    try (var connection = Jdbc.connect(service.databaseUri());
        var statement = connection.createStatement();
        var rows = statement.executeQuery("SELECT count(*) FROM predictions WHERE " + condition)) {
      rows.next();
      return rows.getLong(1);
    }
  }
}
