package com.cpprediction.postgres;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import com.cpprediction.files.OwnerOnly;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The programs of the bundled PostgreSQL. They are unpacked once, to a directory named by the
 * length and CRC-32 of their archive, and never run when another user may have changed them.
 */
final class ServerPrograms {
  private static final Logger log = LoggerFactory.getLogger(ServerPrograms.class);

  /** Of the archives in the whole jar. */
  private static final Set<String> PLATFORMS =
      Set.of("linux-x86_64", "linux-arm_64", "darwin-arm_64");

  /** Holds the {@link Extent} of a complete directory; written last. */
  private static final String EXTENT_FILE = "complete";

  /**
   * Number and total bytes of files, and the sum of their CRC-32, which no order changes. {@link
   * #EXTENT_FILE} and links don't count.
   */
  private record Extent(long files, long bytes, long checksum) {
    static final Extent NONE = new Extent(0, 0, 0);

    /** Reads 60 MB, in some 50 ms once they are in memory. */
    static Extent of(Path directory) throws IOException {
      var extent = NONE;
      try (var paths = Files.walk(directory)) {
        for (var path : paths.filter(p -> Files.isRegularFile(p, NOFOLLOW_LINKS)).toList()) {
          if (path.equals(directory.resolve(EXTENT_FILE))) continue;
          var crc = new CRC32();
          try (var in = new CheckedInputStream(Files.newInputStream(path), crc)) {
            in.transferTo(OutputStream.nullOutputStream());
          }
          extent = extent.plus(Files.size(path), crc);
        }
      }
      return extent;
    }

    Extent plus(long size, CRC32 crc) {
      return new Extent(files + 1, bytes + size, checksum + crc.getValue());
    }

    String text() {
      return "%d files, %d bytes, checksum %x".formatted(files, bytes, checksum);
    }
  }

  private ServerPrograms() {}

  /**
   * Unpacks the programs where absent or incomplete; blocks for a second or two then.
   *
   * @param directory to unpack to; restricted to this process's user
   * @return the directory of {@code initdb}, {@code pg_ctl} and {@code postgres}
   * @throws DatabaseStartException when there are no programs for this platform, or another user
   *     may have changed them
   */
  static Path unpack(Path directory) throws IOException {
    var archive = archive();
    discardSuspect(directory);
    var real = OwnerOnly.createDirectories(directory).toRealPath();
    if (OwnerOnly.replaceable(Objects.requireNonNull(real.getParent()))) {
      throw new DatabaseStartException(
          "Other users may replace the programs of PostgreSQL, since they may write %s; take that right from them (chmod o-w), or give it to the user of the service"
              .formatted(real.getParent()));
    }
    var unpacked = real.resolve(identity(archive));
    if (!isComplete(unpacked)) {
      deleteAllIn(real); // other versions and partial ones
      unpack(archive, real, unpacked);
    }
    return unpacked.resolve("bin");
  }

  /**
   * Deletes programs that other users may have written to, so that they are unpacked again.
   *
   * @throws DatabaseStartException when something in {@code directory} belongs to another user
   */
  static void discardSuspect(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) return;
    var suspect = OwnerOnly.findSuspect(directory.toRealPath());
    if (suspect.isEmpty()) return;
    var path = suspect.get().path();
    if (suspect.get().foreignOwner()) {
      throw new DatabaseStartException(
          "%s belongs to another user, so no program in %s is run; see where it came from, delete that directory and start again"
              .formatted(path, directory));
    }
    log.warn("Other users may write {}; PostgreSQL is unpacked anew", path);
    deleteAllIn(directory.toRealPath());
  }

  private static String archive() {
    return archive(
        System.getProperty("os.name").toLowerCase(Locale.ROOT),
        System.getProperty("os.arch").toLowerCase(Locale.ROOT),
        name -> ServerPrograms.class.getResource(name) != null);
  }

  /**
   * The name of the archive for a platform.
   *
   * @param system in lower case, as in {@code os.name}
   * @param machine in lower case, as in {@code os.arch}
   * @param packed whether the jar has a resource; those for servers lack the archives
   */
  static String archive(String system, String machine, Predicate<String> packed) {
    var platform = system(system) + '-' + architecture(machine);
    var name = "/postgres-%s.txz".formatted(platform);
    boolean musl = Files.exists(Path.of("/etc/alpine-release")); // instead of glibc
    if (!musl && packed.test(name)) return name;
    if (!musl && PLATFORMS.contains(platform)) {
      throw new DatabaseStartException(
          "This jar was packaged without the embedded PostgreSQL for %s on %s; set database.uri to a PostgreSQL server, or run the whole jar, cp-prediction-service.jar"
              .formatted(system, machine));
    }
    throw new DatabaseStartException(
        "No embedded PostgreSQL for %s on %s; set database.uri to a PostgreSQL server"
            .formatted(system, machine));
  }

  private static String system(String name) {
    return name.startsWith("mac") ? "darwin" : name;
  }

  private static String architecture(String name) {
    return switch (name) {
      case "amd64" -> "x86_64";
      case "aarch64", "arm64" -> "arm_64";
      default -> name;
    };
  }

  private static InputStream open(String archive) {
    return ServerPrograms.class.getResourceAsStream(archive);
  }

  /** Length and CRC-32 of the archive, which its jar tells without reading it. */
  private static String identity(String archive) throws IOException {
    var connection = ServerPrograms.class.getResource(archive).openConnection();
    if (connection instanceof JarURLConnection jar) {
      var entry = jar.getJarEntry();
      return "%d-%08x".formatted(entry.getSize(), entry.getCrc());
    }
    throw new IOException(archive + " is not in a jar");
  }

  /** Whether all files are as they were: a power failure may truncate or empty them. */
  private static boolean isComplete(Path unpacked) throws IOException {
    try {
      var complete = Files.readString(unpacked.resolve(EXTENT_FILE));
      return complete.equals(Extent.of(unpacked).text());
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static void unpack(String archive, Path directory, Path unpacked) throws IOException {
    var partial = OwnerOnly.createDirectories(directory.resolve("unfinished"));
    try {
      var written = extractAll(archive, partial);
      if (!Extent.of(partial).equals(written)) {
        throw new IOException("The programs of PostgreSQL are not on disk as they were written");
      }
      Files.writeString(partial.resolve(EXTENT_FILE), written.text());
      OwnerOnly.close(partial);
      Files.move(partial, unpacked);
    } catch (IOException e) {
      deleteAllIn(directory); // a full disk gets its room back
      throw e;
    }
    var suspect = OwnerOnly.findSuspect(directory);
    if (suspect.isPresent()) {
      throw new DatabaseStartException(
          "Other users may write %s, so no program in there is run; name a data_dir on a file system that keeps permissions"
              .formatted(suspect.get().path()));
    }
  }

  private static Extent extractAll(String archive, Path to) throws IOException {
    var extent = Extent.NONE;
    try (var in =
        new TarArchiveInputStream(
            new XZCompressorInputStream(new BufferedInputStream(open(archive))))) {
      for (var entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        var crc = new CRC32();
        extract(entry, new CheckedInputStream(in, crc), to);
        boolean link = entry.isSymbolicLink(); // counts as a file
        if (entry.isFile() && !link) extent = extent.plus(entry.getSize(), crc);
      }
    }
    return extent;
  }

  private static void extract(TarArchiveEntry entry, InputStream content, Path to)
      throws IOException {
    var target = to.resolve(entry.getName()).normalize();
    if (!target.startsWith(to))
      throw new IOException(entry.getName() + " leads out of the archive");
    if (entry.isDirectory()) {
      Files.createDirectories(target);
      return;
    }
    Files.createDirectories(target.getParent());
    if (entry.isSymbolicLink()) {
      Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
      return;
    }
    if (!entry.isFile()) throw new IOException(entry.getName() + " is no file");
    Files.copy(content, target);
    boolean program = (entry.getMode() & 0100) != 0;
    if (program && !target.toFile().setExecutable(true, true)) {
      throw new IOException(target + " can't be made executable");
    }
  }

  /** Deletes the content of {@code directory}. */
  static void deleteAllIn(Path directory) throws IOException {
    try (var paths = Files.walk(directory)) {
      for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
        if (!path.equals(directory)) Files.delete(path);
      }
    }
  }
}
