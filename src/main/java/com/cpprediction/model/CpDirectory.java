package com.cpprediction.model;

import com.cpprediction.csv.Columns;
import com.cpprediction.csv.CsvRows;
import com.cpprediction.csv.InputException;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Address;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The CPs of a release, by code and by words of their names. The names are those of the file
 * {@value #FILE} beside the release, in the form of {@code --offices} of {@code train}; a CP that
 * it lacks has the office and the pincode of its model. Immutable and thread-safe.
 */
final class CpDirectory {
  /** Name of the file, or this without {@code .gz}. */
  static final String FILE = "cps.csv.gz";

  /** A directory without CPs. */
  static final CpDirectory EMPTY = new CpDirectory("", new TreeMap<>());

  private static final Logger log = LoggerFactory.getLogger(CpDirectory.class);
  private static final int MAX_PLACES = 3; // districts, or states, of a prefix
  private static final Columns COLUMNS =
      Columns.of(Columns.CP_CODE).and(Columns.PINCODE, "office", "district", "state");

  /**
   * A CP.
   *
   * @param words canonical text to search in
   */
  private record Cp(JsonObject json, String words) {}

  private record Match(JsonObject json, int rank) {}

  private final String release;
  private final TreeMap<String, Cp> cps;
  private final TreeMap<String, JsonObject> prefixes = new TreeMap<>();

  private CpDirectory(String release, TreeMap<String, Cp> cps) {
    this.release = release;
    this.cps = cps;
    var byPrefix =
        cps.values().stream()
            .map(Cp::json)
            .collect(Collectors.groupingBy(cp -> cp.getString("prefix")));
    byPrefix.forEach(
        (prefix, own) ->
            prefixes.put(
                prefix,
                new JsonObject()
                    .put("prefix", prefix)
                    .put("cps", own.size())
                    .put("districts", mostFrequent(own, "district"))
                    .put("states", mostFrequent(own, "state"))));
  }

  /** The most frequent values of {@code field}, at most {@value #MAX_PLACES}. */
  private static JsonArray mostFrequent(List<JsonObject> cps, String field) {
    var counts =
        cps.stream()
            .flatMap(cp -> Stream.ofNullable(cp.getString(field)))
            .collect(Collectors.groupingBy(value -> value, TreeMap::new, Collectors.counting()));
    return new JsonArray(
        counts.entrySet().stream()
            .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
            .limit(MAX_PLACES)
            .map(Map.Entry::getKey)
            .toList());
  }

  /**
   * Reads the names of the CPs of {@code release}, which is leased. Blocks.
   *
   * @param directory of the release
   */
  static CpDirectory read(Path directory, ServingRelease release) {
    var prefixes = new TreeMap<String, String>();
    try {
      var open = Release.open(directory);
      for (var prefix : open.manifests().keySet()) {
        for (var cp : open.manifest(prefix).cps()) prefixes.put(cp, prefix);
      }
    } catch (ModelException e) { // replaced or damaged just now: those of the models do
      log.warn("Cannot read the CPs of all models. {}", e.getMessage());
    }
    var named = new HashMap<String, JsonObject>();
    release.models().forEach((prefix, loaded) -> ofModel(prefix, loaded, prefixes, named));
    named.putAll(names(directory));
    var cps = new TreeMap<String, Cp>();
    prefixes.forEach((cp, prefix) -> cps.put(cp, cp(cp, prefix, named.get(cp))));
    return new CpDirectory(release.release(), cps);
  }

  private static Cp cp(String code, String prefix, @Nullable JsonObject named) {
    var json = new JsonObject().put("cp", code).put("prefix", prefix);
    if (named != null) json.mergeIn(named);
    var words = new StringBuilder(" ");
    for (var value : json.getMap().values())
      words.append(Address.canonical((String) value)).append(' ');
    return new Cp(json, words.toString());
  }

  private static void ofModel(
      String prefix,
      LoadedModel loaded,
      Map<String, String> prefixes,
      Map<String, JsonObject> named) {
    for (var cp : loaded.model().manifest().cps()) prefixes.putIfAbsent(cp, prefix);
    if (loaded.reader() != null) return; // it is read for each request
    var index = loaded.model().index();
    for (int cp = 0; cp < index.cps(); cp++) {
      var json = new JsonObject();
      int pincode = index.cpPincode(cp) > 0 ? index.cpPincode(cp) : index.usualPincode(cp);
      if (pincode > 0) json.put("pincode", Integer.toString(pincode));
      var office = index.officeName(cp);
      if (!office.isEmpty()) {
        json.put("office", office.substring(0, 1).toUpperCase(Locale.ROOT) + office.substring(1));
      }
      named.put(index.cpCode(cp), json);
    }
  }

  private static Map<String, JsonObject> names(Path directory) {
    var named = new HashMap<String, JsonObject>();
    var file = directory.resolve(FILE);
    if (!Files.exists(file)) file = directory.resolve(FILE.substring(0, FILE.indexOf(".gz")));
    if (!Files.exists(file)) return named;
    try {
      CsvRows.read(
          file,
          COLUMNS,
          row -> {
            var json = new JsonObject();
            for (var column : COLUMNS.optional()) {
              var value = row.getOrEmpty(column);
              if (!value.isEmpty()) json.put(column, value);
            }
            named.put(row.get(Columns.CP_CODE), json);
          });
    } catch (InputException e) {
      log.warn("Cannot read the names of CPs in {}. {}", file.getFileName(), e.getMessage());
    }
    return named;
  }

  /** Whether it is that of {@code release}. */
  boolean isOf(String release) {
    return this.release.equals(release) && !cps.isEmpty();
  }

  /** The CPs with these codes, without those that the release lacks. */
  JsonArray byCode(JsonArray codes) {
    var found = new JsonArray();
    for (var code : codes) {
      var cp = cps.get((String) code);
      if (cp != null) found.add(cp.json().copy());
    }
    return found;
  }

  /** The places of these prefixes, or of all; without those that the release lacks. */
  JsonArray places(@Nullable JsonArray of) {
    var found = new JsonArray();
    for (var prefix : of == null ? prefixes.keySet() : of) {
      var place = prefixes.get((String) prefix);
      if (place != null) found.add(place.copy());
    }
    return found;
  }

  /**
   * The CPs that have all words of {@code query}, or words that begin with them: first those whose
   * code is the query, then those whose code begins with it.
   */
  JsonArray search(String query, int limit) {
    var code = query.strip().toUpperCase(Locale.ROOT);
    var words = List.of(Address.canonical(query).split(" "));
    var matches = new ArrayList<Match>();
    for (var cp : cps.entrySet()) {
      var own = cp.getKey().toUpperCase(Locale.ROOT);
      if (own.equals(code)) matches.add(new Match(cp.getValue().json(), 0));
      else if (own.startsWith(code)) matches.add(new Match(cp.getValue().json(), 1));
      else if (has(cp.getValue().words(), words)) matches.add(new Match(cp.getValue().json(), 2));
    }
    matches.sort(Comparator.comparingInt(Match::rank));
    var found = new JsonArray();
    for (var match : matches.subList(0, Math.min(limit, matches.size()))) {
      found.add(match.json().copy());
    }
    return found;
  }

  private static boolean has(String text, List<String> words) {
    if (words.equals(List.of(""))) return false;
    for (var word : words) if (!text.contains(' ' + word)) return false;
    return true;
  }
}
