package com.cpprediction.model.format;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** A slow reference implementation of the features, over strings and maps. */
final class NaiveCounts {
  private static final Set<String> POST = Set.of("po", "post", "vpo", "bo", "so");
  private static final Set<String> REGION =
      Set.of(
          "dist",
          "distt",
          "district",
          "dt",
          "teh",
          "tehsil",
          "taluka",
          "tal",
          "taluk",
          "tq",
          "mandal");

  private final List<Set<String>> vocabularies;
  private final List<String> cps;
  private final Map<String, List<String>> officeNames;
  private final Map<String, List<String>> officeTexts;
  private final Map<String, Map<String, Integer>> words = new HashMap<>(); // by CP
  private final Map<String, Map<String, Integer>> chars = new HashMap<>();
  private final Map<String, Integer> totals = new HashMap<>();
  private final Map<String, Integer> places = new TreeMap<>();

  /**
   * @param addresses counted texts of every prefix
   * @param officeNames by CP of the prefix
   * @param officeTexts name and place, by CP of the prefix
   */
  NaiveCounts(
      Collection<List<String>> addresses,
      Map<String, List<String>> officeNames,
      Map<String, List<String>> officeTexts) {
    vocabularies = addresses.stream().map(NaiveCounts::vocabulary).toList();
    this.officeNames = officeNames;
    this.officeTexts = officeTexts;
    cps = List.copyOf(new TreeMap<>(officeNames).keySet());
    cps.forEach(cp -> officeTexts.getOrDefault(cp, List.of()).forEach(text -> count(cp, text)));
  }

  private static Set<String> vocabulary(List<String> texts) {
    var all = new HashSet<String>();
    for (var text : texts) {
      NaiveGrams.words(text).keySet().forEach(gram -> all.add(key(false, gram)));
      NaiveGrams.chars(text).keySet().forEach(gram -> all.add(key(true, gram)));
    }
    return all;
  }

  /** Counts an address of a CP. */
  void add(String cp, String text) {
    places.merge(cp, 1, Integer::sum);
    count(cp, text);
  }

  private void count(String cp, String text) {
    for (var gram : NaiveGrams.words(text).keySet()) count(words, cp, gram);
    for (var gram : NaiveGrams.chars(text).keySet()) count(chars, cp, gram);
  }

  private void count(Map<String, Map<String, Integer>> counts, String cp, String gram) {
    counts.computeIfAbsent(cp, c -> new HashMap<>()).merge(gram, 1, Integer::sum);
    totals.merge(key(counts == chars, gram), 1, Integer::sum);
  }

  private static String key(boolean isChars, String gram) {
    return (isChars ? "chars " : "words ") + gram;
  }

  private int count(boolean isChars, String cp, String gram) {
    return level((isChars ? chars : words).getOrDefault(cp, Map.of()).getOrDefault(gram, 0));
  }

  private int total(boolean isChars, String gram) {
    return level(totals.getOrDefault(key(isChars, gram), 0));
  }

  /** As the file holds it. */
  private static int level(int count) {
    return count == 0 ? 0 : Levels.count(Levels.of(count));
  }

  private double weight(boolean isChars, String gram) {
    int all = places.values().stream().mapToInt(Integer::intValue).sum();
    all += officeTexts.values().stream().mapToInt(List::size).sum();
    int total = total(isChars, gram);
    double idf = Math.log((1.0 + all) / (1.0 + Math.max(1, total))) + 1;
    return total == 0 ? idf : idf * rarity(isChars, gram);
  }

  private double rarity(boolean isChars, String gram) {
    long have = vocabularies.stream().filter(own -> own.contains(key(isChars, gram))).count();
    double steps = Math.rint(32 * Math.log((vocabularies.size() + 1) / (have + 0.5)));
    return Math.max(3, Math.min(255, steps)) / (6 * 32);
  }

  /** The features of each CP, by code, in the order of {@link Features#NAMES}. */
  Map<String, List<Double>> features(String text) {
    var rows = new TreeMap<String, Map<String, Double>>();
    for (var cp : cps) rows.put(cp, sums(cp, text));
    var features = new TreeMap<String, List<Double>>();
    double most = Math.max(1, places.values().stream().mapToInt(Integer::intValue).max().orElse(1));
    for (var cp : cps) {
      var sums = rows.get(cp);
      var row = new ArrayList<Double>();
      row.add(sums.get("cosine_words"));
      row.add(sums.get("cosine_chars"));
      for (var name : List.of("cosine_words", "cosine_chars", "bm25_words", "bm25_chars")) {
        row.add(ratio(sums.get(name), highest(rows, name)));
      }
      double voteWords = ratio(sums.get("vote_words"), total(rows, "vote_words"));
      double voteChars = ratio(sums.get("vote_chars"), total(rows, "vote_chars"));
      row.add(voteWords);
      row.add(voteChars);
      row.add(ratio(sums.get("squares"), total(rows, "squares")));
      row.add(sums.get("best"));
      row.add(sums.get("second"));
      row.add(sums.get("pair"));
      row.add(ratio(sums.get("best"), highest(rows, "best")));
      row.add(ratio(sums.get("known_words"), weights(false, text)));
      row.add(ratio(sums.get("known_chars"), weights(true, text)));
      row.addAll(offices(cp, text));
      int own = places.getOrDefault(cp, 0);
      row.add(Math.log1p(own));
      row.add(own / most);
      row.add((double) cps.size());
      row.add((double) NaiveGrams.split(text).size());
      row.add(voteWords + voteChars);
      features.put(cp, row);
    }
    return features;
  }

  private static double highest(Map<String, Map<String, Double>> rows, String name) {
    return rows.values().stream().mapToDouble(row -> row.get(name)).max().orElse(0);
  }

  private static double total(Map<String, Map<String, Double>> rows, String name) {
    return rows.values().stream().mapToDouble(row -> row.get(name)).sum();
  }

  private static double ratio(double part, double whole) {
    return whole == 0 ? 0 : part / whole;
  }

  private static double repeated(Map<String, Integer> text, String gram) {
    return text.get(gram) > 1 ? 1 + Math.log(2) : 1;
  }

  private double weights(boolean isChars, String text) {
    var own = isChars ? NaiveGrams.chars(text) : NaiveGrams.words(text);
    return own.keySet().stream().mapToDouble(g -> weight(isChars, g) * repeated(own, g)).sum();
  }

  private Map<String, Double> sums(String cp, String text) {
    var sums = new HashMap<String, Double>();
    for (var name : List.of("best", "second", "pair", "squares")) sums.put(name, 0.0);
    for (boolean isChars : new boolean[] {false, true}) {
      var kind = isChars ? "chars" : "words";
      var own = isChars ? NaiveGrams.chars(text) : NaiveGrams.words(text);
      double dot = 0;
      double squares = 0;
      double vote = 0;
      double bm25 = 0;
      double known = 0;
      for (var gram : own.keySet()) {
        double plain = weight(isChars, gram);
        double weight = plain * repeated(own, gram);
        squares += weight * weight;
        double count = count(isChars, cp, gram);
        if (count == 0) continue;
        double total = total(isChars, gram);
        double share = count / total;
        dot += weight * plain * count;
        vote += weight * share;
        bm25 += weight * count / (count + saturation(isChars, cp));
        known += weight;
        sums.merge("squares", (isChars ? 0.3 : 1) * weight * share * share, Double::sum);
        if (!isChars) purity(sums, gram, weight * count / (total + 1));
      }
      double norm = Math.sqrt(Math.max(1, normSquare(isChars, cp)) * squares);
      sums.put("cosine_" + kind, norm == 0 ? 0 : dot / norm);
      sums.put("vote_" + kind, vote);
      sums.put("bm25_" + kind, bm25);
      sums.put("known_" + kind, known);
    }
    return sums;
  }

  private static void purity(Map<String, Double> sums, String gram, double purity) {
    if (gram.contains(" ")) {
      sums.merge("pair", purity, Math::max);
    } else if (purity > sums.get("best")) {
      sums.put("second", sums.put("best", purity));
    } else {
      sums.merge("second", purity, Math::max);
    }
  }

  private double saturation(boolean isChars, String cp) {
    double all = cps.stream().mapToDouble(other -> length(isChars, other)).sum();
    return 1.2 * (0.5 + 0.5 * length(isChars, cp) / Math.max(1, all / cps.size()));
  }

  private double length(boolean isChars, String cp) {
    return (isChars ? chars : words)
        .getOrDefault(cp, Map.of()).values().stream().mapToInt(NaiveCounts::level).sum();
  }

  private double normSquare(boolean isChars, String cp) {
    return (isChars ? chars : words)
        .getOrDefault(cp, Map.of()).entrySet().stream()
            .mapToDouble(e -> Math.pow(weight(isChars, e.getKey()) * level(e.getValue()), 2))
            .sum();
  }

  private List<Double> offices(String cp, String text) {
    var found = NaiveGrams.chars(text).keySet();
    var foundWords = new HashSet<>(NaiveGrams.split(text));
    var namedPost = cued(text, POST);
    var namedRegions = new HashSet<>(cued(text, REGION));
    var namedChars = new HashSet<String>();
    namedPost.forEach(word -> namedChars.addAll(NaiveGrams.chars(word).keySet()));
    double named = namedChars.stream().mapToDouble(g -> weight(true, g)).sum();
    double exact = 0;
    double share = 0;
    double size = 0;
    double namedOffice = named > 0 ? 0 : -1;
    for (var office : officeNames.getOrDefault(cp, List.of())) {
      var name = new HashSet<>(NaiveGrams.split(office));
      if (foundWords.containsAll(name)) {
        exact = Math.max(exact, name.stream().mapToDouble(w -> weight(false, w)).sum());
      }
      var runs = NaiveGrams.chars(office).keySet();
      double all = runs.stream().mapToDouble(g -> weight(true, g)).sum();
      double part = runs.stream().filter(found::contains).mapToDouble(g -> weight(true, g)).sum();
      share = Math.max(share, part / all);
      size = Math.max(size, part / Math.sqrt(all));
      if (named > 0) {
        double both =
            runs.stream().filter(namedChars::contains).mapToDouble(g -> weight(true, g)).sum();
        namedOffice = Math.max(namedOffice, both / Math.max(named / 2, all));
      }
    }
    var regions = new HashSet<String>();
    for (int i = 0; i < officeTexts.getOrDefault(cp, List.of()).size(); i++) {
      var whole = officeTexts.get(cp).get(i);
      var name = officeNames.get(cp).get(i);
      if (whole.length() > name.length()) {
        regions.addAll(NaiveGrams.split(whole.substring(name.length())));
      }
    }
    double region =
        foundWords.stream().filter(regions::contains).mapToDouble(w -> weight(false, w)).sum();
    var values = new ArrayList<Double>();
    values.add(exact);
    values.add(share);
    values.add(Double.NaN); // of the own office: compared apart
    values.add(Double.NaN);
    values.add(size);
    values.add(region / Math.max(1, weights(false, text)));
    values.add(Double.NaN);
    values.add(namedOffice);
    values.add(
        namedRegions.isEmpty()
            ? -1
            : namedRegions.stream().filter(regions::contains).count()
                / (double) namedRegions.size());
    return values;
  }

  /** The two words after each cue; another cue begins anew. */
  private static List<String> cued(String text, Set<String> cues) {
    var named = new ArrayList<String>();
    var words = NaiveGrams.split(text);
    int left = 0;
    boolean wanted = false;
    for (int i = 0; i < words.size(); i++) {
      var word = words.get(i);
      boolean po = i > 0 && word.equals("o") && words.get(i - 1).equals("p");
      boolean post = POST.contains(word) || po;
      if (post || REGION.contains(word)) {
        wanted = post == (cues == POST);
        left = 2;
        continue;
      }
      if (left-- > 0 && wanted) named.add(word);
    }
    return named;
  }
}
