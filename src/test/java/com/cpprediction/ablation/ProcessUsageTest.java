package com.cpprediction.ablation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessUsageTest {
  @TempDir private Path process;

  @Test
  void readsProcFiles() throws IOException {
    write(
        "stat",
        "4242 (a (strange) name) S 1 4242 4242 0 -1 4194304 900 33 4 5 120 30 7 3 20 0 35 0 1 2 3 4");
    write("status", "Name:\tjava\nVmPeak:\t 5000 kB\nVmHWM:\t  400000 kB\nVmRSS:\t  300000 kB\n");
    write(
        "smaps_rollup",
        "00400000-7fff00000000 ---p 00000000 00:00 0 [rollup]\nRss: 300000 kB\nPss:  250000 kB\nPss_Anon: 1 kB\n");
    write("io", "rchar: 5000000\nwchar: 7\nsyscr: 3\nread_bytes: 8192\nwrite_bytes: 4096\n");

    var usage = ProcessUsage.in(process);

    assertThat(usage)
        .isEqualTo(
            new ProcessUsage(
                OptionalLong.of((120 + 30 + 7 + 3) * 10),
                OptionalLong.of(300_000),
                OptionalLong.of(250_000),
                OptionalLong.of(400_000),
                OptionalLong.of(8_192),
                OptionalLong.of(5_000_000)));
  }

  @Test
  void unreadableFilesGiveEmptyValues() throws IOException {
    write("stat", "1 (java) S 1 1 1 0 -1 0 0 0 0 0 1 2 0 0 20");

    var usage = ProcessUsage.in(process);

    assertThat(usage.cpuMillis()).hasValue(30);
    assertThat(usage.residentKib()).isEmpty();
    assertThat(usage.diskBytes()).isEmpty();
  }

  @Test
  void aTerminatedProcessHasEmptyValues() {
    var usage = ProcessUsage.in(process.resolve("gone"));

    assertThat(usage.cpuMillis()).isEmpty();
    assertThat(usage.peakKib()).isEmpty();
  }

  /** A process that has only just begun uses nothing yet. */
  private static boolean uses(ProcessHandle process) {
    return ProcessUsage.of(process).residentKib().orElse(0) > 0;
  }

  @Test
  void usageOfAFamilyIsTheSumOfParentAndChildren() throws IOException, InterruptedException {
    assumeTrue(Files.exists(Path.of("/proc/self/stat")), "needs Linux");
    var family = new ProcessBuilder("/bin/sh", "-c", "exec 3<&0; cat <&3 & wait").start();
    try {
      var parent = family.toHandle();
      while (parent.isAlive() && parent.children().noneMatch(ProcessUsageTest::uses)) {
        Thread.onSpinWait();
      }

      var alone = ProcessUsage.of(parent).residentKib();
      var together = ProcessUsage.ofFamily(parent).residentKib();

      assertThat(together.getAsLong()).isGreaterThan(alone.getAsLong());
    } finally {
      family.getOutputStream().close(); // ends cat, and with it the shell
      family.waitFor();
    }
  }

  private void write(String name, String content) throws IOException {
    Files.writeString(process.resolve(name), content);
  }
}
