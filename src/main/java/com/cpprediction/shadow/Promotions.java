package com.cpprediction.shadow;

import com.cpprediction.model.ModelStore;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.ReleaseComposer;
import com.cpprediction.shadow.ServedReleases.Kept;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the shadow release, or some models of it, the served one of this node, and takes that back.
 * The promoted release is a copy below {@code data_dir}: the next one can be trained where the
 * shadow lies. One step: requests are served by the release before or by the promoted one. For one
 * thread; blocks.
 */
final class Promotions {
  private static final Logger log = LoggerFactory.getLogger(Promotions.class);
  private static final String CHANGED =
      "%s has another release by now than the one that was compared";
  private static final int SHORT = 12; // digits of a release id in the name of a directory

  private final ModelStore served;
  private final ServedReleases releases;

  Promotions(ModelStore served, ServedReleases releases) {
    this.served = served;
    this.releases = releases;
  }

  /**
   * Promotes.
   *
   * @param shadow the models of the shadow release
   * @param expected id of the shadow release that is meant
   * @param prefixes of the models to take; all of the release where absent
   * @return {@code {"result":"promoted"|"unchanged"|"refused","release","reason"?,"failed"?}}
   */
  JsonObject promote(@Nullable ModelStore shadow, String expected, @Nullable Set<String> prefixes) {
    if (shadow == null) return refused("no shadow release is loaded");
    var offered = shadow.current();
    if (!offered.release().equals(expected)) return refused("another shadow release is loaded");
    var missing = new TreeSet<>(prefixes == null ? served.current().prefixes() : prefixes);
    missing.removeAll(offered.prefixes());
    if (!missing.isEmpty()) {
      return refused(
          "the shadow release has no model of " + missing.first() + "; name the prefixes to take");
    }
    try {
      var room = releases.room(shortened(expected));
      try {
        return take(shadow.directory(), expected, prefixes, room);
      } finally {
        if (!served.directory().equals(room)) ServedReleases.delete(room);
      }
    } catch (IOException | ModelException e) {
      log.error("Cannot promote the shadow release", e);
      return refused("it can't be copied: " + e.getMessage());
    }
  }

  private JsonObject take(Path shadow, String expected, @Nullable Set<String> prefixes, Path room)
      throws IOException {
    if (prefixes == null) {
      ReleaseComposer.copy(shadow, room);
      if (!ModelStore.releaseIn(room).equals(expected)) return refused(CHANGED.formatted(shadow));
    } else {
      var base = served.directory();
      ReleaseComposer.compose(base, shadow, prefixes, room);
      if (!ModelStore.releaseIn(shadow).equals(expected)) return refused(CHANGED.formatted(shadow));
      if (!ModelStore.releaseIn(base).equals(served.current().release())) {
        return refused(CHANGED.formatted(base));
      }
    }
    var id = ModelStore.releaseIn(room);
    var replaced = served.current().release();
    if (id.equals(replaced)) return result("unchanged");
    var before = served.directory();
    var report = served.replaceBy(room, true);
    if (!report.getJsonObject("failed").isEmpty()) return refused(report);
    try {
      releases.promoted(new Kept(room, id), replaced);
    } catch (IOException e) {
      served.replaceBy(before, false);
      throw e;
    }
    log.info("Serving {}, promoted", room);
    return result("promoted").put("report", report);
  }

  /**
   * Goes back to the release that served before the last promotion, whatever its accuracy.
   *
   * @param from the release to leave: a node that serves another one, since a promotion did not
   *     reach it, stays with it
   * @param force whether to take over what lies in the directory of the release before, although it
   *     is another one by now
   * @return {@code {"result":"rolled-back"|"unchanged"|"refused","release","reason"?,"failed"?}}
   */
  JsonObject rollBack(String from, boolean force) {
    if (!served.current().release().equals(from)) {
      return result("unchanged").put("reason", "this node serves another release");
    }
    var kept = releases.previous();
    if (kept == null) return result("unchanged");
    var previous = kept.directory();
    if (!force && !kept.id().isEmpty()) {
      var now = ModelStore.releaseIn(previous);
      if (!now.equals(kept.id())) return refused(another(previous, kept.id(), now));
    }
    var report = served.replaceBy(previous, false);
    if (!report.getJsonObject("failed").isEmpty()) return refused(report);
    try {
      releases.rolledBack();
    } catch (IOException e) {
      log.error("Serving {}, until the next start only", previous, e);
      return result("rolled-back").put("reason", "the next start will not know: " + e.getMessage());
    }
    log.info("Serving {} again", previous);
    return result("rolled-back").put("report", report);
  }

  private static String another(Path directory, String before, String now) {
    return "%s holds %s, not the release that served before, %s; put that one back, or send {\"force\":true}"
        .formatted(
            directory,
            now.isEmpty() ? "no release that can be read" : "release " + shortened(now),
            shortened(before));
  }

  private static String shortened(String id) {
    return id.substring(0, Math.min(SHORT, id.length()));
  }

  private JsonObject result(String result) {
    return new JsonObject().put("result", result).put("release", served.current().release());
  }

  private JsonObject refused(String reason) {
    return result("refused").put("reason", reason);
  }

  private JsonObject refused(JsonObject report) {
    var failed = report.getJsonObject("failed");
    var first = failed.iterator().next();
    return refused(first.getKey() + ": " + first.getValue()).put("report", report);
  }

  /** What leads to the release in force, for {@code GET /models/shadow}. */
  JsonObject toJson() {
    var previous = releases.previous();
    return new JsonObject()
        .put("promoted", previous != null)
        .put("previous", previous == null ? null : previous.directory().toString())
        .put(
            "previous_release", previous == null || previous.id().isEmpty() ? null : previous.id());
  }

  static JsonArray names(@Nullable Set<String> prefixes) {
    var names = new JsonArray();
    if (prefixes != null) prefixes.forEach(names::add);
    return names;
  }
}
