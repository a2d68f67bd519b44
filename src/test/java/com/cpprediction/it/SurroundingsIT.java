package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.cpprediction.postgres.PostgresBinaries;
import com.cpprediction.testing.PackagedJar;
import com.cpprediction.testing.Program;
import com.cpprediction.testing.SmallDisk;
import com.cpprediction.testing.TestHome;
import com.cpprediction.testing.Tool;
import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The packaged service on machines that lack something its embedded PostgreSQL needs. */
class SurroundingsIT {
  private static final Path BASH = Path.of("bash");

  @TempDir private Path directory;
  private TestHome home;

  @BeforeEach
  void configure() throws IOException {
    home = TestHome.in(directory);
  }

  /** Full while its programs are unpacked, and while its data directory is initialised. */
  @ParameterizedTest
  @ValueSource(ints = {30, 75})
  void startsOnceADiskThatFilledAtTheFirstStartHasRoom(int megabytes) throws Exception {
    try (var disk = SmallDisk.mount(directory.resolve("disk"), megabytes)) {
      var data = disk.root().resolve("data");

      var full = serve("", data);

      assertThat(full.exit()).as(full.output()).isEqualTo(1);
      assertThat(full.output())
          .contains("No space left on device", "the disk of data_dir is full", "set database.uri")
          .doesNotContain("\tat ");
      assertThat(data.resolve("postgres")).doesNotExist();
      assertThat(Files.getFileStore(disk.root()).getUsableSpace()).isPositive();

      disk.grow(400);
      var again = serve("", data);

      assertThat(again.exit()).as(again.output()).isZero();
    }
  }

  /** As a disk leaves them that lost power before it wrote them. */
  @Test
  void unpacksProgramsAgainThatAreEmptyOrChanged() throws Exception {
    var data = dataWithPrograms();
    var programs = programs(data.resolve("postgres-binaries"));
    var postgres = Files.readAllBytes(programs.resolve("bin/postgres"));
    Files.write(programs.resolve("bin/initdb"), new byte[0]);
    Files.write(programs.resolve("bin/postgres"), new byte[postgres.length]);

    var again = serve("", data);

    assertThat(again.exit()).as(again.output()).isZero();
    assertThat(programs.resolve("bin/postgres")).hasBinaryContent(postgres);
  }

  @Test
  void saysThatADiskRunsNoPrograms() throws Exception {
    try (var disk = SmallDisk.mountNoexec(directory.resolve("disk"), 400)) {
      var ended = serve("", disk.root().resolve("data"));

      assertThat(ended.exit()).isEqualTo(1);
      assertThat(ended.output())
          .contains("Permission denied; programs may not run", "(noexec)", "set database.uri")
          .doesNotContain("root", "\tat ");
    }
  }

  @Test
  void saysThatTooFewFilesMayBeOpen() throws Exception {
    var ended = serve("ulimit -n 64", dataWithPrograms());

    assertThat(ended.exit()).isEqualTo(1);
    assertThat(ended.output())
        .contains("does not start: FATAL:  insufficient file descriptors", "DETAIL:  System allows")
        .contains("raise the limit of open files", "ulimit -n", "set database.uri")
        .doesNotContain("selecting default", "\tat ");
  }

  @Test
  void tellsRootWithoutUserNamespacesToBeAnotherUser() throws Exception {
    assumeTrue(new UnixSystem().getUid() == 0, "only root needs a namespace");

    var ended =
        within(
            "%s -U -r -m".formatted(Tool.find("unshare", "util-linux")),
            "echo 0 >/proc/sys/user/max_user_namespaces",
            dataWithPrograms());

    assertThat(ended.exit()).isEqualTo(1);
    assertThat(ended.output())
        .contains("does not start: unshare: unshare failed", "run the service as another user")
        .doesNotContain("disk of data_dir", "\tat ");
  }

  /** In this locale the JVM knows no other letters than ASCII. */
  @Test
  void readsAndWritesAllLettersInALocaleWithoutThem() throws Exception {
    var address = "\u092e\u0902\u0917\u0932\u094c\u0930 caf\u00e9 575003";

    var unicode = predict("LC_ALL=C.UTF-8", address);
    var ascii = predict("LC_ALL=C", address);
    var latin = bash("LC_ALL=C exec %s predict $'caf\\xe9 575003'".formatted(java()));
    var named = bash("LC_ALL=C exec %s predict --in caf\u00e9.csv --out x.csv".formatted(java()));

    assertThat(ascii.exit()).as(ascii.output()).isZero();
    assertThat(answer(ascii)).isEqualTo(answer(unicode)).contains("caf\u00e9", "\"cp\"");
    assertThat(latin).isEqualTo(new Program(2, "Argument 2 is not in UTF-8\n"));
    assertThat(named.exit()).isEqualTo(2);
    assertThat(named.output())
        .contains("\"caf\u00e9.csv\" is no file name in this locale", "set LC_ALL=C.UTF-8")
        .doesNotContain("java.nio");
  }

  /** The answer without what was logged before. */
  private static String answer(Program ended) {
    return ended.output().substring(ended.output().indexOf("{\n"));
  }

  @Test
  void saysThatNoLibraryRunsFromTheDirectoryOfTemporaryFiles() throws Exception {
    try (var disk = SmallDisk.mountNoexec(directory.resolve("disk"), 100)) {
      var ended =
          predict(
              "CP_MODELS_ENGINE=xgboost JAVA_TOOL_OPTIONS=-Djava.io.tmpdir=" + disk.root(),
              "575003");

      assertThat(ended.exit()).isEqualTo(1);
      assertThat(ended.output())
          .contains("no program may run from " + disk.root(), "(noexec)", "-Djava.io.tmpdir=")
          .doesNotContain("libgomp");
    }
  }

  /** As the only process of a container: its children are its own to reap. */
  @Test
  void runsAsTheFirstProcessOfAContainer() throws Exception {
    assumeTrue(new UnixSystem().getUid() == 0, "only root makes a namespace of processes");
    var unshare = Tool.find("unshare", "util-linux");
    dataWithPrograms();
    var ended =
        bash(
            "%s --pid --fork --mount-proc bash -c %s"
                .formatted(
                    unshare,
                    "'"
                        + """
                        (until grep -qs "^Ready" "$OUT"; do sleep 0.1; done
                         ps -eo pid,stat,comm; kill -TERM 1) &
                        exec "$0" "$@" >"$OUT"
                        """
                        + "' "
                        + java()
                        + " serve --conf '%s'".formatted(home.config())));

    assertThat(ended.exit()).as(ended.output()).isEqualTo(143);
    assertThat(ended.output())
        .containsPattern("(?m)^ +1 \\S+ +java$")
        .containsPattern("(?m)^ +\\d+ \\S+ +postgres$")
        .doesNotContainPattern("(?m)^ +\\d+ Z")
        .contains("Ended cleanly");
  }

  /** The data directory, for a start that unpacks nothing. */
  private Path dataWithPrograms() throws IOException {
    var data = directory.resolve("data");
    PostgresBinaries.copyTo(data);
    return data;
  }

  private static String java() {
    return PackagedJar.command().stream()
        .map(part -> "'" + part + "'")
        .collect(Collectors.joining(" "));
  }

  private Program predict(String environment, String address) {
    return bash(
        "%s exec %s predict --explain --json --conf '%s' '%s'"
            .formatted(environment, java(), home.config(), address));
  }

  private Program bash(String command) {
    var data = directory.resolve("data");
    return Program.run(
        BASH,
        "",
        "-c",
        "export CP_DATA_DIR='%s' OUT='%s'; %s".formatted(data, directory.resolve("out"), command));
  }

  private static Path programs(Path binaries) throws IOException {
    try (var found = Files.list(binaries)) {
      return found.findFirst().orElseThrow();
    }
  }

  private Program serve(String before, Path data) {
    return within("", before, data);
  }

  /**
   * Serves until ready.
   *
   * @param within command that runs another one
   * @param before shell command
   */
  private Program within(String within, String before, Path data) {
    var serve =
        PackagedJar.command().stream()
                .map(part -> "'" + part + "'")
                .collect(Collectors.joining(" "))
            + " serve --until-ready --conf '%s'".formatted(home.config());
    var script = directory.resolve("serve.sh");
    try {
      Files.writeString(script, "%s\nCP_DATA_DIR='%s' exec %s\n".formatted(before, data, serve));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Program.run(BASH, "", "-c", "%s bash %s".formatted(within, script));
  }
}
