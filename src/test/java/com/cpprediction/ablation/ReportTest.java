package com.cpprediction.ablation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.testing.Browser;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.interactions.Actions;

class ReportTest {
  @TempDir private Path directory;

  private Path recorded;

  @BeforeEach
  void record() {
    new Report(Recordings.recording(), ExpectedGains.packaged()).write(directory);
    recorded = directory.resolve(Report.JSON);
  }

  @Test
  void aWrittenReportReadsBackTheSame() {
    var again = Report.of(recorded, null);

    assertThat(again.json()).isEqualTo(Recordings.recording().toJson());
    assertThat(again.text())
        .isEqualTo(new Report(Recordings.recording(), ExpectedGains.packaged()).text());
    assertThat(again.complete()).isTrue();
  }

  @Test
  void theJsonHoldsConfigurationsRunsAndRatios() {
    var json = Report.of(recorded, null).json();

    assertThat(json.getJsonObject("states").getJsonObject("only-caching"))
        .isEqualTo(State.only(Optimisation.CACHING).config());
    assertThat(json.getJsonArray("runs")).hasSize(48);
    var effect =
        json.getJsonObject("summary")
            .getJsonObject("alone_against_unoptimised")
            .getJsonObject("caching")
            .getJsonObject("throughput");
    assertThat(effect.getString("verdict")).isEqualTo("gain");
    assertThat(effect.getDouble("ratio")).isBetween(1.999, 2.001);
  }

  @Test
  void theTablesTellGainsFromNoGains() {
    var text = Report.of(recorded, null).text();

    assertThat(text)
        .contains("Alone, against unoptimised", "With all the others, against all but it")
        .containsPattern(
            "response caching \\(cache\\.enabled: false → true\\) +×2\\.00 \\(2\\.00–2\\.00\\) \\+")
        .containsPattern(
            "monitoring \\(metrics\\.enabled: false → true\\) +×1\\.01 \\(0\\.780–1\\.32\\) =")
        .contains("+ a gain, = no measurable gain, - a cost")
        .doesNotContain("promised\n")
        .containsOnlyOnce("no figure at hand from ")
        .contains("8.0 s of warm-up")
        .contains("open loop at 60.0 requests/s");
  }

  @Test
  void showsExpectedGainsBesideTheMeasuredOnes() throws IOException {
    var promised =
        Files.writeString(
            directory.resolve("promised.json"),
            "{\"source\":\"a leaflet\",\"promised\":{\"caching\":\"90 % faster\"}}");

    var report = Report.of(recorded, promised);

    assertThat(report.claims())
        .contains(
            "| response caching (cache.enabled: false → true) | 90 % faster | **×2.00** (2.00–2.00) |")
        .containsPattern("\\| monitoring [^|]*\\| no figure at hand \\|");
    assertThat(report.text()).containsPattern("response caching .* 90 % faster\n");
    assertThat(report.text()).contains("Promised: by a leaflet.");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"source\":\"x\"}",
        "{\"source\":\"x\",\"promised\":{\"speed\":\"3×\"}}",
        "{\"source\":\"x\",\"promised\":{\"caching\":3}}",
        "[]"
      })
  void refusesExpectedGainsInAnotherFormat(String content) throws IOException {
    var promised = Files.writeString(directory.resolve("promised.json"), content);

    assertThatThrownBy(() -> Report.of(recorded, promised))
        .isInstanceOf(AblationException.class)
        .hasMessageStartingWith(promised + ": ");
  }

  @Test
  void refusesAFileThatIsNoRecording() throws IOException {
    var other = Files.writeString(directory.resolve("other.json"), "{\"format\":1}");
    var newer = Files.writeString(directory.resolve("newer.json"), "{\"format\":2}");

    assertThatThrownBy(() -> Report.of(other, null))
        .hasMessage(other + " is not what ablation --report wrote");
    assertThatThrownBy(() -> Report.of(newer, null))
        .hasMessage(newer + " has format 2, this version reads format 1");
    assertThatThrownBy(() -> Report.of(directory.resolve("none"), null))
        .isInstanceOf(AblationException.class)
        .hasMessageStartingWith("There is no file ");
  }

  @Test
  void replacesTheClaimsBetweenTheirMarks() throws IOException {
    var readme =
        Files.writeString(
            directory.resolve("README.md"),
            "# Title\n\n<!-- claims -->\nstale\n<!-- /claims -->\n\nThe end\n");
    var report = Report.of(recorded, null);

    report.replaceClaims(readme);
    report.replaceClaims(readme);

    var text = Files.readString(readme);
    assertThat(text)
        .startsWith("# Title\n\n<!-- claims -->\nMeasured on 2026-11-25T06:00:00Z: A <fast>")
        .endsWith("|\n<!-- /claims -->\n\nThe end\n")
        .doesNotContain("stale");
    assertThat(text.split("<!-- claims -->")).hasSize(2);
    assertThat(directory.resolve(Report.CLAIMS)).content().isEqualTo(report.claims());
  }

  @Test
  void leavesAFileWithoutMarksUnchanged() throws IOException {
    var readme = Files.writeString(directory.resolve("README.md"), "<!-- /claims -->");

    assertThatThrownBy(() -> Report.of(recorded, null).replaceClaims(readme))
        .hasMessageContaining("has no <!-- claims --> with <!-- /claims --> behind it");
    assertThat(readme).content().isEqualTo("<!-- /claims -->");
  }

  @Test
  void partialOrSingleMeasurementsMakeNoClaims() throws IOException {
    var readme =
        Files.writeString(directory.resolve("README.md"), "<!-- claims --><!-- /claims -->");
    var runs = new ArrayList<>(Recordings.recording().runs());
    runs.removeIf(run -> run.variant().equals(State.ALL.variant()));
    runs.set(0, Run.failed(State.UNOPTIMISED.variant(), 1, "The service ended"));
    var part = new Report(Recordings.recording(runs), ExpectedGains.packaged());
    var recording = Recordings.recording();
    var once =
        new Report(
            new Recording(
                recording.environment(),
                recording.design(),
                recording.plan().copy().put("rounds", 1),
                60,
                recording.runs().subList(0, 16)),
            ExpectedGains.packaged());

    assertThat(part.complete()).isFalse();
    assertThatThrownBy(() -> part.replaceClaims(readme))
        .isInstanceOf(AblationException.class)
        .hasMessage(
            "The claims in %s stay as they are: 1 runs do not count, 3 runs were not made, 15 of 16 states were measured (leave --only out)",
            readme);
    assertThat(once.complete()).isTrue();
    assertThatThrownBy(() -> once.replaceClaims(readme))
        .hasMessageEndingWith("as they are: without 2 rounds (--repeats) there is no interval");
    assertThat(readme).content().isEqualTo("<!-- claims --><!-- /claims -->");
  }

  @Test
  void aSavedIntermediateReportReadsBackTheSame() {
    var elsewhere = directory.resolve("later");
    var report = Report.of(recorded, null);

    report.save(elsewhere);
    report.save(elsewhere);

    assertThat(elsewhere).isDirectoryContaining("glob:**/ablation.json");
    assertThat(elsewhere.toFile().list()).hasSize(1);
    assertThat(Report.of(elsewhere.resolve(Report.JSON), null).json()).isEqualTo(report.json());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0.00012345, 1.23e-04",
    "0.5, 0.500",
    "12.34, 12.3",
    "99999.6, '100,000'",
    "123456, '123,456'",
    "NaN, –"
  })
  void formatsNumbersForReading(double value, String shown) {
    assertThat(Tables.number(value)).isEqualTo(shown);
  }

  @Test
  void listsAllDoubts() {
    var runs = new ArrayList<>(Recordings.recording().runs());
    var all = Recordings.run(State.ALL, 1);
    runs.remove(all);
    runs.add(
        new Run(
            State.ALL.variant(),
            1,
            all.figures(),
            all.requests(),
            100,
            2,
            90,
            10,
            10,
            "it answered 7/s only",
            Map.of("504 deadline-exceeded", 2L),
            ""));
    runs.remove(Recordings.run(State.UNOPTIMISED, 3));
    runs.remove(Recordings.run(State.UNOPTIMISED, 2));
    runs.add(Run.failed(State.UNOPTIMISED.variant(), 3, "The service ended"));

    var report = new Report(Recordings.recording(runs), ExpectedGains.packaged());

    assertThat(report.complete()).isFalse();
    assertThat(report.notes())
        .anyMatch(note -> note.startsWith("≥: answers came faster than PostgreSQL took their rows"))
        .contains(
            "Figures to doubt, in 1 of 46 runs: round 1 of \"all\": it answered 7/s only.",
            "Requests without an answer, in 1 of 46 runs: round 1 of \"all\": 2 × 504 deadline-exceeded.",
            "Ended before it was done: 1 runs of 48 are missing.",
            "Does not count: round 3 of \"unoptimised\": The service ended");
    assertThat(report.text()).contains("≥1.25");
  }

  @Test
  void thePageShowsChartsTablesAndNotesInABrowser() throws Exception {
    try (var browser = Browser.start()) {
      browser.open(directory.resolve(Report.HTML).toUri().toString());

      assertThat(browser.find("h1").getText()).isEqualTo("What each optimisation brings");
      assertThat(browser.find("#about").getText()).contains("A <fast> processor");
      assertThat(browser.find("#notes").getText()).contains("8.0 s of warm-up");
      assertThat(browser.find("#tables tbody th").isDisplayed()).isTrue();
      assertThat(browser.run("return document.querySelectorAll('.intervals canvas').length"))
          .isEqualTo(11L); // 2 for each of 4 metrics, 3 of latency
      var chart = browser.find(".intervals");
      assertThat(chart.getAttribute("aria-label"))
          .startsWith("Alone, against unoptimised: model pre-loading: ×1.00")
          .contains("response caching: ×2.00 (2.00–2.00) gain");
      assertThat(browser.run(COLOURS, chart)).isEqualTo(List.of(true, true));
      new Actions(browser.driver()).moveToElement(chart).perform();
      assertThat(browser.find(".hint").getText()).contains(": ×");
      assertThat(browser.viewport(360, 800).run("return document.body.scrollWidth <= 360"))
          .isEqualTo(true);
      assertThat(browser.complaints()).isEmpty();
    }
  }

  /** Whether the chart in the argument has pixels in the colour of a gain, and of no gain. */
  private static final String COLOURS =
      """
      const canvas = arguments[0].querySelector("canvas");
      const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return ["--good", "--soft"].map(name => {
        const [r, g, b] = css(name).match(/[0-9a-f]{2}/gi).map(hex => parseInt(hex, 16));
        for (let i = 0; i < data.length; i += 4)
          if (data[i] === r && data[i + 1] === g && data[i + 2] === b) return true;
        return false;
      });
      """;

  @Test
  void thePageNeedsNoOtherFile() {
    assertThat(directory.resolve(Report.HTML))
        .content()
        .contains("A \\u003cfast> processor")
        .doesNotContain("{{", "src=", "href=\"http");
  }

  @Test
  void oneRoundIsDrawnWithoutIntervals() {
    var recording =
        Recordings.recording(
            State.every().stream().map(state -> Recordings.run(state, 1)).toList());

    var data = new Page(recording, new Report(recording, ExpectedGains.packaged())).data();

    var chart =
        data.getJsonArray("sections").getJsonObject(0).getJsonArray("charts").getJsonObject(0);
    assertThat(chart.getJsonArray("points")).hasSize(8);
    assertThat(chart.encode()).doesNotContain("\"low\"");
    assertThat(data.encode()).doesNotContain("NaN", "Infinity");
    assertThat(new JsonObject(recording.toJson().encode()).encode()).doesNotContain("NaN");
  }
}
