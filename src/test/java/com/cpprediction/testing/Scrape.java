package com.cpprediction.testing;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * What {@code GET /metrics} answered.
 *
 * @param types by family
 * @param values by series, {@code name{labels}}
 */
public record Scrape(SortedMap<String, String> types, SortedMap<String, Double> values) {
  private static final Pattern SAMPLE =
      Pattern.compile("(?<series>[a-zA-Z_:][\\w:]*(?:\\{.*})?) (\\S+)");
  private static final Pattern TYPE = Pattern.compile("# TYPE (\\S+) (\\S+)");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"");
  private static final Pattern SUFFIX = Pattern.compile("_(bucket|sum|count)$");

  public static Scrape of(String text) {
    var types = new TreeMap<String, String>();
    var values = new TreeMap<String, Double>();
    for (var line : text.lines().toList()) {
      var type = TYPE.matcher(line);
      if (type.matches()) types.put(type.group(1), type.group(2));
      if (line.startsWith("#")) continue;
      var sample = SAMPLE.matcher(line);
      if (!sample.matches()) throw new IllegalArgumentException("no sample: " + line);
      values.put(sample.group("series"), Double.valueOf(sample.group(2)));
    }
    return new Scrape(types, values);
  }

  /** The series of the service's own meters. */
  public Set<String> own() {
    var own = new TreeSet<>(values.keySet());
    own.removeIf(series -> !series.startsWith("cp_"));
    return own;
  }

  /** The sum over every series that {@code wanted} takes. */
  public double sum(String name, Predicate<Map<String, String>> wanted) {
    return values.entrySet().stream()
        .filter(sample -> name(sample.getKey()).equals(name))
        .filter(sample -> wanted.test(labels(sample.getKey())))
        .mapToDouble(Map.Entry::getValue)
        .sum();
  }

  /** The cumulative counts of a histogram by the upper bounds of its buckets. */
  public SortedMap<Double, Long> buckets(String family) {
    var counts = new TreeMap<Double, Long>();
    values.forEach(
        (series, count) -> {
          if (!name(series).equals(family + "_bucket")) return;
          var bound = labels(series).get("le");
          counts.put(
              bound.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(bound),
              count.longValue());
        });
    return counts;
  }

  /**
   * The contract behind the service's own meters: each family with its type, and under it the
   * labels of each of its series; of a histogram first the bounds of its buckets.
   */
  public String contract() {
    var text = new StringBuilder();
    types.forEach(
        (family, type) -> {
          if (!family.startsWith("cp_")) return;
          text.append(family).append(' ').append(type).append('\n');
          SortedSet<Double> bounds = new TreeSet<>();
          SortedSet<String> sets = new TreeSet<>();
          for (var series : values.keySet()) {
            if (!family.equals(familyOf(series))) continue;
            var labels = new LinkedHashMap<>(labels(series));
            var bound = labels.remove("le");
            if (bound != null && !bound.equals("+Inf")) bounds.add(Double.valueOf(bound));
            if (labels.containsKey("version")) labels.put("version", "*");
            if (!labels.isEmpty()) sets.add(labels.toString());
          }
          if (!bounds.isEmpty()) text.append("  le=").append(bounds).append('\n');
          for (var set : sets) text.append("  ").append(set).append('\n');
        });
    return text.toString();
  }

  private String familyOf(String series) {
    var name = name(series);
    return types.containsKey(name) ? name : SUFFIX.matcher(name).replaceFirst("");
  }

  private static String name(String series) {
    return series.replaceFirst("\\{.*", "");
  }

  private static Map<String, String> labels(String series) {
    var labels = new TreeMap<String, String>();
    LABEL
        .matcher(series.substring(name(series).length()))
        .results()
        .forEach(label -> labels.put(label.group(1), label.group(2)));
    return labels;
  }
}
