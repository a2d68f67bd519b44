package com.cpprediction.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.SmallDisk;
import com.cpprediction.testing.Tool;
import com.cpprediction.training.SmallRelease;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What commands print and write where that can't be, each in a process of its own. */
class CommandOutputTest {
  @TempDir private static Path dir;

  /** The exit code and what standard error has. */
  private record Ended(int code, String err) {}

  @BeforeAll
  static void needsAShell() {
    Tool.find("sh", "dash");
  }

  /**
   * Runs a command of the service.
   *
   * @param redirection as the shell takes it, behind the command
   */
  private static Ended run(String redirection, String... arguments) throws Exception {
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var command = new ArrayList<>(List.of("sh", "-c"));
    // The status is that of the command, not of the last one in a pipe.
    command.add("{ \"$@\"; echo $? > \"$0\"; } " + redirection);
    var status = Files.createTempFile(dir, "status", "");
    command.addAll(List.of(status.toString(), java, "-XX:TieredStopAtLevel=1", "-cp"));
    command.addAll(List.of(System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(arguments));
    var process = new ProcessBuilder(command);
    process.environment().keySet().removeIf(name -> name.startsWith("CP_"));
    process.environment().put("CP_MODELS_DIR", SmallRelease.directory().toString());
    var started = process.redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    var err = new String(started.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    started.waitFor();
    return new Ended(Integer.parseInt(Files.readString(status).strip()), err);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help",
        "--version",
        "predict --help",
        "config print --effective --origin",
        "config check conf/config.json",
        "models verify",
        "predict 'Hostel Road 575003'",
        "predict --json 'Hostel Road 575003'",
        "predict --explain 'Hostel Road 575003'"
      })
  void aFullStandardOutputFailsTheCommandWithTheReason(String arguments) throws Exception {
    var ended = run("> /dev/full", arguments.replace("'", "").split(" ", limit(arguments)));

    assertThat(ended.err()).isEqualTo("Cannot write to standard output: No space left on device\n");
    assertThat(ended.code()).isEqualTo(1);
  }

  /** An address is one argument. */
  private static int limit(String arguments) {
    int address = arguments.indexOf('\'');
    return address < 0 ? 0 : arguments.substring(0, address).split(" ").length + 1;
  }

  @Test
  void aClosedPipeFailsTheCommandWithoutAStackTrace() throws Exception {
    var ended = run("| true", "config", "print", "--effective");

    assertThat(ended.err()).isEqualTo("Cannot write to standard output: Broken pipe\n");
    assertThat(ended.code()).isEqualTo(1);
  }

  @Test
  void aStandardErrorThatCantBeWrittenFailsTheCommand() throws Exception {
    var in = Files.writeString(dir.resolve("in.csv"), "Address\nHostel Road 575003\n");
    var out = dir.resolve("out.csv");

    assertThat(run("2> /dev/full", "predict", "--in", in + "", "--out", out + "").code())
        .isEqualTo(1);
    assertThat(out).content().contains("Hostel Road 575003,CP");
  }

  @Test
  void rowsMayGoToStandardOutputAndTheirCountsDoNot() throws Exception {
    var in = Files.writeString(dir.resolve("rows.csv"), "address\nHostel Road 575003\n");
    var out = dir.resolve("piped.csv");

    var ended = run("| cat > " + out, "predict", "--in", in + "", "--out", "/dev/stdout");

    assertThat(ended.code()).isZero();
    assertThat(Files.readAllLines(out)).hasSize(2).last().asString().contains("575003,CP");
    assertThat(ended.err()).contains("1 row written to /dev/stdout: 1 predicted, 0 not");
    var shared = Files.writeString(dir.resolve("shared.csv"), "x".repeat(10));
    run("1<> " + shared, "predict", "--in", in + "", "--out", "/dev/stdout");
    assertThat(shared).content().as("written where the shell is").startsWith("address,");
    assertThat(run("> /dev/full", "predict", "--in", in + "", "--out", "/dev/stdout").err())
        .contains("Cannot write /dev/stdout: No space left on device");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "predict --in %1$s --out",
        "train --work %2$s --held-back 0 --data %1$s --doubtful"
      })
  void aFileOnADeviceThatIsFullFailsTheCommand(String arguments) throws Exception {
    var in = SmallRelease.addresses();
    var ended = run("", (arguments.formatted(in, dir) + " /dev/full" + out(arguments)).split(" "));

    assertThat(ended.code()).isEqualTo(1);
    assertThat(ended.err()).contains("Cannot write /dev/full: No space left on device");
    assertThat(ended.err()).doesNotContain("\tat ");
  }

  private static String out(String arguments) throws IOException {
    return arguments.startsWith("train") ? " --out " + Files.createTempDirectory(dir, "out") : "";
  }

  @Test
  void aFullDiskFailsTheCommandAndKeepsWhatWasThere() throws Exception {
    var in = SmallRelease.addresses().toString();
    try (var disk = SmallDisk.mount(dir.resolve("disk"), 2)) {
      var before = Files.writeString(disk.root().resolve("out.csv"), "of yesterday");
      var release = disk.root().resolve("release");
      disk.fill();

      var predicted = run("", "predict", "--in", in, "--out", before.toString());
      var zipped = run("", "predict", "--in", in, "--out", before + ".gz");
      var trained = run("", "train", "--data", in, "--out", release.toString(), "--work", dir + "");

      for (var ended : List.of(predicted, zipped, trained)) {
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.err())
            .contains("Cannot write " + disk.root(), "No space left on device")
            .doesNotContain("\tat ");
      }
      assertThat(before).hasContent("of yesterday");
      assertThat(disk.root()).isDirectoryNotContaining("glob:**.part");
    }
  }

  @Test
  void noProgressIsShownInAFile() throws Exception {
    var in = SmallRelease.addresses();
    var out = dir.resolve("many.csv").toString();

    var ended = run("", "predict", "--in", in.toString(), "--out", out);

    assertThat(ended.code()).isZero();
    assertThat(ended.err()).doesNotContain("predicting", "%", "rows/s");
  }
}
