package com.cpprediction.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Ports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The Debian package: installed, started by the command of its unit, upgraded, purged. */
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DebianPackaging {
  private static final Path PACKAGE =
      Path.of("target", "cp-prediction_" + System.getProperty("cp.version") + "_all.deb")
          .toAbsolutePath();
  private static final String UNITS = "/usr/lib/systemd/system/";
  private static final String ENABLED =
      "/etc/systemd/system/multi-user.target.wants/cp-prediction.service";

  @RegisterExtension final DebianRoot debian = new DebianRoot();

  @Test
  void servesByTheCommandOfItsUnitAndLeavesNothingWhenPurged() throws Exception {
    var before = debian.files();

    install();
    assertThat(debian.path(ENABLED)).isSymbolicLink();
    assertPrivate("/var/lib/cp-prediction");
    assertServes();

    assertDone("--purge", "cp-prediction");
    var after = debian.files();
    before.remove("/opt"); // goes with the last package in it
    assertThat(after).containsAll(before);
    after.removeAll(before);
    assertThat(after).isEmpty();
    for (var accounts : List.of("/etc/passwd", "/etc/group"))
      assertThat(debian.path(accounts)).content().doesNotContain("cp-prediction");
  }

  @Test
  void keepsConfigurationAndDataWhenUpgradedOrRemoved() throws Exception {
    install();
    var config = debian.path("/etc/cp-prediction/config.json");
    Files.writeString(config, "{\"cache\": {\"max_size\": 5}}\n");
    var kept = Files.writeString(debian.path("/var/lib/cp-prediction/kept"), "");

    install();
    assertThat(config).content().contains("\"max_size\": 5");
    assertDone("--remove", "cp-prediction");

    assertThat(config).exists();
    assertThat(kept).exists();
    assertThat(debian.has("/opt/cp-prediction")).isFalse();
    assertThat(debian.has("/usr/bin/cp-prediction-service")).isFalse();
  }

  private void assertServes() throws Exception {
    var unit =
        Unit.of(
            debian.path(UNITS + "cp-prediction.service"),
            debian.path(UNITS + "cp-prediction.service.d/user.conf"));
    var port = "CP_HTTP_PORT=" + Ports.free();
    var begin = new ProcessBuilder(debian.command(unit.command(List.of(port))));

    try (var serving = Serving.start(begin)) {
      serving.assertPredicts();
      assertThat(debian.path("/var/lib/cp-prediction/postgres")).isDirectory();
      assertThat(serving.terminate()).contains("Ended cleanly");
    }
  }

  private void assertPrivate(String directory) throws IOException {
    assertThat(Files.getPosixFilePermissions(debian.path(directory)))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
  }

  private void install() {
    assertDone("--install", PACKAGE.toString());
  }

  private void assertDone(String... arguments) {
    var ended = debian.dpkg(arguments);
    assertThat(ended.exit()).as(ended.output()).isZero();
  }
}
