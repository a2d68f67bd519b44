package com.cpprediction.training;

import com.cpprediction.csv.InputException;
import com.cpprediction.model.format.Grams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a training keeps of the addresses of a prefix: counts that add up, and a sample of places
 * with their addresses. Its size is bounded whatever the number of addresses.
 *
 * @param prefix three digits
 * @param cps codes of the CPs of the addresses, ascending; elsewhere a CP is its index here
 * @param addresses by CP
 * @param places counted addresses by CP, of each place at most {@link #PER_PLACE}
 * @param pincodes addresses by pincode and CP
 * @param keys n-grams with their CP, see {@link #key}, ascending
 * @param counts by key: the addresses that have the n-gram, of each place at most {@link
 *     #PER_PLACE} of a CP
 * @param sample of places, in the order of their first addresses
 * @param placeKeys of all places, ascending
 * @param held addresses held back
 */
record PrefixCounts(
    String prefix,
    List<String> cps,
    int[] addresses,
    int[] places,
    TreeMap<Integer, TreeMap<Integer, Integer>> pincodes,
    long[] keys,
    int[] counts,
    List<Place> sample,
    int[] placeKeys,
    List<LabelledRow> held) {
  /** Addresses of a place that are counted for a CP: further ones repeat what they say. */
  static final int PER_PLACE = 2;

  /** CPs of a prefix at most: the length of a list in a model file has two bytes. */
  static final int MAX_CPS = (1 << 16) - 1;

  /** Pairs of n-gram and CP that are held of a prefix. */
  private static final int MAX_PAIRS = 6_000_000;

  private static final int CP_BITS = 16;
  private static final long CP_MASK = (1 << CP_BITS) - 1;
  private static final int GROUP_MASK = 3;
  private static final int FINGERPRINT_SHIFT = CP_BITS + 2;

  /**
   * A place of the sample.
   *
   * @param order pseudorandom, by which samples of several prefixes are cut alike
   * @param texts canonical, of its counted addresses
   * @param cps by address
   * @param pincodes by address
   */
  record Place(double order, List<String> texts, List<Integer> cps, List<Integer> pincodes) {}

  /**
   * An n-gram at a CP; ascending by fingerprint (unsigned), group and CP.
   *
   * @param group as of {@link Grams#group}
   */
  static long key(int fingerprint, int group, int cp) {
    return Integer.toUnsignedLong(fingerprint) << FINGERPRINT_SHIFT | (long) group << CP_BITS | cp;
  }

  static int fingerprint(long key) {
    return (int) (key >>> FINGERPRINT_SHIFT);
  }

  static int group(long key) {
    return (int) (key >>> CP_BITS) & GROUP_MASK;
  }

  static int cp(long key) {
    return (int) (key & CP_MASK);
  }

  /**
   * What remains when every count is halved; a count of one stays at every other key. Half of the
   * places are forgotten, and count anew when they are met again.
   */
  PrefixCounts halved() {
    var kept = new long[keys.length];
    var halves = new int[keys.length];
    int size = 0;
    for (int i = 0; i < keys.length; i++) {
      boolean up = (Long.hashCode(keys[i] * 0x9e3779b97f4a7c15L) & 1) != 0;
      int half = counts[i] / 2 + (counts[i] % 2 == 1 && up ? 1 : 0);
      if (half == 0) continue;
      kept[size] = keys[i];
      halves[size++] = half;
    }
    var older = new TreeMap<Integer, TreeMap<Integer, Integer>>();
    pincodes.forEach(
        (pincode, byCp) -> {
          var halved = new TreeMap<Integer, Integer>();
          byCp.forEach((cp, count) -> halved.put(cp, half(count)));
          older.put(pincode, halved);
        });
    return new PrefixCounts(
        prefix,
        cps,
        Arrays.stream(addresses).map(PrefixCounts::half).toArray(),
        Arrays.stream(places).map(PrefixCounts::half).toArray(),
        older,
        Arrays.copyOf(kept, size),
        Arrays.copyOf(halves, size),
        sample.stream()
            .filter(place -> !CountedPlaces.isForgotten(CountedPlaces.keyOf(place.texts().get(0))))
            .toList(),
        Arrays.stream(placeKeys).filter(key -> !CountedPlaces.isForgotten(key)).toArray(),
        held);
  }

  private static int half(int count) {
    return count / 2 + count % 2;
  }

  /** The distinct fingerprints, ascending as unsigned numbers. */
  int[] fingerprints() {
    var distinct = new int[keys.length];
    int size = 0;
    for (long key : keys) {
      if (size == 0 || distinct[size - 1] != fingerprint(key)) distinct[size++] = fingerprint(key);
    }
    return Arrays.copyOf(distinct, size);
  }

  /** Pseudorandom number in 0..1, a function of seed, purpose and text. */
  static double chance(long seed, String purpose, String text) {
    long hash = seed;
    for (int i = 0; i < purpose.length(); i++) hash = hash * 31 + purpose.charAt(i);
    for (int i = 0; i < text.length(); i++) hash = hash * 31 + text.charAt(i);
    return new SplittableRandom(hash).nextDouble();
  }

  /**
   * How addresses are counted.
   *
   * @param seed of the split and the sample
   * @param heldBack share of places that are not counted, 0..0.9
   * @param held maximum of their addresses that are kept
   * @param sample maximum of places in the sample
   */
  record Options(long seed, double heldBack, int held, int sample) {}

  /** Counts addresses, in the order of the input; one use, one thread. */
  static final class Builder {
    private final String prefix;
    private final Options options;
    private final Map<String, Integer> ids = new HashMap<>(); // of CPs, as they come
    private final List<String> codes = new ArrayList<>();
    private int[] addresses = new int[16];
    private int[] places = new int[16];
    private final TreeMap<Integer, TreeMap<Integer, Integer>> pincodes = new TreeMap<>();
    private final PairCounts pairs = new PairCounts(MAX_PAIRS);
    private final Map<Long, Integer> ofPlace = new HashMap<>(); // addresses by place and CP
    private final Map<Integer, Place> sample = new HashMap<>();
    private final PriorityQueue<Drawn> drawn = // the highest order first
        new PriorityQueue<>(Comparator.comparingDouble(Drawn::order).reversed());
    private final List<LabelledRow> held = new ArrayList<>();
    private CountedPlaces found;
    private int earlierPlaces; // numbered below zero
    private final PairCounts movedAway = new PairCounts(Integer.MAX_VALUE);
    private @Nullable Map<Integer, List<Integer>> earlierByKey; // of the sample
    private final Grams grams = new Grams();

    /** A place of the sample, by its number. */
    private record Drawn(double order, int place) {}

    Builder(String prefix, Options options) {
      this.prefix = prefix;
      this.options = options;
      found = new CountedPlaces(options.seed(), options.heldBack(), new int[0]);
    }

    /** Starts from counts of earlier addresses; before the first address. */
    Builder after(PrefixCounts earlier) {
      var index = earlier.cps().stream().mapToInt(this::id).toArray();
      for (int cp = 0; cp < index.length; cp++) {
        addresses[index[cp]] = earlier.addresses()[cp];
        places[index[cp]] = earlier.places()[cp];
      }
      earlier
          .pincodes()
          .forEach(
              (pincode, byCp) ->
                  byCp.forEach(
                      (cp, count) ->
                          pincodes
                              .computeIfAbsent(pincode, p -> new TreeMap<>())
                              .put(index[cp], count)));
      pairs.add(earlier.keys(), earlier.counts()); // the CPs have the same numbers here
      found = new CountedPlaces(options.seed(), options.heldBack(), earlier.placeKeys());
      for (var place : earlier.sample()) {
        int number = --earlierPlaces;
        if (enter(number, place.order())) sample.put(number, place);
      }
      return this;
    }

    void add(LabelledRow row, String text) {
      add(row, text, InputRow.PLAIN);
    }

    /**
     * Counts an address as {@code weight} ones of its place. One that weighs more than a plain row
     * is evidence against what its place was counted for: it is counted at a place that is known
     * from earlier counts, too, and these lose what the place had added for other CPs.
     */
    void add(LabelledRow row, String text, int weight) {
      grams.read(text);
      int before = found.size();
      int place = found.of(grams, text);
      if (place == before) begin(place, text);
      if (found.isHeld(place)) {
        if (held.size() < options.held()) held.add(row);
        return;
      }
      int cp = id(row.cp());
      int pincode = Integer.parseInt(row.pincode());
      addresses[cp] = sum(addresses[cp], weight);
      pincodes.computeIfAbsent(pincode, p -> new TreeMap<>()).merge(cp, weight, Builder::sum);
      if (found.isKnown(place)) {
        if (weight == InputRow.PLAIN) return; // counted before
        moveAway(place, text, cp);
      }
      int times = ofPlace.getOrDefault((long) place << CP_BITS | cp, 0);
      int counted = Math.min(weight, PER_PLACE - times);
      if (counted <= 0) return;
      ofPlace.put((long) place << CP_BITS | cp, times + counted);
      for (int i = 0; i < counted; i++) count(text, place, cp, pincode);
    }

    private void count(String text, int place, int cp, int pincode) {
      places[cp]++;
      grams.read(text);
      for (int i = 0; i < grams.size(); i++) {
        pairs.add(key(grams.fingerprint(i), Grams.group(grams.kind(i)), cp));
      }
      var kept = sample.get(place);
      if (kept == null) return;
      kept.texts().add(text);
      kept.cps().add(cp);
      kept.pincodes().add(pincode);
    }

    /**
     * Takes from the earlier counts what a place added for other CPs than {@code cp}, as far as the
     * earlier sample has it, and the place from the sample: its label is not the one it has now.
     */
    private void moveAway(int place, String text, int cp) {
      for (int number : earlierByKey().getOrDefault(found.key(place), List.of())) {
        var earlier = sample.get(number);
        if (earlier == null || earlier.cps().contains(cp)) continue;
        if (!CountedPlaces.isOnePlace(earlier.texts().get(0), text)) continue;
        sample.remove(number);
        drawn.remove(new Drawn(earlier.order(), number));
        for (int i = 0; i < earlier.texts().size(); i++) {
          int old = earlier.cps().get(i);
          grams.read(earlier.texts().get(i));
          for (int k = 0; k < grams.size(); k++) {
            movedAway.add(key(grams.fingerprint(k), Grams.group(grams.kind(k)), old));
          }
          places[old] = Math.max(0, places[old] - 1);
          addresses[old] = Math.max(0, addresses[old] - 1);
          var byCp = pincodes.get(earlier.pincodes().get(i));
          if (byCp != null) byCp.computeIfPresent(old, (id, count) -> count > 1 ? count - 1 : null);
        }
      }
    }

    /** Numbers of the earlier places of the sample, by the key of the place. */
    private Map<Integer, List<Integer>> earlierByKey() {
      if (earlierByKey == null) {
        var byKey = new HashMap<Integer, List<Integer>>();
        sample.forEach(
            (number, place) -> {
              if (number >= 0) return;
              int key = CountedPlaces.keyOf(place.texts().get(0));
              byKey.computeIfAbsent(key, k -> new ArrayList<>()).add(number);
            });
        earlierByKey = byKey;
      }
      return earlierByKey;
    }

    private static int sum(int a, int b) {
      return (int) Math.min((long) a + b, Integer.MAX_VALUE);
    }

    private void begin(int place, String text) {
      if (found.isHeld(place) || found.isKnown(place)) return;
      double order = chance(options.seed(), "sample", text);
      if (enter(place, order)) {
        sample.put(
            place, new Place(order, new ArrayList<>(2), new ArrayList<>(2), new ArrayList<>(2)));
      }
    }

    /** Makes room in the sample; false when all places there come before {@code order}. */
    private boolean enter(int place, double order) {
      if (drawn.size() == options.sample()) {
        var last = drawn.element();
        if (last.order() <= order) return false;
        drawn.remove();
        sample.remove(last.place());
      }
      return drawn.add(new Drawn(order, place));
    }

    private int id(String code) {
      Integer known = ids.get(code);
      if (known != null) return known;
      int id = codes.size();
      if (id == MAX_CPS) {
        throw new InputException(
            "Prefix %s has more than %d CPs, which a model can't hold".formatted(prefix, MAX_CPS));
      }
      ids.put(code, id);
      codes.add(code);
      if (id == addresses.length) {
        addresses = Arrays.copyOf(addresses, 2 * id);
        places = Arrays.copyOf(places, 2 * id);
      }
      return id;
    }

    /**
     * @param others CPs of the prefix that may have no address
     */
    PrefixCounts build(List<String> others) {
      others.forEach(this::id);
      pairs.subtract(movedAway.keys(), movedAway.counts());
      sample.values().forEach(this::keepCounted);
      var sorted = codes.stream().sorted().toList();
      var index = new int[codes.size()];
      for (int id = 0; id < index.length; id++) {
        index[id] = Collections.binarySearch(sorted, codes.get(id));
      }
      var byPincode = new TreeMap<Integer, TreeMap<Integer, Integer>>();
      pincodes.forEach(
          (pincode, ofCp) -> {
            var renamed = new TreeMap<Integer, Integer>();
            ofCp.forEach((id, count) -> renamed.put(index[id], count));
            byPincode.put(pincode, renamed);
          });
      var ordered = new TreeMap<>(sample).values().stream().map(p -> renamed(p, index)).toList();
      return new PrefixCounts(
          prefix,
          sorted,
          renamed(addresses, index),
          renamed(places, index),
          byPincode,
          renamedKeys(index),
          sortedCounts(index),
          ordered,
          found.keys(),
          held);
    }

    /**
     * A CP has as many counted addresses as a place of the sample gives it, of halved counts too:
     * they are subtracted from it.
     */
    private void keepCounted(Place place) {
      for (int cp : place.cps()) {
        places[cp] = Math.max(places[cp], Collections.frequency(place.cps(), cp));
      }
    }

    private static Place renamed(Place place, int[] index) {
      return new Place(
          place.order(),
          place.texts(),
          place.cps().stream().map(id -> index[id]).toList(),
          place.pincodes());
    }

    private static int[] renamed(int[] byId, int[] index) {
      var values = new int[index.length];
      for (int id = 0; id < index.length; id++) values[index[id]] = byId[id];
      return values;
    }

    private long[] renamedKeys(int[] index) {
      return Arrays.stream(pairs.keys()).map(key -> renamed(key, index)).sorted().toArray();
    }

    /** The counts in the order of the renamed keys: n-grams stay in place, CPs change theirs. */
    private int[] sortedCounts(int[] index) {
      var keys = pairs.keys();
      var counts = pairs.counts();
      var sorted = new int[keys.length];
      for (int start = 0; start < keys.length; ) {
        int end = start + 1;
        while (end < keys.length && (keys[end] | CP_MASK) == (keys[start] | CP_MASK)) end++;
        var list = new long[end - start];
        for (int i = start; i < end; i++) {
          list[i - start] = (long) index[cp(keys[i])] << Integer.SIZE | counts[i];
        }
        Arrays.sort(list);
        for (int i = start; i < end; i++) sorted[i] = (int) list[i - start];
        start = end;
      }
      return sorted;
    }

    private static long renamed(long key, int[] index) {
      return key & ~CP_MASK | index[cp(key)];
    }
  }
}
