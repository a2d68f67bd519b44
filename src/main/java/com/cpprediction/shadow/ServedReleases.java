package com.cpprediction.shadow;

import com.cpprediction.files.OwnerOnly;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The releases that served one after the other since promotions began, the last of which serves:
 * the directory of {@code models.dir}, then promoted ones, which lie in a directory of their own
 * below {@code data_dir}. Kept in a file, which is replaced as a whole. Thread-safe; blocks.
 */
public final class ServedReleases {
  private static final Logger log = LoggerFactory.getLogger(ServedReleases.class);

  private static final String FILE = "served.json";
  private static final String MODELS_DIR = "models_dir";
  private static final String RELEASES = "releases";

  /** Ids of the releases, that of {@code models.dir} first. */
  private static final String IDS = "ids";

  /** Promoted releases that are kept to go back to, the one that serves included. */
  private static final int KEPT = 3;

  private static final String DIRECTORY = "releases";

  /**
   * A release that serves or served.
   *
   * @param id as {@code ServingRelease.release()} of it when it served; empty where that is not
   *     known, as of {@code models.dir} before it is replaced
   */
  record Kept(Path directory, String id) {}

  private final Path home;
  private final Path modelsDir;
  private final StateFile file;
  private List<Kept> releases; // oldest first; never empty

  /**
   * @param home directory of promoted releases
   * @param modelsDir the directory that the configuration names: promotions over another one are
   *     forgotten
   */
  ServedReleases(Path home, Path modelsDir) {
    this.home = home.toAbsolutePath().normalize();
    this.modelsDir = modelsDir.toAbsolutePath().normalize();
    file = new StateFile(this.home, FILE);
    releases = read();
  }

  /** Those of the service with this {@code data_dir}. */
  public static ServedReleases of(Path dataDir, Path modelsDir) {
    return new ServedReleases(dataDir.resolve(DIRECTORY), modelsDir);
  }

  private List<Kept> read() {
    var configured = new Kept(modelsDir, "");
    try {
      var kept = file.read();
      if (kept.isEmpty()) return List.of(configured);
      var json = kept.get();
      if (!modelsDir.toString().equals(json.getString(MODELS_DIR))) {
        log.warn(
            "Serving {}, and not what was promoted over {}: models.dir has changed",
            modelsDir,
            json.getString(MODELS_DIR));
        return List.of(configured);
      }
      var ids = json.getJsonArray(IDS, new JsonArray()); // absent in files of earlier versions
      var all = new ArrayList<Kept>();
      all.add(new Kept(modelsDir, id(ids, 0)));
      for (var name : json.getJsonArray(RELEASES))
        all.add(new Kept(home.resolve((String) name), id(ids, all.size())));
      var last = all.get(all.size() - 1).directory();
      if (Files.exists(last.resolve("release.json"))) return List.copyOf(all);
      log.error("The promoted release {} is gone; serving {}", last, modelsDir);
    } catch (IOException | ClassCastException | NullPointerException e) {
      log.error("{} can't be read; serving {}", home.resolve(FILE), modelsDir, e);
    }
    return List.of(configured);
  }

  private static String id(JsonArray ids, int release) {
    return release < ids.size() ? ids.getString(release) : "";
  }

  /** The directory of the release that serves. */
  public synchronized Path served() {
    return releases.get(releases.size() - 1).directory();
  }

  /** What a rollback goes back to; null where nothing was promoted. */
  synchronized @Nullable Kept previous() {
    return releases.size() < 2 ? null : releases.get(releases.size() - 2);
  }

  /** A file beside the promoted releases. */
  StateFile file(String name) {
    return new StateFile(home, name);
  }

  /** A new directory for a promoted release; it doesn't exist yet. */
  Path room(String name) throws IOException {
    OwnerOnly.createDirectories(home);
    var room = home.resolve(name);
    for (int i = 2; Files.exists(room); i++) room = home.resolve(name + "-" + i);
    return room;
  }

  /**
   * From now on, and after a start, {@code promoted} serves.
   *
   * @param replaced id of the release that served until now
   */
  synchronized void promoted(Kept promoted, String replaced) throws IOException {
    var next = new ArrayList<>(releases);
    next.set(next.size() - 1, new Kept(served(), replaced));
    next.add(promoted);
    while (next.size() > KEPT + 1) next.remove(1);
    write(next);
  }

  /** From now on, and after a start, {@link #previous} serves. */
  synchronized void rolledBack() throws IOException {
    if (releases.size() > 1) write(releases.subList(0, releases.size() - 1));
  }

  private void write(List<Kept> next) throws IOException {
    var names = new JsonArray();
    var ids = new JsonArray();
    for (var kept : next) {
      if (!ids.isEmpty()) names.add(home.relativize(kept.directory()).toString());
      ids.add(kept.id());
    }
    file.write(
        new JsonObject().put(MODELS_DIR, modelsDir.toString()).put(RELEASES, names).put(IDS, ids));
    releases = List.copyOf(next);
    removeOthers();
  }

  /** Removes promoted releases that nothing leads back to; requests keep what they have mapped. */
  private void removeOthers() {
    try (var found = Files.newDirectoryStream(home, Files::isDirectory)) {
      var kept = releases.stream().map(Kept::directory).toList();
      for (var directory : found) if (!kept.contains(directory)) delete(directory);
    } catch (IOException e) {
      log.warn("Cannot remove a promoted release that nothing leads back to: {}", e.toString());
    }
  }

  static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) return;
    try (var files = Files.walk(directory)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
    }
  }
}
