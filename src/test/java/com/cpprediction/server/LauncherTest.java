package com.cpprediction.server;

import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The options with which {@code bin/cp-prediction-service} begins a JVM. */
class LauncherTest {
  private static final Path LAUNCHER = Path.of("bin/cp-prediction-service");
  private static final List<String> VARIABLES =
      List.of("JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS");

  @TempDir private Path directory;

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

  @ParameterizedTest
  @CsvSource({"'', 2", "-Xmx512m, 2", "-Xmx512m -XX:TrimNativeHeapInterval=60000, 4"})
  void boundsTheMemoryBesideAHeapOfAnySize(String options, String arenas) throws Exception {
    var java =
        Files.writeString(directory.resolve("java"), "#!/bin/sh\necho $MALLOC_ARENA_MAX \"$@\"\n");
    assertThat(java.toFile().setExecutable(true)).isTrue();
    var variables = new HashMap<>(Map.of("JAVA", java.toString(), "JAVA_OPTIONS", options));
    if (!arenas.equals("2")) variables.put("MALLOC_ARENA_MAX", arenas);

    assertThat(printed(LAUNCHER, variables, "serve"))
        .startsWith(arenas)
        .containsSubsequence(
            Stream.concat(
                    Stream.of("-XX:TrimNativeHeapInterval=10000"),
                    Stream.of(options.split(" ")).filter(option -> !option.isEmpty()))
                .toList());
  }

  @ParameterizedTest
  @CsvSource({
    "17.0.15, -XX:SharedArchiveFile=, jsa",
    "24.0.2, -XX:SharedArchiveFile=, jsa",
    "25.0.3, -XX:AOTCache=, aot"
  })
  void startsFromTheArchiveThatTheJvmCanRead(String version, String option, String suffix)
      throws Exception {
    var jdk = Files.createDirectories(directory.resolve("jdk/bin")).getParent();
    Files.writeString(jdk.resolve("release"), "IMAGE=x\nJAVA_VERSION=\"" + version + "\"\n");
    var java = Files.writeString(jdk.resolve("bin/java"), "#!/bin/sh\necho \"$@\"\n");
    assertThat(java.toFile().setExecutable(true)).isTrue();
    for (var name : List.of(".jar", ".jsa", ".aot")) {
      Files.createFile(directory.resolve("cp-prediction-service" + name));
    }
    var launcher = Files.copy(LAUNCHER, directory.resolve("start"), COPY_ATTRIBUTES);
    var archive = directory.toRealPath().resolve("cp-prediction-service." + suffix);

    assertThat(printed(launcher, Map.of("JAVA", java.toString()), "serve"))
        .contains(option + archive)
        .filteredOn(o -> o.startsWith("-XX:AOT") || o.startsWith("-XX:Shared"))
        .hasSize(1);

    Files.delete(archive);

    assertThat(printed(launcher, Map.of("JAVA", java.toString()), "serve"))
        .noneMatch(o -> o.startsWith("-XX:AOT") || o.startsWith("-XX:Shared"));
  }

  @Test
  void findsTheJarThroughALink() throws Exception {
    var link = Files.createSymbolicLink(directory.resolve("launcher"), LAUNCHER.toAbsolutePath());

    assertThat(printed(link, Map.of("JAVA", "echo"), "status"))
        .isEqualTo(options(Map.of(), "status"));
  }

  /** All arguments of the JVM. */
  private static List<String> options(Map<String, String> variables, String... arguments)
      throws IOException, InterruptedException {
    var all = new HashMap<>(variables);
    all.put("JAVA", "echo");
    return printed(LAUNCHER, all, arguments);
  }

  private static List<String> printed(
      Path launcherFile, Map<String, String> variables, String... arguments)
      throws IOException, InterruptedException {
    var command = Stream.concat(Stream.of(launcherFile.toString()), Stream.of(arguments)).toList();
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeAll(VARIABLES);
    builder.environment().putAll(variables);
    var launcher = builder.start();
    var printed = new String(launcher.getInputStream().readAllBytes()).strip();
    assertThat(launcher.waitFor()).as(printed).isZero();
    return List.of(printed.split("\\s+"));
  }
}
