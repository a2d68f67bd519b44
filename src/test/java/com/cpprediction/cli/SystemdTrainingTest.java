package com.cpprediction.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Program;
import com.cpprediction.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The units of {@code conf/systemd/} that train every night. */
class SystemdTrainingTest {
  private static final Path UNITS = Path.of("conf/systemd");
  private static final String SERVICE = "cp-prediction-train.service";
  private static final String TIMER = "cp-prediction-train.timer";
  private static final String LAUNCHER = "/opt/cp-prediction/bin/cp-prediction-service";

  /** Maximum exposure times ten, as that of the service. */
  private static final String EXPOSURE = "20";

  @TempDir private Path directory;

  @Test
  void passTheVerificationOfSystemd() throws IOException {
    install("cp-prediction.service");
    var service = install(SERVICE).toString();
    var timer = install(TIMER).toString();

    var verified = analyze("verify", service, timer);
    assertThat(verified.output()).isEmpty();
    assertThat(verified.exit()).isZero();
    var rated = analyze("security", "--offline=true", "--threshold=" + EXPOSURE, service);
    assertThat(rated.exit()).as(rated.output()).isZero();
  }

  @Test
  void theCommandIsOneThatTheProgramTakes() throws IOException {
    var start = settings(SERVICE).get("ExecStart").get(0);
    var words =
        start.replace("${STATE_DIRECTORY}", "/state").replace("${CACHE_DIRECTORY}", "/cache");
    var arguments = new ArrayList<>(List.of(words.split(" ")));
    assertThat(arguments.remove(0)).isEqualTo(LAUNCHER);
    assertThat(arguments.remove(0)).isEqualTo("train");

    var parsed = new CommandLine(new TrainCommand()).parseArgs(arguments.toArray(String[]::new));

    assertThat(parsed.errors()).isEmpty();
    assertThat(parsed.<Path>matchedOptionValue("--schedule", null))
        .isEqualTo(Path.of("/state/releases"));
    assertThat(parsed.<Path>matchedOptionValue("--work", null)).isEqualTo(Path.of("/cache"));
  }

  @Test
  void trainsOnTheDataOfTheServiceAsItsUser() throws IOException {
    var service = settings("cp-prediction.service");
    var training = settings(SERVICE);

    // The name of a dynamic user is that of the unit, unless it is told.
    assertThat(service).containsEntry("DynamicUser", List.of("yes")).doesNotContainKey("User");
    assertThat(training).containsEntry("User", List.of("cp-prediction"));
    for (var same :
        List.of("StateDirectory", "CacheDirectory", "DynamicUser", "WorkingDirectory")) {
      assertThat(training.get(same)).as(same).isEqualTo(service.get(same));
    }
    assertThat(training.get("Environment").get(0)).isEqualTo(service.get("Environment").get(0));
    assertThat(settings(TIMER))
        .containsKey("OnCalendar")
        .containsEntry("Persistent", List.of("yes"));
  }

  private static Map<String, List<String>> settings(String unit) throws IOException {
    var settings = new LinkedHashMap<String, List<String>>();
    for (var line : Files.readAllLines(UNITS.resolve(unit))) {
      int equals = line.indexOf('=');
      if (line.startsWith("#") || equals < 0) continue;
      settings
          .computeIfAbsent(line.substring(0, equals), key -> new ArrayList<>())
          .add(line.substring(equals + 1));
    }
    return settings;
  }

  /** A unit with the launcher of this test, whose path may differ from the package's. */
  private Path install(String unit) throws IOException {
    var launcher = Path.of("bin/cp-prediction-service").toAbsolutePath().toString();
    return Files.writeString(
        directory.resolve(unit), Files.readString(UNITS.resolve(unit)).replace(LAUNCHER, launcher));
  }

  private static Program analyze(String... arguments) {
    return Program.run(Tool.find("systemd-analyze", "systemd"), "", arguments);
  }
}
