package com.cpprediction.server;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The directory that relative paths of the configuration start from, so that the jar runs from
 * anywhere: the one above {@code conf/} when a configuration is named; else the first of the
 * working directory, the jar's and the one above it that holds {@code conf/config.json} or a
 * release.
 */
public record Home(Path directory) {
  private static final Path CONFIG = Path.of("conf", "config.json");

  /**
   * @param config the file named on the command line, or null
   */
  public static Home of(Path config) {
    if (config != null) return new Home(aboveConf(config.toAbsolutePath().normalize()));
    var here = Path.of("").toAbsolutePath();
    return Stream.concat(Stream.of(here), aroundJar())
        .filter(Home::looksLikeHome)
        .findFirst()
        .map(Home::new)
        .orElse(new Home(here));
  }

  /** The configuration file: the one named, or the one of this home whether it exists or not. */
  public Path config(Path named) {
    return named != null ? named.toAbsolutePath().normalize() : directory.resolve(CONFIG);
  }

  /** A path as the configuration writes it. */
  public Path resolve(String path) {
    return directory.resolve(path).normalize();
  }

  private static Path aboveConf(Path config) {
    var parent = config.getParent();
    boolean inConf = parent.endsWith("conf") && parent.getParent() != null;
    return inConf ? parent.getParent() : parent;
  }

  private static boolean looksLikeHome(Path directory) {
    return Files.exists(directory.resolve(CONFIG))
        || Files.exists(directory.resolve("models").resolve("release.json"));
  }

  private static Stream<Path> aroundJar() {
    try {
      var code = Path.of(Home.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      return Stream.iterate(code.getParent(), d -> d != null, Path::getParent).limit(2);
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the jar has no path", e);
    }
  }
}
