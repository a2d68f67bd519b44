package com.cpprediction.training;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import com.cpprediction.json.Digests;
import com.cpprediction.testing.Directories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.function.Consumer;

/**
 * Releases that tests need, below {@code target}: trained by the first JVM that asks for one, and
 * again when the code or the data has changed.
 */
final class TrainedReleases {
  private static final Path HOME =
      Path.of("target", "trained-releases", digestOfTheirSources()).toAbsolutePath();

  private TrainedReleases() {}

  /**
   * The directory of a release, which is read only.
   *
   * @param training writes it into the directory that it is given
   */
  static synchronized Path directory(String name, Consumer<Path> training) {
    var release = HOME.resolve(name);
    try {
      Files.createDirectories(HOME);
      try (var file = FileChannel.open(HOME.resolve(name + ".lock"), CREATE, WRITE);
          var lock = file.lock()) {
        if (Files.notExists(release)) train(release, training);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return release;
  }

  private static void train(Path release, Consumer<Path> training) throws IOException {
    var unfinished = Files.createTempDirectory(HOME, "unfinished");
    try {
      var out = unfinished.resolve("release");
      training.accept(out);
      Files.move(out, release, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Directories.delete(unfinished);
    }
  }

  /** Of the classes of the service, those of this package, the data, and the libraries. */
  private static String digestOfTheirSources() {
    var digest = Digests.sha256();
    try {
      add(digest, classes(Training.class));
      add(digest, classes(TrainedReleases.class).resolve("com/cpprediction/training"));
      add(digest, SmallRelease.addresses().getParent());
      add(digest, Path.of("pom.xml"));
    } catch (IOException | URISyntaxException e) {
      throw new IllegalStateException(e);
    }
    return HexFormat.of().formatHex(digest.digest(), 0, 8);
  }

  private static Path classes(Class<?> of) throws URISyntaxException {
    return Path.of(of.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  private static void add(MessageDigest digest, Path directory) throws IOException {
    try (var files = Files.walk(directory)) {
      for (var file : files.filter(TrainedReleases::isSource).sorted().toList()) {
        digest.update(directory.relativize(file).toString().getBytes(UTF_8));
        digest.update(Files.readAllBytes(file));
      }
    }
  }

  /** Not what the build adds for the jar after the unit tests. */
  private static boolean isSource(Path file) {
    return Files.isRegularFile(file) && !file.toString().contains("META-INF");
  }
}
