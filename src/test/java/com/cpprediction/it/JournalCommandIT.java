package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.cli.CommandRun;
import com.cpprediction.persistence.JournaledComparisons;
import com.cpprediction.postgres.EmbeddedDatabase;
import com.cpprediction.postgres.EmbeddedDirectory;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Ports;
import com.cpprediction.testing.TestRows;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What an operator does with the journal of a service that was stopped while PostgreSQL was away.
 */
class JournalCommandIT {
  private static final Pattern DAMAGED =
      Pattern.compile("1 record can't be read, (\\d+) predictions wait");

  private static final String ROWS = "shipment_id = 'left'";

  private final int port = Ports.free();

  @RegisterExtension
  private final TestService service =
      new TestService(
              directory ->
                  new JsonObject()
                      .put(
                          "database",
                          new JsonObject()
                              .put("uri", EmbeddedDirectory.uri(directory.resolve("server"), port)))
                      .put("persistence", new JsonObject().put("ack", "journal")))
          .stopped();

  private CommandRun last;

  @Test
  void showsWhatWaitsAndStoresItOnce() throws Exception {
    int rows = leaveRows();
    JournaledComparisons.append(service.directory().resolve("data/journal"), 3);

    assertThat(run("inspect", "--json")).isZero();
    var report = new JsonObject(last.out());
    assertThat(report.getInteger("waiting")).isEqualTo(rows);
    assertThat(report.getInteger("comparisons")).isEqualTo(3);
    assertThat(report.getString("oldest")).isLessThanOrEqualTo(report.getString("newest"));
    assertThat(report.getBoolean("sound")).isTrue();

    assertThat(run("verify")).isZero();
    assertThat(last.out()).contains("sound: " + rows + " predictions wait");

    try (var database =
        EmbeddedDatabase.startForScratchDatabases(
            service.directory().resolve("server"), TestDatabase.BINARIES, port)) {
      assertThat(run("drain")).isZero();
      assertThat(last.out())
          .contains(rows + " predictions stored, 0 set aside, 0 left")
          .contains("3 comparisons stored, 0 left");
      assertThat(TestRows.count(database.uri(), ROWS)).isEqualTo(rows);

      assertThat(run("drain")).isZero();
      assertThat(last.out())
          .contains("0 predictions stored, 0 set aside, 0 left")
          .doesNotContain("comparison");
      assertThat(TestRows.count(database.uri(), ROWS)).isEqualTo(rows);
    }
  }

  @Test
  void aRowThatIsStoredAlreadyStaysOne() throws Exception {
    int rows = leaveRows();
    var copy = service.directory().resolve("copy");
    copy(service.directory().resolve("data/journal"), copy);

    try (var database =
        EmbeddedDatabase.startForScratchDatabases(
            service.directory().resolve("server"), TestDatabase.BINARIES, port)) {
      assertThat(run("drain")).isZero();
      copy(copy, service.directory().resolve("data/journal-before"));
      replace(
          service.directory().resolve("data/journal"),
          service.directory().resolve("data/journal-before"));

      assertThat(run("drain")).isZero();

      assertThat(last.out()).contains(rows + " predictions stored, 0 set aside, 0 left");
      assertThat(TestRows.count(database.uri(), ROWS)).isEqualTo(rows);
    }
  }

  @Test
  void findsADamagedRecordAndLeavesItAsItIs() throws Exception {
    int rows = leaveRows();
    var journal = service.directory().resolve("data/journal");
    damage(journal);
    var before = bytes(journal);

    assertThat(run("verify")).isOne();
    assertThat(last.err()).contains("sets its files aside");
    var found = DAMAGED.matcher(last.err());
    assertThat(found.find()).as(last.err()).isTrue();
    int waiting = Integer.parseInt(found.group(1));
    assertThat(waiting).as("without those of one record").isBetween(1, rows - 1);
    assertThat(run("inspect")).isZero();
    assertThat(last.out()).containsPattern("corrupt +1");
    assertThat(bytes(journal)).isEqualTo(before);

    try (var database =
        EmbeddedDatabase.startForScratchDatabases(
            service.directory().resolve("server"), TestDatabase.BINARIES, port)) {
      assertThat(run("drain")).isZero();
      assertThat(TestRows.count(database.uri(), ROWS)).isEqualTo(waiting);
    }
    assertThat(run("verify")).isZero();
    assertThat(run("inspect")).isZero();
    assertThat(last.out()).contains("damaged-");
  }

  @Test
  void keepsOffTheJournalOfARunningService() throws Exception {
    service.restart();
    try {
      for (var command : new String[] {"inspect", "verify", "drain"}) {
        assertThat(run(command)).isOne();
        assertThat(last.err()).contains("in use by process").hasLineCount(1);
      }
    } finally {
      service.stop();
    }
  }

  @Test
  void saysThatThereIsNoJournalAndMakesNone() {
    assertThat(run("drain")).isZero();
    assertThat(last.out()).contains("There is no journal in");
    for (var command : new String[] {"inspect", "verify"}) {
      assertThat(run(command)).isOne();
      assertThat(last.err()).contains("There is no journal in");
    }
    assertThat(service.directory().resolve("data")).doesNotExist();
  }

  @Test
  void anUnknownCommandIsWrongUsage() {
    assertThat(run("empty")).isEqualTo(2);
  }

  /** Answers every address of the small release without a database, and stops. */
  private int leaveRows() throws Exception {
    var requests = new ArrayList<JsonObject>();
    for (var row : SmallRelease.rows()) {
      requests.add(Http.shipment("left", row.typed()).put("pincode", row.pincode()));
    }
    service.restart();
    try {
      assertThat(service.http().postAll("/predict", requests))
          .allMatch(answer -> answer.status() == 200);
    } finally {
      service.stop();
    }
    return requests.size();
  }

  private int run(String command, String... options) {
    var arguments = new ArrayList<String>();
    arguments.add("journal");
    arguments.add(command);
    arguments.addAll(List.of(options));
    arguments.add("--conf");
    arguments.add(service.config().toString());
    last = CommandRun.of(arguments.toArray(String[]::new));
    return last.exit();
  }

  /** Changes one letter of the first row's shipment id. */
  private static void damage(Path journal) throws IOException {
    for (var file : files(journal)) {
      var content = Files.readAllBytes(file);
      int at = new String(content, StandardCharsets.ISO_8859_1).indexOf("left");
      if (at < 0) continue;
      content[at] ^= 1;
      Files.write(file, content);
      return;
    }
    throw new AssertionError("no row in " + journal);
  }

  private static Map<Path, String> bytes(Path journal) throws IOException {
    var all = new TreeMap<Path, String>();
    for (var file : files(journal)) {
      if (file.getFileName().toString().contains("lock")) continue; // names its last owner
      all.put(file, Arrays.hashCode(Files.readAllBytes(file)) + " " + Files.size(file));
    }
    return all;
  }

  private static List<Path> files(Path journal) throws IOException {
    try (var files = Files.walk(journal)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    for (var file : files(from)) {
      var target = to.resolve(from.relativize(file));
      Files.createDirectories(target.getParent());
      Files.copy(file, target);
    }
  }

  private static void replace(Path old, Path by) throws IOException {
    Files.move(old, old.resolveSibling("journal-after"));
    Files.move(by, old);
  }
}
