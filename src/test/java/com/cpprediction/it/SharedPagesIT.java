package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.cpprediction.testing.PackagedService;
import com.cpprediction.testing.PostgresProcess;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Two services on one machine and one release keep its mapped files in memory once. */
class SharedPagesIT {
  private static final Path RELEASE = Path.of("models").toAbsolutePath();

  /** For the pages that only one of them has touched so far. */
  private static final double TOLERANCE = 1.15;

  private static final JsonObject MODELS =
      new JsonObject().put("models", new JsonObject().put("dir", RELEASE.toString()));

  @RegisterExtension
  @Order(1)
  private static final PostgresProcess postgres = new PostgresProcess();

  @RegisterExtension
  @Order(2)
  private static final PackagedService one = new PackagedService(postgres::newUri, MODELS);

  @RegisterExtension
  @Order(3)
  private static final PackagedService other = new PackagedService(postgres::newUri, MODELS);

  @Test
  void modelsAreMappedByBothAndInMemoryOnce() throws Exception {
    assumeTrue(Files.exists(Path.of("/proc/self/smaps")), "only Linux tells");
    var first = Mapped.by(one);
    var second = Mapped.by(other);
    System.out.printf(
        "mapped models of two processes: resident %d and %d KiB, together %d KiB%n",
        first.rss(), second.rss(), first.pss() + second.pss());

    assertThat(first.rss()).isPositive();
    assertThat(first.pss() + second.pss())
        .isLessThan((long) (TOLERANCE * Math.max(first.rss(), second.rss())));
  }

  /**
   * Memory of a process behind mapped model files.
   *
   * @param rss KiB that are in memory
   * @param pss KiB of them, each page divided by the number of processes that map it
   */
  private record Mapped(long rss, long pss) {
    static Mapped by(PackagedService service) throws IOException {
      long rss = 0;
      long pss = 0;
      boolean model = false;
      for (var line : Files.readAllLines(Path.of("/proc/" + service.pid() + "/smaps"))) {
        if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) model = line.endsWith(".mmap");
        if (model && line.startsWith("Rss:")) rss += kibibytes(line);
        if (model && line.startsWith("Pss:")) pss += kibibytes(line);
      }
      return new Mapped(rss, pss);
    }

    private static long kibibytes(String line) {
      return Long.parseLong(line.split("\\s+")[1]);
    }
  }
}
