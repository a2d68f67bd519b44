package com.cpprediction.ablation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xml.sax.InputSource;

class ReportTest {
  @TempDir private Path directory;

  private Path recorded;

  @BeforeEach
  void record() {
    new Report(Recordings.recording(), ExpectedGains.packaged()).write(directory);
    recorded = directory.resolve(Report.JSON);
  }

  @Test
  void whatWasWrittenReportsTheSameAgain() {
    var again = Report.of(recorded, null);

    assertThat(again.json()).isEqualTo(Recordings.recording().toJson());
    assertThat(again.text())
        .isEqualTo(new Report(Recordings.recording(), ExpectedGains.packaged()).text());
    assertThat(again.complete()).isTrue();
  }

  @Test
  void theJsonSaysWhatEachStateWasAndWhatFollows() {
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
  void theTablesSayGainAndNoGain() {
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
  void whatWasPromisedStandsBesideIt() throws IOException {
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
  void promisesOfAnotherShapeAreRefused(String content) throws IOException {
    var promised = Files.writeString(directory.resolve("promised.json"), content);

    assertThatThrownBy(() -> Report.of(recorded, promised))
        .isInstanceOf(AblationException.class)
        .hasMessageStartingWith(promised + ": ");
  }

  @Test
  void aFileThatIsNoRecordingIsRefused() throws IOException {
    var other = Files.writeString(directory.resolve("other.json"), "{\"format\":1}");
    var newer = Files.writeString(directory.resolve("newer.json"), "{\"format\":2}");

    assertThatThrownBy(() -> Report.of(other, null))
        .hasMessage(other + " is not what ablation --report wrote");
    assertThatThrownBy(() -> Report.of(newer, null))
        .hasMessage(newer + " has format 2, this version reads format 1");
    assertThatThrownBy(() -> Report.of(directory.resolve("none"), null))
        .isInstanceOf(AblationException.class)
        .hasMessageStartingWith("Cannot read ");
  }

  @Test
  void theClaimsGoBetweenTheirMarks() throws IOException {
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
  void aFileWithoutMarksIsLeftAlone() throws IOException {
    var readme = Files.writeString(directory.resolve("README.md"), "<!-- /claims -->");

    assertThatThrownBy(() -> Report.of(recorded, null).replaceClaims(readme))
        .hasMessageContaining("has no <!-- claims --> with <!-- /claims --> behind it");
    assertThat(readme).content().isEqualTo("<!-- /claims -->");
  }

  @Test
  void whatWasMeasuredInPartOrOnceClaimsNothing() throws IOException {
    var readme =
        Files.writeString(directory.resolve("README.md"), "<!-- claims --><!-- /claims -->");
    var runs = new ArrayList<>(Recordings.recording().runs());
    runs.removeIf(run -> run.state().equals(State.ALL));
    runs.set(0, Run.failed(State.UNOPTIMISED, 1, "The service ended"));
    var part = new Report(Recordings.recording(runs), ExpectedGains.packaged());
    var recording = Recordings.recording();
    var once =
        new Report(
            new Recording(
                recording.environment(),
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
  void whatIsSavedOnTheWayReadsAsTheRest() {
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
  void numbersAreForPeople(double value, String shown) {
    assertThat(Tables.number(value)).isEqualTo(shown);
  }

  @Test
  void everyDoubtIsSaid() {
    var runs = new ArrayList<>(Recordings.recording().runs());
    var all = Recordings.run(State.ALL, 1);
    runs.remove(all);
    runs.add(
        new Run(
            State.ALL,
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
    runs.add(Run.failed(State.UNOPTIMISED, 3, "The service ended"));

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
  void thePageStandsByItself() throws Exception {
    var html = Files.readString(directory.resolve(Report.HTML));

    assertThat(html)
        .contains("A &lt;fast&gt; processor")
        .doesNotContain("{{", "src=", "http:", "https:")
        .contains(
            "<th scope=\"col\">",
            "<th scope=\"row\">response caching (cache.enabled: false → true)</th>")
        .contains("tabindex=\"0\" role=\"region\" aria-label=\"Alone, against unoptimised\"")
        .contains("<polygon ")
        .containsPattern("response caching: ×2\\.00 \\(2\\.00–2\\.00\\) gain");
    var plots = html.split("(?=<svg)");
    assertThat(plots).hasSizeGreaterThan(8);
    for (int i = 1; i < plots.length; i++) {
      var svg = plots[i].substring(0, plots[i].indexOf("</svg>") + 6);
      var parser = DocumentBuilderFactory.newInstance().newDocumentBuilder();
      var document = parser.parse(new InputSource(new StringReader(svg)));
      assertThat(document.getElementsByTagName("circle").getLength()).isPositive();
      assertThat(svg).doesNotContain("NaN", "Infinity");
    }
  }

  @Test
  void oneRoundIsDrawnWithoutIntervals() {
    var recording =
        Recordings.recording(
            State.every().stream().map(state -> Recordings.run(state, 1)).toList());

    var html = new Page(recording, new Report(recording, ExpectedGains.packaged())).html();

    assertThat(html).doesNotContain("NaN", "Infinity");
    assertThat(new JsonObject(recording.toJson().encode()).encode()).doesNotContain("NaN");
  }
}
