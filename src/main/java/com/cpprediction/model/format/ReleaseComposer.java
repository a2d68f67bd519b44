package com.cpprediction.model.format;

import com.cpprediction.json.Digests;
import com.cpprediction.json.MalformedJsonException;
import com.cpprediction.json.StrictJson;
import com.cpprediction.model.format.ModelException.Reason;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.Set;

/**
 * Writes a release that is made of others: copies of their files, so that it stays as it is
 * whatever becomes of them. A model taken from another release keeps its scoring fingerprint but
 * for the national stage, which is that of the base. Equal input gives an equal release. Blocks.
 */
public final class ReleaseComposer {
  private static final int SHORT = 12; // digits of a digest in a file name

  private ReleaseComposer() {}

  /**
   * Copies a release, with its counts.
   *
   * @param target a directory that doesn't exist
   */
  public static void copy(Path from, Path target) throws IOException {
    compose(from, from, Set.of(), target);
    if (Files.exists(from.resolve(Release.COUNTS))) {
      copy(from, target, Release.COUNTS);
      force(target);
    }
  }

  /**
   * Writes {@code base} with the models of {@code prefixes} from {@code other}.
   *
   * @param target a directory that doesn't exist
   * @throws ModelException when either is no release, or {@code other} has no such prefix
   */
  public static void compose(Path base, Path other, Set<String> prefixes, Path target)
      throws IOException {
    Files.createDirectories(target);
    var release = Release.open(base);
    var description = read(base.resolve(Release.FILE));
    var manifests = description.getJsonObject("manifests");
    for (var prefix : release.manifests().keySet()) {
      if (prefixes.contains(prefix)) continue;
      var manifest = release.manifest(prefix);
      copy(base, target, prefix + '/' + Manifest.FILE);
      copy(base, target, manifest.index().path());
      copy(base, target, manifest.ranker().path());
      copy(base, target, manifest.forest().path());
    }
    if (release.national() != null) copy(base, target, release.national().path());
    if (!prefixes.isEmpty()) {
      var source = Release.open(other);
      for (var prefix : prefixes) {
        manifests.put(prefix, Digests.sha256Hex(take(source, other, prefix, target)));
      }
    }
    Files.write(target.resolve(Release.FILE), Release.signed(description).toBuffer().getBytes());
    force(target);
  }

  /** Forces files and directories to disk: what names the release may be there at once. */
  private static void force(Path target) throws IOException {
    try (var paths = Files.walk(target)) {
      for (var path : (Iterable<Path>) paths::iterator) {
        try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
          channel.force(true);
        }
      }
    }
  }

  /**
   * Takes one model, and the files that it shares with others under names of their content: the
   * base may have others of the same name.
   *
   * @return the manifest
   */
  private static byte[] take(Release source, Path from, String prefix, Path target)
      throws IOException {
    var manifest = source.manifest(prefix);
    var json = read(from.resolve(prefix).resolve(Manifest.FILE));
    copy(from, target, manifest.index().path());
    json.put("ranker", share(from, target, manifest.ranker()));
    json.put("forest", share(from, target, manifest.forest()));
    var bytes = json.toBuffer().getBytes();
    var file = target.resolve(prefix).resolve(Manifest.FILE);
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Files.write(file, bytes);
    return bytes;
  }

  private static JsonObject share(Path from, Path target, Manifest.FileRef file)
      throws IOException {
    var name = "shared-" + file.sha256().substring(0, SHORT);
    if (!Files.exists(target.resolve(name))) {
      Files.copy(from.resolve(file.path()), target.resolve(name));
    }
    return new Manifest.FileRef(name, file.bytes(), file.sha256()).toJson();
  }

  private static void copy(Path from, Path target, String path) throws IOException {
    var to = target.resolve(path);
    if (Files.exists(to)) return; // models share it
    Files.createDirectories(Objects.requireNonNull(to.getParent()));
    Files.copy(from.resolve(path), to, StandardCopyOption.COPY_ATTRIBUTES);
  }

  private static JsonObject read(Path file) throws IOException {
    try {
      return StrictJson.parseObject(Files.readAllBytes(file)).copy();
    } catch (MalformedJsonException e) {
      throw new ModelException(Reason.FORMAT, file + " is damaged: " + e.getMessage(), e);
    }
  }
}
