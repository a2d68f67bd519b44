package com.cpprediction.model.format;

import com.cpprediction.json.Digests;
import com.cpprediction.json.MalformedJsonException;
import com.cpprediction.json.StrictJson;
import com.cpprediction.model.format.ModelException.Reason;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A directory of models that were trained together, with the state at its opening. Its {@code
 * release.json} lists the digests of all manifests, so that only files written by training are
 * loaded. Thread-safe.
 */
public final class Release {
  /** Version of the scores that nodes of a cluster exchange. */
  private static final int EXCHANGE = 3;

  /** Version of the format of {@code release.json}. */
  public static final int FORMAT = 1;

  /** File name in the directory of a release. */
  /** Name of the file with what {@code train --add} adds to, where a release has it. */
  public static final String COUNTS = "counts.gz";

  public static final String FILE = "release.json";

  /** Member of {@code measured}: outcomes reported before this time were learned. */
  public static final String OUTCOMES_UNTIL = "outcomes_until";

  private static final int MAX_BYTES = 16 << 20; // of release.json
  private static final String DIGEST = "sha256";
  private static final int DEPTH = 2; // of directories: the release's and those of prefixes

  private final Path directory;
  private final SortedMap<String, String> manifests;
  private final JsonObject scores;
  private final JsonObject measured;
  private final Manifest.@Nullable FileRef national;
  private final Map<String, Forest> forests = new ConcurrentHashMap<>(); // by path
  private final Map<String, byte[]> shared = new ConcurrentHashMap<>(); // by path
  private final Map<String, String> digests = new ConcurrentHashMap<>(); // of shared files

  private Release(
      Path directory,
      SortedMap<String, String> manifests,
      JsonObject scores,
      JsonObject measured,
      Manifest.@Nullable FileRef national) {
    this.directory = directory;
    this.measured = measured;
    this.manifests = Collections.unmodifiableSortedMap(manifests);
    this.scores = scores;
    this.national = national;
  }

  /** SHA-256 of {@code <prefix>/manifest.json} by prefix. */
  public SortedMap<String, String> manifests() {
    return manifests;
  }

  /** The stage that names prefixes, where the release has one. */
  public Manifest.@Nullable FileRef national() {
    return national;
  }

  /** As {@link #id(Map, String)}, of this release. */
  public String id() {
    return id(manifests, national == null ? "" : national.sha256());
  }

  /**
   * The release id, which cluster nodes compare: SHA-256 over the digests of all models and the
   * version of what nodes exchange of scores, so that nodes of different versions never ask each
   * other.
   *
   * @param manifests SHA-256 of each manifest by prefix
   * @param national SHA-256 of the national stage, empty when there is none
   * @return empty when there are no manifests
   */
  public static String id(Map<String, String> manifests, String national) {
    if (manifests.isEmpty()) return "";
    var all = "scores " + EXCHANGE + "\n" + new TreeMap<>(manifests) + "\n" + national;
    return Digests.sha256Hex(all.getBytes(StandardCharsets.UTF_8));
  }

  /** Scores on held-out addresses of all prefixes, by question; empty when none were held out. */
  public JsonObject scores() {
    return scores;
  }

  /**
   * The scores of another release to compare {@link #scores} with: those on the rows of this one
   * where it was measured against the other, else its own.
   */
  public JsonObject comparable(String releaseId, JsonObject itsOwn) {
    if (!(measured.getValue("against") instanceof JsonObject against)) return itsOwn;
    if (!releaseId.equals(against.getValue("release"))) return itsOwn;
    return against.getValue("scores") instanceof JsonObject same ? same : itsOwn;
  }

  /** The time before which reported outcomes were learned; empty where none were. */
  public Optional<Instant> outcomesUntil() {
    return measured.getValue(OUTCOMES_UNTIL) instanceof String time
        ? Optional.of(Instant.parse(time))
        : Optional.empty();
  }

  /**
   * @throws ModelException when {@code directory} isn't a release of this format
   */
  public static Release open(Path directory) {
    var file = directory.resolve(FILE);
    try {
      var json = StrictJson.parseObject(read(file));
      if (!Integer.valueOf(FORMAT).equals(json.getValue("format"))) {
        throw new ModelException(
            "%s has format %s, this service reads format %d"
                .formatted(file, json.getValue("format"), FORMAT));
      }
      if (!signed(json).getString(DIGEST).equals(json.getString(DIGEST))) {
        throw new ModelException(
            Reason.DIGEST, file + " is damaged: it is not as it was written (SHA-256 differs)");
      }
      var manifests = new TreeMap<String, String>();
      for (var entry : json.getJsonObject("manifests")) {
        manifests.put(entry.getKey(), (String) entry.getValue());
      }
      var national = json.getJsonObject("national");
      return new Release(
          directory,
          manifests,
          json.getJsonObject("scores", new JsonObject()),
          json.getJsonObject("measured", new JsonObject()),
          national == null ? null : Manifest.FileRef.from(national));
    } catch (NoSuchFileException e) {
      throw new ModelException(
          Reason.MISSING,
          "there is no " + file + "; train a release there, or name another with models.dir");
    } catch (IOException e) {
      throw new ModelException(Reason.UNREADABLE, "cannot read " + file + ": " + e.getMessage(), e);
    } catch (MalformedJsonException e) {
      throw new ModelException(file + " is damaged: " + e.getMessage(), e);
    } catch (ClassCastException | NullPointerException e) {
      throw new ModelException(
          file + " is damaged: it lacks an entry or has one of a wrong type", e);
    }
  }

  /**
   * Changes when the release in {@code directory} does: a digest over {@code release.json} and the
   * sizes and times of all files where a release may have some, so that one is also seen to be
   * whole when its last file comes. Blocks; never fails.
   */
  public static String signature(Path directory) {
    var seen = new TreeSet<String>();
    try {
      seen.add(Digests.sha256Hex(read(directory.resolve(FILE))));
      sign(directory, DEPTH, seen);
    } catch (IOException | DirectoryIteratorException e) {
      seen.add(e.toString());
    }
    return Digests.sha256Hex(seen.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] read(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      var bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length <= MAX_BYTES) return bytes;
      throw new IOException("it is larger than " + MAX_BYTES + " bytes");
    }
  }

  private static void sign(Path directory, int depth, Set<String> seen) throws IOException {
    try (var files = Files.newDirectoryStream(directory, "[!.]*")) { // what starts so is unfinished
      for (var file : files) {
        var attributes = Files.readAttributes(file, BasicFileAttributes.class);
        if (!attributes.isDirectory()) {
          seen.add(file + " " + stamp(attributes));
        } else if (depth > 1) {
          sign(file, depth - 1, seen);
        }
      }
    }
  }

  /**
   * Changes when what lies at {@code paths} does, as far as can be told without reading it. Blocks;
   * never fails.
   *
   * @param paths in the directory of the release
   */
  public String stamp(String... paths) {
    var stamp = new StringBuilder();
    for (var path : paths) {
      try {
        var file = directory.resolve(path);
        stamp.append(stamp(Files.readAttributes(file, BasicFileAttributes.class))).append('\n');
      } catch (IOException e) {
        stamp.append(e).append('\n');
      }
    }
    return stamp.toString();
  }

  private static String stamp(BasicFileAttributes file) {
    return file.size() + " " + file.lastModifiedTime() + " " + file.fileKey();
  }

  /**
   * Creates the content of {@code release.json}.
   *
   * @param national the national stage
   * @param measured how the scores were measured
   */
  public static JsonObject describe(
      Map<String, String> manifests,
      Manifest.FileRef national,
      JsonObject measured,
      JsonObject scores) {
    return signed(
        new JsonObject()
            .put("format", FORMAT)
            .put("national", national.toJson())
            .put("measured", measured)
            .put("scores", scores)
            .put("manifests", new JsonObject(new TreeMap<String, Object>(manifests))));
  }

  /** Adds a digest of all other members to {@code json}. */
  public static JsonObject signed(JsonObject json) {
    var read = new JsonObject(json.encode()); // in the form that parsing returns
    read.remove(DIGEST);
    return read.put(DIGEST, Digests.sha256Hex(read.encode().getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * Reads the manifest of a prefix.
   *
   * @throws ModelException when its digest differs from {@code release.json}
   */
  public Manifest manifest(String prefix) {
    if (!Manifest.isPrefix(prefix)) throw new ModelException("\"" + prefix + "\" is no prefix");
    var bytes = read(prefix + '/' + Manifest.FILE);
    if (!Digests.sha256Hex(bytes).equals(manifests.get(prefix))) {
      throw new ModelException(
          Reason.DIGEST, "manifest is not the one release.json names (SHA-256 differs)");
    }
    var manifest = Manifest.parse(bytes);
    if (!manifest.prefix().equals(prefix)) {
      throw new ModelException("manifest is of prefix " + manifest.prefix());
    }
    return manifest;
  }

  /**
   * Maps or reads a file and verifies its digest.
   *
   * @throws ModelException when the digest differs from the manifest
   */
  public Mapping map(Manifest.FileRef file, Mapping.Kind kind) throws IOException {
    Mapping mapping;
    try {
      mapping = Mapping.of(directory.resolve(file.path()), kind);
    } catch (NoSuchFileException e) {
      throw missing(file.path());
    }
    try {
      check(file, mapping.bytes().limit(), Digests.sha256Hex(mapping.bytes()));
      return mapping;
    } catch (RuntimeException e) {
      mapping.close();
      throw e;
    }
  }

  /**
   * The verified content of a file that models share; read once.
   *
   * @throws ModelException when the digest differs from the manifest
   */
  public byte[] read(Manifest.FileRef file) {
    var content = shared.computeIfAbsent(file.path(), this::read);
    check(
        file,
        content.length,
        digests.computeIfAbsent(file.path(), p -> Digests.sha256Hex(content)));
    return content;
  }

  /**
   * A forest that models share; read and checked once.
   *
   * @throws ModelException when the digest differs from the manifest, or it is no forest
   */
  public Forest forest(Manifest.FileRef file) {
    var content = read(file);
    return forests.computeIfAbsent(file.path(), path -> Forest.of(ByteBuffer.wrap(content)));
  }

  /**
   * Reads a file and verifies its digest.
   *
   * @throws ModelException when the digest differs from the manifest
   */
  public void verify(Manifest.FileRef file) {
    var content = read(file.path());
    check(file, content.length, Digests.sha256Hex(content));
  }

  private static void check(Manifest.FileRef file, long bytes, String sha256) {
    if (bytes != file.bytes()) {
      throw new ModelException(
          Reason.DIGEST,
          "%s has %d bytes, the manifest says %d".formatted(file.path(), bytes, file.bytes()));
    }
    if (!sha256.equals(file.sha256())) {
      throw new ModelException(
          Reason.DIGEST, file.path() + " is not the file the manifest names (SHA-256 differs)");
    }
  }

  private byte[] read(String path) {
    try {
      return Files.readAllBytes(directory.resolve(path));
    } catch (NoSuchFileException e) {
      throw missing(path);
    } catch (IOException e) {
      throw new ModelException(Reason.UNREADABLE, "cannot read " + path + ": " + e, e);
    }
  }

  private static ModelException missing(String path) {
    return new ModelException(
        Reason.MISSING, path + " is missing; copy the release again, or train it");
  }
}
