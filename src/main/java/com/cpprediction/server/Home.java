package com.cpprediction.server;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The base directory of relative paths in the configuration. With a configuration file on the
 * command line it is the parent of {@code conf/}; else the first of the working directory, the
 * jar's directory and the parent of that which contains {@code conf/config.json} or a release; else
 * the working directory.
 */
public record Home(Path directory) {
  private static final Path CONFIG = Path.of("conf", "config.json");

  /**
   * @param config file of the command line
   */
  public static Home of(@Nullable Path config) {
    if (config != null) return new Home(aboveConf(config.toAbsolutePath().normalize()));
    var here = Path.of("").toAbsolutePath();
    return Stream.concat(Stream.of(here), aroundJar())
        .filter(Home::looksLikeHome)
        .findFirst()
        .map(Home::new)
        .orElse(new Home(here));
  }

  /**
   * The configuration file of the command line, else that of this directory, which may be absent.
   */
  public Path config(@Nullable Path named) {
    return named != null ? named.toAbsolutePath().normalize() : directory.resolve(CONFIG);
  }

  /** Resolves a path of the configuration. */
  public Path resolve(String path) {
    return directory.resolve(path).normalize();
  }

  private static Path aboveConf(Path config) {
    var parent = config.getParent();
    if (parent == null) return config; // a file system's root, which can't be read as a file
    var above = parent.getParent();
    return above != null && parent.endsWith("conf") ? above : parent;
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
