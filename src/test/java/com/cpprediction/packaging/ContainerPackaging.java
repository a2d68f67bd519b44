package com.cpprediction.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Http;
import com.cpprediction.testing.Ports;
import com.cpprediction.testing.Program;
import com.cpprediction.testing.Scrape;
import com.cpprediction.testing.Tool;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The container image, built by buildah on a base that needs no registry and run as a container
 * engine does: its command is the first process of a namespace, with the user, the variables and a
 * limit of memory.
 */
class ContainerPackaging {
  private static final String BASE = "localhost/debian-jre";
  private static final String IMAGE = "localhost/cp-prediction";
  private static final Path GROUPS = Path.of("/sys/fs/cgroup/memory");
  private static final boolean VERSION_1 = Files.exists(GROUPS);

  /** Control group of the processes in the image. */
  private static final Path GROUP =
      (VERSION_1 ? GROUPS : GROUPS.getParent())
          .resolve("cp-prediction-" + ProcessHandle.current().pid());

  private static final long LIMIT = 512 << 20;
  private static final long MAXIMUM_ADDED = 300_000_000;

  @TempDir private static Path directory;
  private static JsonObject config;
  private static Path root;

  @BeforeAll
  static void build() throws IOException {
    var base = DebianRoot.base();
    var empty = buildah("from", "scratch").strip();
    buildah("add", "--quiet", empty, base.toString(), "/");
    buildah("commit", "--quiet", "--rm", empty, BASE);
    buildah(
        "bud",
        "--isolation=chroot",
        "--format=docker",
        "--quiet",
        "--build-arg=BASE=" + BASE,
        "--file=conf/container/Containerfile",
        "--tag=" + IMAGE,
        ".");
    config =
        new JsonObject(buildah("inspect", "--type=image", IMAGE))
            .getJsonObject("Docker")
            .getJsonObject("config");
    root = Path.of(buildah("mount", buildah("from", IMAGE).strip()).strip());
  }

  @AfterAll
  static void delete() throws IOException {
    if (root == null) return;
    Files.deleteIfExists(GROUP);
    buildah("rm", "--all");
    buildah("rmi", "--all", "--force");
  }

  private static String buildah(String... arguments) {
    var all =
        new ArrayList<>(
            List.of(
                "--root=" + directory.resolve("storage"),
                "--runroot=" + directory.resolve("run"),
                "--storage-driver=vfs"));
    all.addAll(Arrays.asList(arguments));
    var ended = Program.run(Tool.find("buildah", "buildah"), "", all.toArray(String[]::new));
    assertThat(ended.exit()).as(ended.output()).isZero();
    return ended.output();
  }

  @Test
  void saysHowItIsRun() {
    assertThat(config.getString("User")).isEqualTo("10001:10001");
    assertThat(config.getJsonObject("ExposedPorts").fieldNames()).containsExactly("8000/tcp");
    assertThat(config.getJsonObject("Volumes").fieldNames())
        .containsExactly("/var/lib/cp-prediction");
    assertThat(config.getJsonObject("Healthcheck").getJsonArray("Test").getList())
        .containsExactly("CMD", "/opt/cp-prediction/bin/healthcheck");
  }

  @Test
  void addsLittleToItsBase() throws IOException {
    var size = Program.run(Tool.find("du", "coreutils"), "", "-sb", root + "/opt/cp-prediction");

    var bytes = Long.parseLong(size.output().split("\\s+")[0]);
    System.out.printf("The image has %d MB more than its base%n", bytes / 1_000_000);
    assertThat(bytes).isLessThan(MAXIMUM_ADDED);
  }

  @Test
  void takesItsClassesFromTheArchive() throws Exception {
    var java = "java -XX:SharedArchiveFile=cp-prediction-service.jsa -Xlog:class+load -jar";
    var begin = run(List.of("sh", "-c", java + " cp-prediction-service.jar --version"));
    var started = begin.redirectErrorStream(true).start();

    var loaded = new String(started.getInputStream().readAllBytes());
    assertThat(started.waitFor()).as(loaded).isZero();
    assertThat(loaded).contains("com.cpprediction.cli.Main source: shared objects file (top)");
  }

  @Test
  void servesAsTheFirstProcessWithinItsMemoryAndEndsOnSigterm() throws Exception {
    var command = strings(config.getJsonArray("Entrypoint"));
    command.addAll(strings(config.getJsonArray("Cmd")));

    var port = "CP_HTTP_PORT=" + Ports.free();

    try (var serving = Serving.start(run(command, port))) {
      serving.assertPredicts();
      assertLimited(serving.http());
      assertThat(root.resolve("var/lib/cp-prediction/postgres")).isDirectory();
      assertThat(health(port)).isZero();
      assertThat(serving.terminate()).contains("Ended cleanly");
    }
    assertThat(health(port)).isNotZero();
  }

  /** The exit code of the health check. */
  private static int health(String port) throws Exception {
    var command = strings(config.getJsonObject("Healthcheck").getJsonArray("Test"));
    assertThat(command.remove(0)).isEqualTo("CMD");
    var check = run(command, port).redirectErrorStream(true).start();
    check.getInputStream().transferTo(OutputStream.nullOutputStream());
    return check.waitFor();
  }

  private static void assertLimited(Http http) {
    var limit = Scrape.of(http.get("/metrics").body()).sum("cp_memory_limit_bytes", all -> true);
    assertThat(limit).isEqualTo(LIMIT);
  }

  /** Begins a command in the image. */
  private static ProcessBuilder run(List<String> command, String... variables) throws IOException {
    var user = config.getString("User").split(":");
    var within = new ArrayList<>(List.of("setpriv", "--reuid=" + user[0], "--regid=" + user[1]));
    within.addAll(List.of("--clear-groups", "--no-new-privs", "--bounding-set=-all"));
    within.addAll(List.of("env", "-i", "-C", config.getString("WorkingDir")));
    within.addAll(strings(config.getJsonArray("Env")));
    within.addAll(Arrays.asList(variables));
    within.addAll(command);
    var limited = new ArrayList<>(List.of("sh", "-c", "echo $$ >$0/cgroup.procs; exec \"$@\""));
    limited.add(limited().toString());
    limited.addAll(DebianRoot.command(root, within));
    return new ProcessBuilder(limited);
  }

  private static Path limited() throws IOException {
    if (!Files.exists(GROUP)) Files.createDirectory(GROUP);
    Files.writeString(
        GROUP.resolve(VERSION_1 ? "memory.limit_in_bytes" : "memory.max"), Long.toString(LIMIT));
    return GROUP;
  }

  private static List<String> strings(JsonArray array) {
    var strings = new ArrayList<String>();
    array.forEach(value -> strings.add(value.toString()));
    return strings;
  }
}
