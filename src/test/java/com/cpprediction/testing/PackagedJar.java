package com.cpprediction.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The jar that users run, built before the integration tests. System property {@code cp.java} names
 * another JVM to run it with, {@code cp.jvm.flags} options of it.
 */
public final class PackagedJar {
  private static final String JAVA =
      System.getProperty("cp.java", ProcessHandle.current().info().command().orElseThrow());

  /** Whether it is run with the JVM of the tests, which the archive of its classes is of. */
  private static final boolean SAME_JVM = System.getProperty("cp.java") == null;

  /** Options, each of them one word. */
  private static final List<String> FLAGS =
      Stream.of(System.getProperty("cp.jvm.flags", "").split(" "))
          .filter(flag -> !flag.isEmpty())
          .toList();

  private PackagedJar() {}

  public static Path file() {
    return Path.of(System.getProperty("cp.jar")).toAbsolutePath();
  }

  /**
   * A command line that the arguments of the service can be added to.
   *
   * @param options of the JVM
   */
  public static List<String> command(String... options) {
    var command = new ArrayList<>(List.of(JAVA));
    command.addAll(FLAGS);
    var archive = Path.of(file().toString().replaceFirst("[.]jar$", ".jsa"));
    if (SAME_JVM && Files.exists(archive)) { // as for users of bin/cp-prediction-service
      command.addAll(List.of("-XX:SharedArchiveFile=" + archive, "-Xlog:cds=off,cds+dynamic=off"));
    }
    command.addAll(List.of(options));
    command.addAll(List.of("-jar", file().toString()));
    return command;
  }
}
