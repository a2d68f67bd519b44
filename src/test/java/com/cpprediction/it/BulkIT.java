package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.PackagedJar;
import com.cpprediction.testing.PackagedService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code bulk} in a process of its own, against a packaged service: {@code -Dbulk.kills=3} times
 * each of them is killed, at random lines by {@code -Dseed=1}.
 */
class BulkIT {
  private static final int KILLS = Integer.getInteger("bulk.kills", 3);
  private static final int LINES = 2_500 * KILLS;
  private static final Duration LONGEST = Duration.ofMinutes(3);

  private static String databaseUri;

  @RegisterExtension
  private static final PackagedService service =
      new PackagedService(
          () -> databaseUri = TestDatabase.create(),
          new JsonObject() // predictions of two runs are the same
              .put("prediction", new JsonObject().put("wrong_pincodes", 0.01)));

  @TempDir private Path dir;

  @Test
  void anythingMayBeKilledAndEachLineIsStoredOnceAndHasOneResult() throws Exception {
    var in = shipments();
    var calm = dir.resolve("calm.csv");
    var disturbed = dir.resolve("disturbed.csv");
    assertThat(bulk(in, calm).waitFor()).as(log(calm)).isZero();

    var random = new Random(Long.getLong("seed", 1));
    var at = random.ints(2L * KILLS, 1, LINES * 9 / 10).sorted().toArray();
    var client = bulk(in, disturbed);
    for (int i = 0; i < at.length; i++) {
      long line = at[i];
      var running = client;
      Await.until("line " + line, LONGEST, () -> line(disturbed) >= line || !running.isAlive());
      assertThat(client.isAlive()).as("ended before line %d: %s", line, log(disturbed)).isTrue();
      if (i % 2 == 0) {
        client.destroyForcibly().waitFor();
        client = bulk(in, disturbed);
      } else {
        service.kill();
        service.start();
      }
    }
    assertThat(client.waitFor()).as(log(disturbed)).isZero();
    Await.until("all is stored", () -> service.waiting() == 0);

    assertThat(withoutIds(disturbed)).isEqualTo(withoutIds(calm)).hasSize(LINES + 1);
    var predicted =
        Files.readAllLines(disturbed).stream().skip(1).filter(BulkIT::isPredicted).count();
    assertThat(count("shipment_id LIKE 'S%'")).isEqualTo(2 * predicted);
    assertThat(TestDatabase.query(databaseUri, twice())).isEmpty();
    assertThat(dir.resolve("disturbed.csv.progress")).doesNotExist();
  }

  /** Shipments that are not stored once for each of the two runs. */
  private static String twice() {
    return "SELECT shipment_id FROM predictions GROUP BY shipment_id HAVING count(*) <> 2";
  }

  private static long count(String where) throws Exception {
    var counted = "SELECT count(*)::text FROM predictions WHERE " + where;
    return Long.parseLong(TestDatabase.query(databaseUri, counted).get(0));
  }

  private Path shipments() throws IOException {
    var rows = SmallRelease.rows();
    var lines = new ArrayList<>(List.of("shipment_id,address,pincode"));
    for (int i = 0; i < LINES; i++) {
      var row = rows.get(i % rows.size());
      var address = "No %d, %s".formatted(i, row.typed()).replace("\"", "\"\"");
      lines.add("S%d,\"%s\",%s".formatted(i, address, row.pincode()));
    }
    return Files.write(dir.resolve("in.csv"), lines);
  }

  private Process bulk(Path in, Path out) throws IOException {
    var command = PackagedJar.command("-Xmx128m");
    command.addAll(List.of("bulk", "--url", "http://127.0.0.1:" + service.port()));
    command.addAll(List.of("--in", in + "", "--out", out + "", "--batch", "50", "--parallel", "2"));
    command.addAll(List.of("--patience", "120"));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("CP_HTTP_ADMIN_TOKEN", PackagedService.ADMIN_TOKEN);
    return builder.redirectOutput(ProcessBuilder.Redirect.appendTo(logOf(out).toFile())).start();
  }

  private static Path logOf(Path out) {
    return out.resolveSibling(out.getFileName() + ".log");
  }

  private static String log(Path out) throws IOException {
    return Files.readString(logOf(out));
  }

  private static long line(Path out) throws IOException {
    var progress = out.resolveSibling(out.getFileName() + ".progress");
    try {
      return new JsonObject(Files.readString(progress)).getLong("line");
    } catch (NoSuchFileException | DecodeException e) { // not begun, or just replaced
      return 0;
    }
  }

  private static boolean isPredicted(String line) {
    return line.endsWith(",,"); // neither problem nor reason
  }

  /** The lines without the column of the prediction id. */
  private static List<String> withoutIds(Path out) throws IOException {
    return Files.readAllLines(out).stream()
        .map(line -> line.replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", ""))
        .toList();
  }
}
