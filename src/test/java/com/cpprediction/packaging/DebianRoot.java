package com.cpprediction.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.cpprediction.testing.Program;
import com.cpprediction.testing.TestResource;
import com.cpprediction.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/** A copy of a minimal Debian with a JRE, to install packages in and to run programs in. */
final class DebianRoot extends TestResource {
  private static final String RELEASE = "bookworm";
  private static final String PACKAGES = "openjdk-17-jre-headless,libgomp1,adduser";

  /** Begins its argument within the root; what it mounts and starts is gone when it ends. */
  private static final String ENTER =
      """
      set -e
      root=$1
      shift
      mount -t proc proc "$root/proc"
      mount --rbind /dev "$root/dev"
      mount --rbind /sys "$root/sys"
      exec chroot "$root" "$@"
      """;

  private Path root;

  @Override
  public void start() throws IOException {
    root = directory().resolve("root");
    ok(Program.run(Tool.find("cp", "coreutils"), "", "-a", base().toString(), root.toString()));
  }

  /** A Debian that stays as it is. */
  static Path base() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "only root may change roots");
    var given = System.getProperty("debian.root");
    if (given != null) return Path.of(given);
    var base = Path.of("target/debian").toAbsolutePath();
    if (Files.exists(base)) return base;
    var unfinished = base.resolveSibling("debian.unfinished");
    delete(unfinished);
    ok(
        Program.run(
            Tool.find("debootstrap", "debootstrap"),
            "",
            "--variant=minbase",
            "--include=" + PACKAGES,
            RELEASE,
            unfinished.toString()));
    ok(
        Program.run(
            Tool.find("chroot", "coreutils"), "", unfinished.toString(), "apt-get", "clean"));
    return Files.move(unfinished, base);
  }

  @Override
  protected void end() {
    if (root != null) delete(root);
  }

  private static void delete(Path tree) {
    ok(Program.run(Tool.find("rm", "coreutils"), "", "-rf", "--one-file-system", tree.toString()));
  }

  private static void ok(Program ended) {
    assertThat(ended.exit()).as(ended.output()).isZero();
  }

  Path path(String absolute) {
    return root.resolve(absolute.substring(1));
  }

  /** Runs dpkg of this machine on the root, whose scripts of packages it runs within the root. */
  Program dpkg(String... arguments) {
    var options = new ArrayList<>(List.of("--root=" + root, "--force-not-root"));
    options.addAll(Arrays.asList(arguments));
    return Program.run(Tool.find("dpkg", "dpkg"), "", options.toArray(String[]::new));
  }

  List<String> command(List<String> within) {
    return command(root, within);
  }

  /**
   * A command line that runs another one within a root, as the first process of a namespace, and
   * with mounts of its own.
   */
  static List<String> command(Path root, List<String> within) {
    var command =
        new ArrayList<>(
            List.of(
                Tool.find("unshare", "util-linux").toString(),
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                "-c",
                ENTER,
                "sh",
                root.toString()));
    command.addAll(within);
    return command;
  }

  /** All files, but for the books and logs of the package manager. */
  TreeSet<String> files() throws IOException {
    var files = new TreeSet<String>();
    try (var walk = Files.walk(root)) {
      walk.map(file -> "/" + root.relativize(file))
          .filter(file -> !file.matches("/(proc|sys|dev|run|tmp|var/lib/dpkg|var/log)/.*"))
          .filter(file -> !file.matches("/etc/\\.pwd\\.lock|/etc/(passwd|group|shadow|gshadow)-"))
          .forEach(files::add);
    }
    return files;
  }

  /** Whether a path is there, be it a link to nowhere. */
  boolean has(String absolute) {
    return Files.exists(path(absolute), LinkOption.NOFOLLOW_LINKS);
  }
}
