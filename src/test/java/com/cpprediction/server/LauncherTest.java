package com.cpprediction.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The options with which {@code bin/cp-prediction-service} begins a JVM. */
class LauncherTest {
  private static final Path LAUNCHER = Path.of("bin/cp-prediction-service");
  private static final List<String> VARIABLES =
      List.of("JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS");

  @Test
  void boundsTheMemoryOfAService() throws Exception {
    assertThat(options(Map.of(), "serve", "--cluster"))
        .contains("-Xmx144m", "-XX:+UseSerialGC")
        .endsWith("serve", "--cluster");
    assertThat(options(Map.of("JAVA_OPTIONS", "-Dsome=thing"), "serve"))
        .contains("-Xmx144m", "-Dsome=thing");
  }

  @Test
  void leavesOtherCommandsTheHeapOfTheJvm() throws Exception {
    assertThat(options(Map.of(), "train", "--data", "serve")).noneMatch(o -> o.startsWith("-Xm"));
    assertThat(options(Map.of())).noneMatch(option -> option.startsWith("-Xm"));
  }

  /** Two collectors at a time would keep the JVM from starting. */
  @ParameterizedTest
  @CsvSource({
    "JAVA_OPTIONS, -Xmx1g",
    "JAVA_TOOL_OPTIONS, -XX:MaxRAMPercentage=50",
    "JDK_JAVA_OPTIONS, -XX:+UseZGC"
  })
  void yieldsToOptionsOfMemory(String variable, String option) throws Exception {
    assertThat(options(Map.of(variable, option), "serve"))
        .doesNotContain("-Xmx144m", "-XX:+UseSerialGC");
  }

  /** All arguments of the JVM. */
  private static List<String> options(Map<String, String> variables, String... arguments)
      throws IOException, InterruptedException {
    var command = Stream.concat(Stream.of(LAUNCHER.toString()), Stream.of(arguments)).toList();
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeAll(VARIABLES);
    builder.environment().put("JAVA", "echo");
    builder.environment().putAll(variables);
    var launcher = builder.start();
    var printed = new String(launcher.getInputStream().readAllBytes()).strip();
    assertThat(launcher.waitFor()).as(printed).isZero();
    return List.of(printed.split("\\s+"));
  }
}
