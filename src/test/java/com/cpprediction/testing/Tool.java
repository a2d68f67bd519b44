package com.cpprediction.testing;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Programs of this machine that some tests run. */
public final class Tool {
  /** Whether a test may not be skipped for want of something. */
  static final boolean REQUIRED = "required".equals(System.getenv("CP_TEST_TOOLS"));

  private Tool() {}

  /**
   * Where {@code name} lies. Where it is missing, the test is skipped with the reason; with {@code
   * CP_TEST_TOOLS=required} in the environment it fails.
   *
   * @param debianPackage what to install
   */
  public static Path find(String name, String debianPackage) {
    var found =
        Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
            .map(directory -> Path.of(directory, name))
            .filter(Files::isExecutable)
            .findFirst();
    if (found.isPresent()) return found.get();
    var reason = "%s is not installed (Debian package %s)".formatted(name, debianPackage);
    return REQUIRED ? fail(reason) : abort(reason);
  }
}
