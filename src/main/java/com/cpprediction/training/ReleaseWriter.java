package com.cpprediction.training;

import com.cpprediction.json.Digests;
import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.NationalStage;
import com.cpprediction.model.format.Release;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Writes a release to a staging directory, then moves it into place, file by file. A previous
 * release is replaced; other files in the directory stay. Digests in {@code release.json} detect an
 * interrupted move.
 */
final class ReleaseWriter implements AutoCloseable {
  /** Name of the model file in the directory of its prefix. */
  static final String INDEX = "model.mmap";

  /** Name of the shared ranker in the directory of the release. */
  static final String RANKER = "ranker.ubj";

  /** Name of the same ranker as it is served. */
  static final String FOREST = "forest.bin";

  private static final String STAGING = ".staging";

  /** Files of a prefix, in the order of moving. */
  private static final List<String> FILES = List.of(INDEX, Manifest.FILE);

  private final Path out;
  private final Path staging;
  private final Manifest.FileRef national;
  private final TreeMap<String, String> manifests = new TreeMap<>();
  private long bytes;

  ReleaseWriter(Path out, byte[] ranker, byte[] trees, byte[] national) throws IOException {
    this.out = out;
    staging = out.resolve(STAGING);
    delete(staging); // left by a killed training
    Files.createDirectories(staging);
    write(staging.resolve(RANKER), ranker);
    write(staging.resolve(FOREST), trees);
    write(staging.resolve(NationalStage.FILE), national);
    this.national = Manifest.FileRef.of(NationalStage.FILE, national);
  }

  void add(Manifest manifest, byte[] index) throws IOException {
    var directory = Files.createDirectories(staging.resolve(manifest.prefix()));
    write(directory.resolve(INDEX), index);
    var json = (manifest.toJson().encodePrettily() + '\n').getBytes(StandardCharsets.UTF_8);
    write(directory.resolve(Manifest.FILE), json);
    manifests.put(manifest.prefix(), Digests.sha256Hex(json));
  }

  /** Adds the counts of the training, which are no part of the release. */
  void keep(Collection<PrefixCounts> counts) throws IOException {
    CountsFile.write(staging.resolve(CountsFile.NAME), counts);
  }

  /**
   * Moves the release into place. Counts of an earlier training are deleted: they are not those of
   * this release.
   *
   * @return size of the release in bytes
   */
  long publish(JsonObject measured, JsonObject scores) throws IOException {
    var gone = previous();
    gone.removeAll(manifests.keySet());
    for (var prefix : manifests.keySet()) {
      Files.createDirectories(out.resolve(prefix));
      for (var name : FILES) replace(prefix + '/' + name);
    }
    replace(RANKER);
    replace(FOREST);
    replace(NationalStage.FILE);
    Files.deleteIfExists(out.resolve(CountsFile.NAME));
    if (Files.exists(staging.resolve(CountsFile.NAME))) replace(CountsFile.NAME);
    var json = Release.describe(manifests, national, measured, scores).encodePrettily() + '\n';
    write(staging.resolve(Release.FILE), json.getBytes(StandardCharsets.UTF_8));
    replace(Release.FILE);
    for (var prefix : gone) retire(out.resolve(prefix));
    return bytes;
  }

  /** Prefixes of the previous release; empty when it cannot be read. */
  private Set<String> previous() {
    try {
      var prefixes = new TreeSet<>(Release.open(out).manifests().keySet());
      prefixes.removeIf(prefix -> !Manifest.isPrefix(prefix)); // each is a directory to delete from
      return prefixes;
    } catch (ModelException e) {
      return new TreeSet<>();
    }
  }

  /** Deletes the files of a release from {@code directory}, then the directory if it is empty. */
  private static void retire(Path directory) throws IOException {
    for (var name : FILES) Files.deleteIfExists(directory.resolve(name));
    try {
      Files.deleteIfExists(directory);
    } catch (DirectoryNotEmptyException e) {
      // Files that belong to no release stay.
    }
  }

  private void replace(String name) throws IOException {
    Files.move(
        staging.resolve(name),
        out.resolve(name),
        StandardCopyOption.REPLACE_EXISTING,
        StandardCopyOption.ATOMIC_MOVE);
  }

  private void write(Path file, byte[] content) throws IOException {
    Files.write(file, content);
    bytes += content.length;
  }

  private static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) return;
    try (var files = Files.walk(directory)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
    }
  }

  @Override
  public void close() throws IOException {
    delete(staging);
  }
}
