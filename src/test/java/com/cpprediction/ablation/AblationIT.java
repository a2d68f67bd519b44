package com.cpprediction.ablation;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command as a user runs it, from the packaged jar. */
class AblationIT {
  private static final String JAVA =
      System.getProperty("cp.java", ProcessHandle.current().info().command().orElseThrow());

  @TempDir private Path directory;

  @Test
  void measuresTwoStatesAndLeavesNothingBehind() throws Exception {
    var temporary = Files.createDirectory(directory.resolve("tmp"));
    var command =
        List.of(
            JAVA,
            "-Djava.io.tmpdir=" + temporary,
            "-jar",
            System.getProperty("cp.jar"),
            "ablation",
            "--quick",
            "--only",
            "unoptimised,all",
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
            "--json");
    var out = directory.resolve("out.json");
    var err = directory.resolve("err.txt");
    var process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();

    boolean ended = process.waitFor(180, SECONDS);
    process.destroyForcibly();

    assertThat(ended).isTrue();
    assertThat(process.exitValue()).as(Files.readString(err)).isZero();
    var report = Recording.read(directory.resolve("found").resolve(Report.JSON));
    assertThat(new JsonObject(Files.readString(out))).isEqualTo(report.toJson());
    assertThat(report.runs()).hasSize(2).allSatisfy(AblationIT::counts);
    assertThat(report.summary().all(Metric.THROUGHPUT)).isPresent();
    assertThat(Files.readString(err))
        .contains(
            "this does not count",
            "round 1 of 1: unoptimised",
            "round 1 of 1: all",
            "2/2 ",
            "0:00 left");
    assertThat(directory.resolve("found").resolve(Report.HTML)).content().contains("</html>");
    assertThat(leftBehind(temporary)).isEmpty();
  }

  private static void counts(Run run) {
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
    double hits = run.figure(Metric.HITS).orElseThrow();
    if (run.state().equals(State.UNOPTIMISED)) assertThat(hits).isZero();
    else assertThat(hits).isBetween(50.0, 100.0);
  }

  private static List<Path> leftBehind(Path temporary) throws IOException {
    try (var files = Files.newDirectoryStream(temporary, "cp-ablation*")) {
      return StreamSupport.stream(files.spliterator(), false).toList();
    }
  }
}
