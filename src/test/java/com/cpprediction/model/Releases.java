package com.cpprediction.model;

import com.cpprediction.prediction.StrictJson;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Changes releases so that the digests fit again. */
final class Releases {
  private Releases() {}

  static JsonObject manifest(Path release, String prefix) throws IOException {
    return StrictJson.parseObject(Files.readAllBytes(release.resolve(prefix + "/manifest.json")))
        .copy();
  }

  static void replaceManifest(Path release, String prefix, byte[] manifest) throws IOException {
    Files.createDirectories(release.resolve(prefix));
    Files.write(release.resolve(prefix + "/manifest.json"), manifest);
    var file = release.resolve(Release.FILE);
    var json = StrictJson.parseObject(Files.readAllBytes(file)).copy();
    json.getJsonObject("manifests").put(prefix, Scoring.sha256(manifest));
    Files.write(file, json.toBuffer().getBytes());
  }

  /** Adds a model for the longer prefix {@code to} that answers as {@code from} does. */
  static void addCopy(Path release, String from, String to) throws IOException {
    var json = manifest(release, from).put("prefix", to);
    replaceManifest(release, to, json.toBuffer().getBytes());
  }
}
