package com.cpprediction.ablation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.config.ConfigLoader;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Comparison of two configuration files. */
class DesignTest {
  private static final String SECRET = "hunter2-hunter2-hunter2";

  @TempDir private Path directory;

  private Design design;

  @BeforeEach
  void compareTwoFiles() throws IOException {
    design =
        Design.comparison(
            configuration("a.json", "{'http':{'port':1,'predict_token':'%s'}}".formatted(SECRET)),
            configuration(
                "b.json",
                """
                {'http':{'port':2,'max_connections':9},'cache':{'enabled':false},'data_dir':'x',
                 'database':{'uri':'postgresql://me:%s@db/x','pool':{'size':3}}}"""
                    .formatted(SECRET)));
  }

  private Design.Configuration configuration(String name, String json) throws IOException {
    var file = Files.writeString(directory.resolve(name), json.replace('\'', '"'));
    var loaded = new ConfigLoader(file, true, Map.of()).load();
    return new Design.Configuration(name, loaded, Path.of("/models"));
  }

  @Test
  void variantsHaveTheFilesSettingsExceptThoseOfTheTestEnvironment() {
    assertThat(design.variants())
        .containsExactly(
            new Variant(
                "a", "a.json", new JsonObject("{\"models\":{\"dir\":\"/models\"},\"http\":{}}")),
            new Variant(
                "b",
                "b.json",
                new JsonObject()
                    .put("models", new JsonObject().put("dir", "/models"))
                    .put("http", new JsonObject().put("max_connections", 9))
                    .put("cache", new JsonObject().put("enabled", false))
                    .put(
                        "database",
                        new JsonObject().put("pool", new JsonObject().put("size", 3)))));
  }

  @Test
  void namesTheChangedKeys() {
    assertThat(design.changes())
        .containsExactly(
            "http.max_connections: 4096 → 9",
            "cache.enabled: true → false",
            "database.pool.size: 20 → 3");
  }

  @Test
  void reportsRatiosOfTheTwo() throws IOException {
    var report = new Report(recording(), ExpectedGains.packaged());

    assertThat(report.text())
        .contains(
            "configuration", "b.json against a.json", "b.json (http.max_connections: 4096 → 9,")
        .containsPattern("×2\\.00 \\(2\\.00–2\\.00\\) \\+")
        .contains(
            "×: b.json over a.json, geometric mean", "Changed: http.max_connections: 4096 → 9")
        .doesNotContain("promised", "optimisation");
    assertThat(report.complete()).isTrue();
    var ratios = report.json().getJsonObject("summary").getJsonObject("b_against_a");
    assertThat(ratios.getJsonObject("throughput").getString("verdict")).isEqualTo("gain");
  }

  @Test
  void aWrittenReportReadsBackTheSameAndHoldsNoSecret() throws IOException {
    var report = new Report(recording(), ExpectedGains.packaged());

    report.write(directory.resolve("found"));

    var again = Report.of(directory.resolve("found").resolve(Report.JSON), null);
    assertThat(again.json()).isEqualTo(report.json());
    assertThat(again.text()).isEqualTo(report.text()).doesNotContain(SECRET);
    assertThat(directory.resolve("found").resolve(Report.CLAIMS)).doesNotExist();
    assertThat(directory.resolve("found").resolve(Report.HTML))
        .content()
        .contains("b.json against a.json")
        .doesNotContain(SECRET);
  }

  @Test
  void makesNoClaims() throws IOException {
    var readme =
        Files.writeString(directory.resolve("README.md"), "<!-- claims --><!-- /claims -->");

    assertThatThrownBy(
            () -> new Report(recording(), ExpectedGains.packaged()).replaceClaims(readme))
        .hasMessageEndingWith("two configurations were compared, not the optimisations");
    assertThat(readme).content().isEqualTo("<!-- claims --><!-- /claims -->");
  }

  /** Twice the throughput in b. */
  private Recording recording() {
    var runs = new ArrayList<Run>();
    for (int round = 1; round <= 3; round++) {
      for (var variant : design.variants()) {
        var figures = new EnumMap<Metric, Double>(Metric.class);
        figures.put(Metric.THROUGHPUT, variant.id().equals("b") ? 200.0 : 100.0);
        figures.put(Metric.P50, 3.0);
        runs.add(new Run(variant, round, figures, Map.of(), 1, 0, 1, 0, 0, "", Map.of(), ""));
      }
    }
    var plan = Recordings.plan(design).toJson();
    return new Recording(new JsonObject().put("machine", "x"), design, plan, 60, runs);
  }
}
