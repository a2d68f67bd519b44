package com.cpprediction.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Program;
import com.cpprediction.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks of {@code conf/systemd/} by systemd-analyze. */
class SystemdUnitTest {
  private static final Path UNIT = Path.of("conf/systemd/cp-prediction.service");

  /** Maximum exposure times ten, as systemd-analyze takes it; a unit without hardening has 96. */
  private static final String EXPOSURE = "20";

  @TempDir private Path directory;

  @Test
  void passesTheVerificationOfSystemd() throws IOException {
    var verified = analyze("verify", installed().toString());

    assertThat(verified.output()).isEmpty();
    assertThat(verified.exit()).isZero();
  }

  @Test
  void hasALowExposure() throws IOException {
    var rated =
        analyze("security", "--offline=true", "--threshold=" + EXPOSURE, installed().toString());

    assertThat(rated.exit()).as(rated.output()).isZero();
  }

  @Test
  void waitsLongerThanTheServiceTakesToStop() throws IOException {
    var timeout =
        Pattern.compile("(?m)^TimeoutStopSec=(\\d+)$").matcher(Files.readString(UNIT)).results();

    assertThat(timeout.map(match -> Integer.valueOf(match.group(1))))
        .singleElement()
        .satisfies(seconds -> assertThat(seconds).isGreaterThan(15));
  }

  @Test
  void namesExistingKeys() throws IOException {
    var schema = Files.readString(Path.of("src/docs/configuration.md"));
    var variables = Pattern.compile("CP_[A-Z_]+").matcher(Files.readString(UNIT)).results();

    assertThat(variables.map(match -> match.group().replaceFirst("_FILE$", "")))
        .isNotEmpty()
        .allSatisfy(name -> assertThat(schema).contains("`" + name + "`"));
  }

  /** The unit with the Java of this test, whose path may differ from the package's. */
  private Path installed() throws IOException {
    var launcher = Path.of("bin/cp-prediction-service").toAbsolutePath().toString();
    return Files.writeString(
        directory.resolve(UNIT.getFileName()),
        Files.readString(UNIT).replace("/opt/cp-prediction/bin/cp-prediction-service", launcher));
  }

  private static Program analyze(String... arguments) {
    return Program.run(Tool.find("systemd-analyze", "systemd"), "", arguments);
  }
}
