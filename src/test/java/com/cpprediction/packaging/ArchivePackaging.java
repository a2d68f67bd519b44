package com.cpprediction.packaging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Program;
import com.cpprediction.testing.Tool;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipFile;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The archive and the jars without what some machines don't need. */
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ArchivePackaging {
  private static final String TOP = "cp-prediction-" + System.getProperty("cp.version");
  private static final Path ARCHIVE = Path.of("target", TOP + ".tar.gz").toAbsolutePath();
  private static final Path SERVER_JAR =
      Path.of("target/cp-prediction-service-server.jar").toAbsolutePath();
  private static final int MAXIMUM_SIZE = 60 << 20;

  @TempDir private Path directory;

  @Test
  void startsInAnEmptyDirectoryAndPredicts() throws Exception {
    var home = unpacked();
    var builder = new ProcessBuilder(home.resolve("bin/cp-prediction-service").toString(), "serve");
    builder.directory(directory.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("CP_HTTP_PORT", "0");

    try (var serving = Serving.start(builder)) {
      serving.assertPredicts();
      assertThat(serving.terminate()).contains("Ended cleanly");
    }
    assertThat(home.resolve("data")).isDirectory();
  }

  @Test
  void hasOneTopDirectoryAndNothingOfTheMachineThatBuiltIt() throws IOException {
    var times = new HashSet<Instant>();
    var owners = new HashSet<String>();
    try (var in =
        new TarArchiveInputStream(
            new GZIPInputStream(new BufferedInputStream(Files.newInputStream(ARCHIVE))))) {
      for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        assertThat(entry.getName()).startsWith(TOP + "/").doesNotContain(".jsa", ".aot");
        times.add(entry.getLastModifiedTime().toInstant());
        owners.add(entry.getUserName() + ':' + entry.getGroupName());
      }
    }

    assertThat(times).hasSize(1);
    assertThat(owners).containsExactly("root:root");
  }

  @Test
  void hasWhatItsReadmeLinksTo() throws Exception {
    var home = unpacked();

    for (var link :
        new String[] {"LICENSE", "CHANGELOG.md", "models/README.md", "conf/config.json"})
      assertThat(home.resolve(link)).isRegularFile();
    assertThat(Files.readString(home.resolve("README.md"), UTF_8))
        .contains("src/docs/operation.md");
    assertThat(home.resolve("src/docs/operation.md")).isRegularFile();
    assertThat(home.resolve("conf/systemd/cp-prediction.service")).isRegularFile();
  }

  @Test
  void theServerJarIsSmallAndHasTheNativesOfLinuxOnly() throws IOException {
    assertThat(Files.size(SERVER_JAR)).isLessThanOrEqualTo(MAXIMUM_SIZE);
    try (var jar = new ZipFile(SERVER_JAR.toFile())) {
      var names = jar.stream().map(Object::toString).toList();
      assertThat(names)
          .contains("lib/linux/x86_64/libxgboost4j.so", "lib/linux/aarch64/libxgboost4j.so")
          .noneMatch(name -> name.startsWith("postgres-") || name.startsWith("lib/macos"))
          .doesNotHaveDuplicates();
    }
  }

  @Test
  void theServerJarAsksForADatabaseAndServesWithOne() throws Exception {
    var refused = server().directory(unpacked().toFile());
    var ended = refused.redirectErrorStream(true).start();
    var message = new String(ended.getInputStream().readAllBytes(), UTF_8);
    assertThat(ended.waitFor()).as(message).isEqualTo(1);
    assertThat(message)
        .contains("set database.uri to a PostgreSQL server, or run the whole jar")
        .doesNotContain("\tat ");

    var builder = server().directory(directory.resolve(TOP).toFile());
    builder.environment().put("CP_DATABASE_URI", TestDatabase.create());
    try (var serving = Serving.start(builder)) {
      serving.assertPredicts();
    }
  }

  private static ProcessBuilder server() {
    var java = Path.of(System.getProperty("java.home"), "bin/java").toString();
    var builder = new ProcessBuilder(java, "-Xmx1g", "-jar", SERVER_JAR.toString(), "serve");
    builder.environment().keySet().removeIf(variable -> variable.startsWith("CP_"));
    builder.environment().put("CP_HTTP_PORT", "0");
    return builder;
  }

  private Path unpacked() {
    var unpacked =
        Program.run(
            Tool.find("tar", "tar"), "", "-xzf", ARCHIVE.toString(), "-C", directory.toString());
    assertThat(unpacked.exit()).as(unpacked.output()).isZero();
    return directory.resolve(TOP);
  }
}
