package com.cpprediction.metrics;

import com.sun.management.OperatingSystemMXBean;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Memory of the whole process, including mapped models outside the heap. */
final class ProcessMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String RESIDENT = "VmRSS:";
  private static final long BYTES_PER_KB = 1_024;

  private ProcessMemory() {}

  static void bindTo(MeterRegistry registry) {
    if (resident().isPresent()) {
      Gauge.builder("process.resident.memory", () -> resident().orElse(0))
          .description("Memory of the process that is in RAM, mapped model files included")
          .baseUnit("bytes")
          .strongReference(true)
          .register(registry);
    }
    Gauge.builder("cp.memory.limit", ProcessMemory::limit)
        .description("Memory this process may use: that of its control group, or the machine's")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
  }

  /** Resident bytes; empty without {@code /proc}. Reads a file: blocks. */
  static OptionalLong resident() {
    try (var lines = Files.lines(STATUS)) {
      return lines
          .filter(line -> line.startsWith(RESIDENT))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * BYTES_PER_KB)
          .findFirst();
    } catch (IOException e) {
      return OptionalLong.empty(); // not on Linux
    }
  }

  /** Memory limit in bytes; the JVM accounts for control groups. */
  static long limit() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getTotalMemorySize();
  }
}
