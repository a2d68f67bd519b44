package com.cpprediction.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.training.SmallRelease;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AblationCommandTest {
  @TempDir private Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--repeats 0 | --repeats must be in 1..30",
        "--repeats 31 | --repeats must be in 1..30",
        "--warm-up -1 | --warm-up must be in 0..3600",
        "--seconds 0 | --seconds must be in 0.1..3600",
        "--seconds NaN | --seconds must be in 0.1..3600",
        "--rate 0 | --rate must be above 0",
        "--callers 0 | --callers must be in 1..1000",
        "--repeated 1.1 | --repeated must be in 0..1",
        "--popular 0 | --popular must be in 1..100000",
        "--heap 512 | --heap must be a number with k, m or g",
        "--heap 1g,-version | --heap must be a number with k, m or g",
        "--readme x.md --quick | --readme claims what all states show in two rounds at least",
        "--readme x.md --only caching | --readme claims what all states show in two rounds",
        "--only speed | --only: \"speed\" is neither an optimisation (preloading, caching,",
        "--from x.json --only caching | --only and --compare measure and --from does not",
        "--from x.json --compare a.json b.json | --only and --compare measure and --from does not",
        "--compare a.json b.json --only caching | --compare takes two files, and no --only",
        "--compare a.json b.json --compare c.json d.json | --compare takes two files",
        "--compare a.json b.json --readme x.md | --promised and --readme are about the optimisations",
        "--compare a.json b.json --promised x | --promised and --readme are about the optimisations"
      })
  void wrongUsageNamesTheAllowedValues(String arguments, String said) {
    int exit = run(("ablation " + arguments).split(" "));

    assertThat(err.toString()).startsWith(said);
    assertThat(exit).isEqualTo(2);
  }

  @Test
  void needsThePackagedJar() {
    int exit = run("ablation", "--models", SmallRelease.directory().toString());

    assertThat(exit).isEqualTo(1);
    assertThat(err.toString()).startsWith("ablation starts the packaged service: run it as java");
  }

  @Test
  void failsOnAMissingRecording() {
    var nothing = directory.resolve("none.json").toString();

    assertThat(run("ablation", "--from", nothing)).isEqualTo(1);
    assertThat(err.toString().strip()).isEqualTo("There is no file " + nothing);
  }

  private int run(String... arguments) {
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }
}
