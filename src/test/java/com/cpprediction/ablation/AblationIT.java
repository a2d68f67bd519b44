package com.cpprediction.ablation;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.PackagedJar;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command as a user runs it, from the packaged jar. */
class AblationIT {
  @TempDir private Path directory;

  private Path temporary;
  private String err;

  @BeforeEach
  void createTemporaryDirectory() throws IOException {
    temporary = Files.createDirectory(directory.resolve("tmp"));
  }

  @AfterEach
  void nothingIsLeftBehind() throws IOException {
    try (var files = Files.newDirectoryStream(temporary, "cp-ablation*")) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void measuresTwoStates() throws Exception {
    var report = measure("--only", "unoptimised,all");

    assertThat(report.runs()).hasSize(2).allSatisfy(AblationIT::isValid);
    assertThat(report.summary().ratio(Design.all(), Metric.THROUGHPUT)).isPresent();
    assertThat(hits(report, "unoptimised")).isZero();
    assertThat(hits(report, "all")).isBetween(50.0, 100.0);
    assertThat(err)
        .contains(
            "this does not count",
            "round 1 of 1: unoptimised",
            "round 1 of 1: all",
            "2/2 ",
            "0:00 left");
    assertThat(directory.resolve("found").resolve(Report.HTML)).content().contains("</html>");
  }

  @Test
  void comparesTwoConfigurations() throws Exception {
    Files.writeString(
        directory.resolve("a.json"),
        new JsonObject()
            .put("http", new JsonObject().put("port", 1).put("predict_token", "t".repeat(32)))
            .encode());
    Files.writeString(
        directory.resolve("b.json"),
        new JsonObject().put("cache", new JsonObject().put("enabled", false)).encode());

    var report = measure("--compare", "a.json", "b.json");

    assertThat(report.runs()).hasSize(2).allSatisfy(AblationIT::isValid);
    assertThat(report.design().changes()).containsExactly("cache.enabled: true → false");
    assertThat(hits(report, "a")).isBetween(50.0, 100.0);
    assertThat(hits(report, "b")).isZero();
  }

  private Recording measure(String... which) throws Exception {
    var command = PackagedJar.command("-Djava.io.tmpdir=" + temporary);
    command.addAll(
        List.of(
            "ablation",
            "--quick",
            "--rate",
            "20",
            "--seconds",
            "0.3",
            "--popular",
            "20",
            "--models",
            SmallRelease.directory().toString(),
            "--report",
            "found",
            "--json"));
    command.addAll(List.of(which));
    var out = directory.resolve("out.json");
    var errors = directory.resolve("err.txt");
    var process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(errors.toFile())
            .start();
    boolean ended = process.waitFor(180, SECONDS);
    process.destroyForcibly();
    err = Files.readString(errors);
    assertThat(ended).isTrue();
    assertThat(process.exitValue()).as(err).isZero();
    var report = Recording.read(directory.resolve("found").resolve(Report.JSON));
    assertThat(new JsonObject(Files.readString(out))).isEqualTo(report.toJson());
    return report;
  }

  private static double hits(Recording report, String variant) {
    return report.summary().mean(variant, Metric.HITS).orElseThrow();
  }

  private static void isValid(Run run) {
    assertThat(run.problem()).isEmpty();
    assertThat(run.stored()).isPositive();
    assertThat(run.figures())
        .containsKeys(
            Metric.START,
            Metric.THROUGHPUT,
            Metric.STORED,
            Metric.P99,
            Metric.BATCHED,
            Metric.HITS);
    assertThat(run.requests()).containsKeys("warm-up", "open loop", "closed loop", "batches");
    assertThat(run.requests().get("warm-up")).isPositive();
  }
}
