package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.PostgresProcess;
import com.cpprediction.testing.SmallDisk;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** No room for the journal: on its disk, or within {@code journal.max_bytes}. */
@Tag("chaos")
class OwnDiskChaos {
  private static final int SMALLEST_JOURNAL = 1 << 20;

  @RegisterExtension private final PostgresProcess postgres = new PostgresProcess();
  @TempDir private Path directory;

  @Test
  void diskFull() throws Exception {
    assumeTrue(FaultTrial.ACK.equals(FaultTrial.JOURNAL), "only a journal needs a disk");
    try (var disk = SmallDisk.mount(directory.resolve("small"), 64);
        var trial =
            FaultTrial.begin(postgres, new JsonObject().put("data_dir", disk.root().toString()))) {
      trial.calm();

      trial.faultBegins();
      disk.fill();
      postgres.stopImmediately(); // nothing leaves the journal
      Await.until("the journal has no room", () -> trial.client().refused() > FaultTrial.RATE);
      assertThat(trial.service().alive()).isTrue();
      disk.free();
      trial.client().awaitAnswered(FaultTrial.RATE);
      postgres.start();

      trial.recover("own disk full");
    }
  }

  @Test
  void journalFull() throws Exception {
    assumeTrue(FaultTrial.ACK.equals(FaultTrial.JOURNAL), "there is no journal");
    var small =
        new JsonObject().put("journal", new JsonObject().put("max_bytes", SMALLEST_JOURNAL));
    try (var trial = FaultTrial.begin(postgres, small)) {
      trial.calm();

      trial.faultBegins();
      postgres.stopImmediately();
      Await.until("the journal is full", () -> trial.client().refused() > FaultTrial.RATE);
      postgres.start();

      trial.recover("journal full");
    }
  }
}
