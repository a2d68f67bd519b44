package com.cpprediction.loadtest;

import com.sun.management.OperatingSystemMXBean;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Date, machine and JDK of a measurement. */
public final class Environment {
  private Environment() {}

  /**
   * Current {@code date}, {@code machine}, {@code cores}, {@code memory_mib}, {@code system},
   * {@code jdk}.
   */
  public static JsonObject now() {
    return new JsonObject()
        .put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString())
        .put("machine", processor())
        .put("cores", Runtime.getRuntime().availableProcessors())
        .put("memory_mib", memoryMib())
        .put(
            "system",
            "%s %s, %s"
                .formatted(
                    System.getProperty("os.name"),
                    System.getProperty("os.version"),
                    System.getProperty("os.arch")))
        .put(
            "jdk",
            "%s %s".formatted(System.getProperty("java.vm.name"), Runtime.version().toString()));
  }

  private static String processor() {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("unknown processor");
    } catch (IOException e) { // not Linux
      return "unknown processor";
    }
  }

  private static long memoryMib() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? system.getTotalMemorySize() >> 20
        : 0;
  }
}
