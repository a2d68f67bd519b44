package com.cpprediction.model.format;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;

/** A slow reference implementation of the features, over strings and maps. */
final class NaiveCounts {
  private final List<Set<String>> vocabularies;
  private final List<String> cps;
  private final Map<String, List<String>> officeNames;
  private final Map<String, List<String>> officeTexts;
  private final Map<String, String> ownOffices;
  private final NaiveVotes votes;
  private final Map<String, Map<String, Integer>> words = new HashMap<>(); // by CP
  private final Map<String, Map<String, Integer>> chars = new HashMap<>();
  private final Map<String, Map<String, Integer>> skeletons = new HashMap<>();
  private final Map<String, Set<String>> holders = new HashMap<>();
  private NaiveCounts commonOf = this;
  private final Map<String, Integer> totals = new HashMap<>();
  private final Map<String, Integer> places = new TreeMap<>();

  /** Values computed from the counts as they are. */
  private final Map<String, Double> computed = new HashMap<>();

  /**
   * @param addresses counted texts of every prefix
   * @param officeNames by CP of the prefix
   * @param officeTexts name and place, by CP of the prefix
   * @param ownOffices names of the offices that CPs are, by CP of the prefix
   */
  NaiveCounts(
      Collection<List<String>> addresses,
      Map<String, List<String>> officeNames,
      Map<String, List<String>> officeTexts,
      Map<String, String> ownOffices,
      NaiveVotes votes) {
    this.ownOffices = ownOffices;
    this.votes = votes;
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
      NaiveGrams.skeletons(text).keySet().forEach(gram -> all.add("skeleton " + gram));
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
    for (var gram : NaiveGrams.skeletons(text).keySet()) count(skeletons, cp, gram);
  }

  /** Leaves the n-grams out that another one leaves out: those that most CPs have. */
  void leaveOutAs(NaiveCounts other) {
    commonOf = other;
    computed.clear();
  }

  private boolean isCommon(String key) {
    int have = commonOf.holders.getOrDefault(key, Set.of()).size();
    return have > Math.max(8, cps.size() / 2);
  }

  private void count(Map<String, Map<String, Integer>> counts, String cp, String gram) {
    computed.clear();
    counts.computeIfAbsent(cp, c -> new HashMap<>()).merge(gram, 1, Integer::sum);
    var key = counts == skeletons ? "skeleton " + gram : key(counts == chars, gram);
    totals.merge(key, 1, Integer::sum);
    holders.computeIfAbsent(key, k -> new HashSet<>()).add(cp);
  }

  private static String key(boolean isChars, String gram) {
    return (isChars ? "chars " : "words ") + gram;
  }

  private int count(boolean isChars, String cp, String gram) {
    if (isCommon(key(isChars, gram))) return 0;
    return level((isChars ? chars : words).getOrDefault(cp, Map.of()).getOrDefault(gram, 0));
  }

  private int total(boolean isChars, String gram) {
    if (isCommon(key(isChars, gram))) return 0;
    return level(totals.getOrDefault(key(isChars, gram), 0));
  }

  /** As the file holds it. */
  private static int level(int count) {
    return count == 0 ? 0 : Levels.count(Levels.of(count));
  }

  private double computed(String what, String of, DoubleSupplier value) {
    var known = computed.get(what + of);
    if (known != null) return known;
    double fresh = value.getAsDouble();
    computed.put(what + of, fresh);
    return fresh;
  }

  private double weight(boolean isChars, String gram) {
    return computed("weight of ", key(isChars, gram), () -> computeWeight(isChars, gram));
  }

  private double computeWeight(boolean isChars, String gram) {
    int all = places.values().stream().mapToInt(Integer::intValue).sum();
    all += officeTexts.values().stream().mapToInt(List::size).sum();
    int total = total(isChars, gram);
    double idf = Math.log((1.0 + all) / (1.0 + Math.max(1, total))) + 1;
    return total == 0 ? idf : idf * rarity(isChars, gram);
  }

  private double rarity(boolean isChars, String gram) {
    return Math.max(3, steps(key(isChars, gram))) / (6 * 32);
  }

  private double steps(String key) {
    long have = vocabularies.stream().filter(own -> own.contains(key)).count();
    return Math.min(255, Math.rint(32 * Math.log((vocabularies.size() + 1) / (have + 0.5))));
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
    addVotes(features, text);
    for (var cp : cps) features.get(cp).addAll(alike(cp, text));
    return features;
  }

  /** The learned votes, and columns made of other columns. */
  private void addVotes(Map<String, List<Double>> features, String text) {
    var learned = new TreeMap<String, double[]>();
    for (var cp : cps) learned.put(cp, learned(cp, text));
    var sums = new TreeMap<String, Double>();
    learned.forEach((cp, byKind) -> sums.put(cp, Arrays.stream(byKind).sum()));
    double most = sums.values().stream().mapToDouble(Double::doubleValue).max().orElse(0);
    double all = sums.values().stream().mapToDouble(sum -> Math.exp(sum - most)).sum();
    for (var cp : cps) {
      var row = features.get(cp);
      row.add(sums.get(cp) - most);
      row.add(Math.exp(sums.get(cp) - most) / all);
      var byKind = learned.get(cp);
      for (int kind = 0; kind < 4; kind++) row.add(byKind[kind]);
      row.add(byKind[4] + byKind[5]);
    }
    var of = List.of("learned", "cosine_words", "bm25_chars_of_best", "votes", "vote_squares");
    for (var cp : cps) {
      for (var name : of) {
        int column = Features.NAMES.indexOf(name);
        double others =
            cps.stream()
                .filter(other -> !other.equals(cp))
                .mapToDouble(other -> features.get(other).get(column))
                .max()
                .orElse(features.get(cp).get(column));
        features.get(cp).add(features.get(cp).get(column) - others);
      }
    }
    for (var cp : cps) {
      for (int i = 0; i < 4; i++) features.get(cp).add(Double.NaN); // ties: compared apart
    }
  }

  /** The sums of the votes for a CP, by kind of n-gram. */
  private double[] learned(String cp, String text) {
    var occurrences = NaiveGrams.occurrences(text);
    var words = NaiveGrams.split(text);
    var cues = NaiveGrams.cues(text);
    var first = new LinkedHashMap<String, NaiveGrams.Occurrence>();
    var cued = new HashMap<String, Integer>();
    for (var one : occurrences) {
      var id = one.kind() + " " + one.gram();
      first.putIfAbsent(id, one);
      cued.merge(id, (int) cues.get(one.at()), (a, b) -> a | b);
    }
    var sums = new double[GramVotes.KINDS];
    first.forEach(
        (id, one) -> {
          int count = countOf(one, cp);
          if (count == 0) return;
          boolean known = total(false, words.get(one.at())) > 0;
          int position = NaiveVotes.position(cued.get(id), words.size() - 1 - one.at());
          sums[NaiveVotes.kindClass(one.kind(), known)] +=
              votes.vote(
                  one.kind(),
                  known,
                  count,
                  level(totals.get(keyOf(one))),
                  steps(keyOf(one)),
                  position,
                  places.getOrDefault(cp, 0));
        });
    return sums;
  }

  private static String keyOf(NaiveGrams.Occurrence one) {
    if (one.kind() == Grams.SKELETON) return "skeleton " + one.gram();
    return key(one.kind() == Grams.CHARS, one.gram());
  }

  private int countOf(NaiveGrams.Occurrence one, String cp) {
    if (isCommon(keyOf(one))) return 0;
    if (one.kind() != Grams.SKELETON) return count(one.kind() == Grams.CHARS, cp, one.gram());
    return level(skeletons.getOrDefault(cp, Map.of()).getOrDefault(one.gram(), 0));
  }

  /** How much a part of the text is like the offices of a CP. */
  private List<Double> alike(String cp, String text) {
    double like = 0;
    double alike = Double.NEGATIVE_INFINITY;
    var own = List.of(0.0, 0.0, -1.0);
    for (var office : officeNames.getOrDefault(cp, List.of())) {
      var name = office.replace(" ", "");
      if (!name.chars().allMatch(c -> c < 128)) continue;
      name = name.substring(0, Math.min(64, name.length()));
      if (name.length() < 3) continue;
      double similar = 0;
      double likeness = -1.5 * name.length();
      double end = -1;
      if (share(office, text) >= 0.2) {
        var search = new NaiveSearch(text).find(name);
        similar = 1 - search.errors() / (double) name.length();
        likeness = name.length() - 2.5 * search.errors();
        if (similar > 0.6) end = search.end() / (double) search.length();
      }
      if (office.equals(ownOffices.get(cp))) own = List.of(similar, likeness, end);
      like = Math.max(like, similar);
      alike = Math.max(alike, likeness);
    }
    return List.of(own.get(0), own.get(1), like, Double.isFinite(alike) ? alike : 0, own.get(2));
  }

  /** The weighted share of the character n-grams of an office that are in the text. */
  private double share(String office, String text) {
    var found = NaiveGrams.chars(text).keySet();
    var runs = NaiveGrams.chars(office).keySet();
    double all = runs.stream().mapToDouble(g -> weight(true, g)).sum();
    return runs.stream().filter(found::contains).mapToDouble(g -> weight(true, g)).sum() / all;
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
    return computed("length of ", key(isChars, cp), () -> computeLength(isChars, cp));
  }

  private double computeLength(boolean isChars, String cp) {
    return (isChars ? chars : words)
        .getOrDefault(cp, Map.of()).keySet().stream()
            .mapToInt(gram -> count(isChars, cp, gram))
            .sum();
  }

  private double normSquare(boolean isChars, String cp) {
    return computed("norm of ", key(isChars, cp), () -> computeNormSquare(isChars, cp));
  }

  private double computeNormSquare(boolean isChars, String cp) {
    return (isChars ? chars : words)
        .getOrDefault(cp, Map.of()).keySet().stream()
            .mapToDouble(g -> Math.pow(weight(isChars, g) * count(isChars, cp, g), 2))
            .sum();
  }

  private List<Double> offices(String cp, String text) {
    var found = NaiveGrams.chars(text).keySet();
    var foundWords = new HashSet<>(NaiveGrams.split(text));
    var namedPost = cued(text, Grams.POST_OFFICE);
    var namedRegions = new HashSet<>(cued(text, Grams.REGION));
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

  /** The two words after each cue of a kind; another cue begins anew. */
  private static List<String> cued(String text, byte cue) {
    var words = NaiveGrams.split(text);
    var cues = NaiveGrams.cues(text);
    return IntStream.range(0, words.size())
        .filter(i -> cues.get(i) == cue)
        .mapToObj(words::get)
        .toList();
  }
}
