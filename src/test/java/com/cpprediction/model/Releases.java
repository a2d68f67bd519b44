package com.cpprediction.model;

import com.cpprediction.json.Digests;
import com.cpprediction.json.StrictJson;
import com.cpprediction.model.format.Manifest;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.ModelFile.Section;
import com.cpprediction.model.format.Release;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Changes releases so that the digests fit again. */
public final class Releases {
  private static final Map<String, Integer> changes = new ConcurrentHashMap<>();

  private Releases() {}

  public static JsonObject manifest(Path release, String prefix) throws IOException {
    return StrictJson.parseObject(Files.readAllBytes(release.resolve(prefix + "/manifest.json")))
        .copy();
  }

  public static void replaceManifest(Path release, String prefix, byte[] manifest)
      throws IOException {
    Files.createDirectories(release.resolve(prefix));
    Files.write(release.resolve(prefix + "/manifest.json"), manifest);
    var file = release.resolve(Release.FILE);
    var json = StrictJson.parseObject(Files.readAllBytes(file)).copy();
    json.getJsonObject("manifests").put(prefix, Digests.sha256Hex(manifest));
    Files.write(file, Release.signed(json).toBuffer().getBytes());
  }

  /** Adds a model for the longer prefix {@code to} that answers as {@code from} does. */
  static void addCopy(Path release, String from, String to) throws IOException {
    var json = manifest(release, from).put("prefix", to);
    replaceManifest(release, to, json.toBuffer().getBytes());
  }

  /** Gives {@code prefix} another model, whose answers differ by less than a reader sees. */
  static void change(Path release, String prefix) throws IOException {
    var path = release.resolve(prefix + "/model.mmap");
    var file = ModelFile.of(Files.readAllBytes(original(prefix)));
    var norms = file.section(Section.CP_NORMS).asFloatBuffer();
    var changed = new float[norms.limit()];
    norms.get(changed);
    // By a hair, and by another each time.
    int times = Files.exists(path) ? changes.merge(release + prefix, 1, Integer::sum) : 1;
    changed[1] *= 1 + times * Math.ulp(1f);
    var bytes = ModelFile.Writer.of(file).putFloats(Section.CP_NORMS, changed).toBytes();
    replace(path, bytes);
    var manifest = manifest(release, prefix);
    manifest.put("index", Manifest.FileRef.of(prefix + "/model.mmap", bytes).toJson());
    replaceManifest(release, prefix, manifest.toBuffer().getBytes());
  }

  /** Gives the release other scores on held-back addresses. */
  public static void score(Path release, JsonObject scores) throws IOException {
    var file = release.resolve(Release.FILE);
    var json = StrictJson.parseObject(Files.readAllBytes(file)).copy().put("scores", scores);
    Files.write(file, Release.signed(json).toBuffer().getBytes());
  }

  /** Gives the model of {@code prefix} other scores on held-back addresses. */
  public static void score(Path release, String prefix, JsonObject scores) throws IOException {
    var manifest = manifest(release, prefix).put("scores", scores);
    replaceManifest(release, prefix, manifest.toBuffer().getBytes());
  }

  /** Puts another file in the place of one that may be mapped, which must not change itself. */
  static void replace(Path file, byte[] content) throws IOException {
    var aside = file.resolveSibling("aside");
    Files.write(aside, content);
    Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static Path original(String prefix) {
    return SmallRelease.directory().resolve(prefix + "/model.mmap");
  }

  /** Takes a prefix out of {@code release.json}, and leaves its files. */
  static void remove(Path release, String prefix) throws IOException {
    var file = release.resolve(Release.FILE);
    var json = StrictJson.parseObject(Files.readAllBytes(file)).copy();
    json.getJsonObject("manifests").remove(prefix);
    Files.write(file, Release.signed(json).toBuffer().getBytes());
  }
}
