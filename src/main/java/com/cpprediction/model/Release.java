package com.cpprediction.model;

import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.StrictJson;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A directory of models that were trained together. Its {@code release.json} names them all, each
 * manifest by its digest, so that nothing is loaded which training did not write.
 *
 * @param directory where it lies
 * @param manifests SHA-256 of {@code <prefix>/manifest.json} by prefix
 * @param scores on held-back addresses over all prefixes, by question; empty when none were held
 *     back
 */
public record Release(Path directory, SortedMap<String, String> manifests, JsonObject scores) {
  /** Version of the layout of {@code release.json}. */
  public static final int FORMAT = 1;

  /** Name of the file in the directory of a release. */
  public static final String FILE = "release.json";

  /**
   * @throws ModelException when {@code directory} holds no release of this format
   */
  public static Release open(Path directory) {
    var file = directory.resolve(FILE);
    try {
      var json = StrictJson.parseObject(Files.readAllBytes(file));
      if (!Integer.valueOf(FORMAT).equals(json.getValue("format"))) {
        throw new ModelException(
            "%s has format %s, this service reads format %d"
                .formatted(file, json.getValue("format"), FORMAT));
      }
      var manifests = new TreeMap<String, String>();
      for (var entry : json.getJsonObject("manifests")) {
        manifests.put(entry.getKey(), (String) entry.getValue());
      }
      return new Release(directory, manifests, json.getJsonObject("scores", new JsonObject()));
    } catch (NoSuchFileException e) {
      throw new ModelException(
          "there is no " + file + "; train a release there, or name another with models.dir");
    } catch (IOException e) {
      throw new ModelException("cannot read " + file + ": " + e.getMessage(), e);
    } catch (ServiceException e) {
      throw new ModelException(file + " is damaged: " + e.getMessage(), e);
    } catch (ClassCastException | NullPointerException e) {
      throw new ModelException(
          file + " is damaged: it lacks an entry or has one of a wrong type", e);
    }
  }

  /**
   * The content of {@code release.json}.
   *
   * @param measured how the scores were measured
   */
  public static JsonObject describe(
      Map<String, String> manifests, JsonObject measured, JsonObject scores) {
    return new JsonObject()
        .put("format", FORMAT)
        .put("measured", measured)
        .put("scores", scores)
        .put("manifests", new JsonObject(new TreeMap<String, Object>(manifests)));
  }

  /**
   * Reads the manifest of a prefix.
   *
   * @throws ModelException when it is not the one the release was written with
   */
  public Manifest manifest(String prefix) {
    if (!Manifest.isPrefix(prefix)) throw new ModelException("\"" + prefix + "\" is no prefix");
    var bytes = read(prefix + '/' + Manifest.FILE);
    if (!Scoring.sha256(bytes).equals(manifests.get(prefix))) {
      throw new ModelException("manifest is not the one release.json names (SHA-256 differs)");
    }
    var manifest = Manifest.parse(bytes);
    if (!manifest.prefix().equals(prefix)) {
      throw new ModelException("manifest is of prefix " + manifest.prefix());
    }
    return manifest;
  }

  /**
   * Maps a file read-only and checks the mapping against the manifest.
   *
   * @throws ModelException when it is not the file the manifest names
   */
  ModelFile map(Manifest.FileRef file) throws IOException {
    var mapped = mapped(file.path());
    check(file, mapped.limit(), Scoring.sha256(mapped.duplicate()));
    return ModelFile.of(mapped);
  }

  /**
   * The content of a file, checked against the manifest.
   *
   * @throws ModelException when it is not the file the manifest names
   */
  byte[] read(Manifest.FileRef file) {
    var content = read(file.path());
    check(file, content.length, Scoring.sha256(content));
    return content;
  }

  private static void check(Manifest.FileRef file, long bytes, String sha256) {
    if (bytes != file.bytes()) {
      throw new ModelException(
          "%s has %d bytes, the manifest says %d".formatted(file.path(), bytes, file.bytes()));
    }
    if (!sha256.equals(file.sha256())) {
      throw new ModelException(
          file.path() + " is not the file the manifest names (SHA-256 differs)");
    }
  }

  private ByteBuffer mapped(String path) throws IOException {
    try (var channel = FileChannel.open(directory.resolve(path), StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
    } catch (NoSuchFileException e) {
      throw missing(path);
    }
  }

  private byte[] read(String path) {
    try {
      return Files.readAllBytes(directory.resolve(path));
    } catch (NoSuchFileException e) {
      throw missing(path);
    } catch (IOException e) {
      throw new ModelException("cannot read " + path + ": " + e, e);
    }
  }

  private static ModelException missing(String path) {
    return new ModelException(path + " is missing; copy the release again, or train it");
  }
}
