package com.cpprediction.training;

import com.cpprediction.model.format.GramCounts;
import com.cpprediction.model.format.Grams;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.ModelFile.Section;
import com.cpprediction.model.format.PrefixIndex;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/** Builds the model file of a prefix from its counts, without the ranker. */
final class IndexBuilder {
  /** N-grams that a model holds at most; of more, the most frequent. So it is with their lists. */
  static final int MAX_GRAMS = 1 << 17;

  /** CPs that an n-gram may have however few there are. */
  private static final int LEAST_COMMON = 8;

  private static final int NORMS = 4;

  private final PrefixCounts data;
  private final Offices offices;
  private final Rarity rarity;
  private final ModelFile.Writer writer = new ModelFile.Writer();
  private long[] keys = {};
  private int[] counts = {};

  private IndexBuilder(PrefixCounts data, Offices offices, Rarity rarity) {
    this.data = data;
    this.offices = offices;
    this.rarity = rarity;
  }

  static ModelFile.Writer build(PrefixCounts data, OfficeDirectory directory, Rarity rarity) {
    return new IndexBuilder(data, Offices.of(data, directory), rarity).build();
  }

  private ModelFile.Writer build() {
    int cps = data.cps().size();
    int places = Arrays.stream(data.places()).sum() + offices.offices().size();
    addOffices();
    var groups = putGrams();
    writer.putBytes(Section.CP_CODE, lines(data.cps()));
    writer.putInts(Section.CP_PINCODE, offices.pincode());
    writer.putInts(Section.CP_ADDRESSES, data.addresses());
    writer.putInts(Section.CP_PLACES, data.places());
    writer.putFloats(Section.CP_NORMS, new float[NORMS * cps]);
    writer.putInts(Section.CP_OFFICE, offices.own());
    writer.putInts(Section.CP_OFFICES, offices.first());
    writer.putFloats(Section.OFFICE_WEIGHT, new float[offices.offices().size()]);
    var officeGrams = putOffices();
    putRegions();
    writer.putInts(Section.COUNTS, cps, offices.offices().size(), putPincodes(), places);
    var index = new PrefixIndex(ModelFile.of(writer.toBytes()));
    writer.putFloats(Section.CP_NORMS, norms(index, groups));
    writer.putFloats(Section.OFFICE_WEIGHT, officeWeights(index, officeGrams));
    return writer;
  }

  /** Counts each office as an address of its CP. */
  private void addOffices() {
    var pairs = new PairCounts(Integer.MAX_VALUE);
    pairs.add(data.keys(), data.counts());
    var grams = new Grams();
    for (int cp = 0; cp < data.cps().size(); cp++) {
      for (int office = offices.first()[cp]; office < offices.first()[cp + 1]; office++) {
        grams.read(offices.offices().get(office).text());
        for (int i = 0; i < grams.size(); i++) {
          int group = Grams.group(grams.kind(i));
          pairs.add(PrefixCounts.key(grams.fingerprint(i), group, cp));
        }
      }
    }
    keys = pairs.keys();
    counts = pairs.counts();
  }

  /**
   * @return group of each n-gram of the file
   */
  private byte[] putGrams() {
    var start = starts();
    int grams = start.length - 1;
    int least = leastTotal(start);
    int most = Math.max(LEAST_COMMON, data.cps().size() / 2);
    int kept = 0;
    for (int gram = 0; gram < grams; gram++) if (isKept(start, gram, least, most)) kept++;
    var table = new GramCounts.Writer(kept, data.cps().size());
    var groups = new byte[kept];
    int size = 0;
    for (int gram = 0; gram < grams; gram++) {
      if (!isKept(start, gram, least, most)) continue;
      int total = total(start, gram);
      int length = start[gram + 1] - start[gram];
      var places = new int[length];
      for (int i = 0; i < length; i++) places[i] = PrefixCounts.cp(keys[start[gram] + i]);
      long first = keys[start[gram]];
      int fingerprint = PrefixCounts.fingerprint(first);
      table.add(
          fingerprint,
          total,
          rarity.steps(fingerprint),
          places,
          Arrays.copyOfRange(counts, start[gram], start[gram + 1]),
          length);
      groups[size++] = (byte) PrefixCounts.group(first);
    }
    table.putInto(writer, Section.GRAM_BUCKET, Section.GRAM_ENTRY, Section.GRAM_LIST);
    return groups;
  }

  /**
   * @param least occurrences
   * @param most CPs: an n-gram that more than half of them have tells nothing, and costs most
   */
  private boolean isKept(int[] start, int gram, int least, int most) {
    return total(start, gram) >= least && start[gram + 1] - start[gram] <= most;
  }

  /** The first key of each n-gram, and the end of the last; kinds with one fingerprint are one. */
  private int[] starts() {
    mergeKinds();
    var start = new int[keys.length + 1];
    int size = 0;
    for (int i = 0; i < keys.length; i++) {
      boolean begins =
          i == 0 || PrefixCounts.fingerprint(keys[i]) != PrefixCounts.fingerprint(keys[i - 1]);
      if (begins) start[size++] = i;
    }
    start[size] = keys.length;
    return Arrays.copyOf(start, size + 1);
  }

  /** Gives n-grams of several kinds that collide the kind of the first. */
  private void mergeKinds() {
    boolean collide = false;
    for (int i = 1; i < keys.length && !collide; i++) {
      collide =
          PrefixCounts.fingerprint(keys[i]) == PrefixCounts.fingerprint(keys[i - 1])
              && PrefixCounts.group(keys[i]) != PrefixCounts.group(keys[i - 1]);
    }
    if (!collide) return;
    var merged = new TreeMap<Long, Integer>();
    long first = keys[0];
    for (int i = 0; i < keys.length; i++) {
      int fingerprint = PrefixCounts.fingerprint(keys[i]);
      if (fingerprint != PrefixCounts.fingerprint(first)) first = keys[i];
      var key = PrefixCounts.key(fingerprint, PrefixCounts.group(first), PrefixCounts.cp(keys[i]));
      merged.merge(key, counts[i], Integer::sum);
    }
    keys = merged.keySet().stream().mapToLong(Long::longValue).toArray();
    counts = merged.values().stream().mapToInt(Integer::intValue).toArray();
  }

  private int total(int[] start, int gram) {
    long total = 0;
    for (int i = start[gram]; i < start[gram + 1]; i++) total += counts[i];
    return (int) Math.min(total, Integer.MAX_VALUE);
  }

  /**
   * Occurrences that an n-gram must have to be held: those that have as many are held all or not at
   * all, so that neither the n-grams nor their lists are too many.
   */
  private int leastTotal(int[] start) {
    int grams = start.length - 1;
    var sizes = new long[grams]; // occurrences, then bytes of the list; ascending
    for (int gram = 0; gram < grams; gram++) {
      int bytes = GramCounts.listBytes(start[gram + 1] - start[gram], data.cps().size());
      sizes[gram] = (long) total(start, gram) << Integer.SIZE | bytes;
    }
    Arrays.sort(sizes);
    long bytes = 0;
    for (int gram = grams - 1; gram >= 0; gram--) {
      bytes += (int) sizes[gram];
      if (grams - gram > MAX_GRAMS || bytes > GramCounts.MAX_LISTS) {
        return (int) (sizes[gram] >>> Integer.SIZE) + 1;
      }
    }
    return 1;
  }

  private float[] norms(PrefixIndex index, byte[] groups) {
    var sums = new double[NORMS * data.cps().size()];
    for (int gram = 0; gram < groups.length; gram++) {
      if (groups[gram] > 1) continue;
      int from = 2 * groups[gram];
      double weight = index.weight(gram, index.grams().total(gram));
      index
          .grams()
          .forEach(
              gram,
              (cp, count) -> {
                sums[NORMS * cp + from] += count;
                sums[NORMS * cp + from + 1] += weight * weight * count * count;
              });
    }
    var norms = new float[sums.length];
    for (int i = 0; i < norms.length; i++) {
      norms[i] = (float) (i % 2 == 0 ? sums[i] : Math.sqrt(sums[i]));
    }
    return norms;
  }

  /**
   * @return fingerprints of the character n-grams of each office's name
   */
  private List<int[]> putOffices() {
    var words = new byte[offices.offices().size()];
    writer.putBytes(
        Section.OFFICE_NAME,
        lines(offices.offices().stream().map(office -> name(office.name())).toList()));
    var chars = new ArrayList<int[]>();
    var holders = new TreeMap<Integer, List<Integer>>(Integer::compareUnsigned);
    var grams = new Grams();
    for (int office = 0; office < words.length; office++) {
      grams.read(offices.offices().get(office).name());
      var own = new int[grams.size()];
      int size = 0;
      for (int i = 0; i < grams.size(); i++) {
        if (grams.kind(i) == Grams.WORD_PAIR || grams.kind(i) == Grams.SKELETON) continue;
        holders.computeIfAbsent(grams.fingerprint(i), f -> new ArrayList<>()).add(office);
        if (grams.kind(i) == Grams.WORD) words[office]++;
        else own[size++] = grams.fingerprint(i);
      }
      chars.add(Arrays.copyOf(own, size));
    }
    writer.putBytes(Section.OFFICE_WORDS, words);
    putTable(
        holders, words.length, Section.OFFICE_BUCKET, Section.OFFICE_ENTRY, Section.OFFICE_LIST);
    return chars;
  }

  /** A name without blanks, as it is compared with texts; empty where it can't be. */
  private static String name(String canonical) {
    var name = canonical.replace(" ", "");
    boolean comparable = name.chars().allMatch(c -> c < 128);
    return comparable ? name.substring(0, Math.min(name.length(), Byte.SIZE * Long.BYTES)) : "";
  }

  private static float[] officeWeights(PrefixIndex index, List<int[]> chars) {
    var weights = new float[chars.size()];
    for (int office = 0; office < weights.length; office++) {
      for (int fingerprint : chars.get(office)) {
        int gram = index.grams().find(fingerprint);
        weights[office] +=
            gram < 0 ? index.unknownWeight() : index.weight(gram, index.grams().total(gram));
      }
    }
    return weights;
  }

  private void putRegions() {
    var holders = new TreeMap<Integer, List<Integer>>(Integer::compareUnsigned);
    var grams = new Grams();
    for (int cp = 0; cp < data.cps().size(); cp++) {
      for (var word : offices.regions(cp)) {
        grams.read(word);
        for (int i = 0; i < grams.size(); i++) {
          if (grams.kind(i) != Grams.WORD) continue;
          var own = holders.computeIfAbsent(grams.fingerprint(i), f -> new ArrayList<>());
          if (own.isEmpty() || own.get(own.size() - 1) != cp) own.add(cp);
        }
      }
    }
    putTable(
        holders,
        data.cps().size(),
        Section.REGION_BUCKET,
        Section.REGION_ENTRY,
        Section.REGION_LIST);
  }

  private void putTable(
      TreeMap<Integer, List<Integer>> holders,
      int places,
      Section bucket,
      Section entry,
      Section list) {
    var table = new GramCounts.Writer(holders.size(), places);
    holders.forEach(
        (fingerprint, own) -> {
          var once = new int[own.size()];
          Arrays.fill(once, 1);
          table.add(fingerprint, own.size(), 0, ints(own), once, own.size());
        });
    table.putInto(writer, bucket, entry, list);
  }

  private int putPincodes() {
    var byPincode = new TreeMap<Integer, TreeMap<Integer, Integer>>();
    data.pincodes().forEach((pincode, cps) -> byPincode.put(pincode, new TreeMap<>(cps)));
    for (int cp = 0; cp < offices.pincode().length; cp++) {
      int own = offices.pincode()[cp];
      if (own != 0) byPincode.computeIfAbsent(own, p -> new TreeMap<>()).putIfAbsent(cp, 0);
    }
    var lists = new int[byPincode.size() + 1];
    var pairs = new ArrayList<Integer>();
    int place = 0;
    for (var cps : byPincode.values()) {
      cps.forEach((cp, count) -> pairs.addAll(List.of(cp, count)));
      lists[++place] = pairs.size() / 2;
    }
    writer.putInts(Section.PINCODE, ints(byPincode.keySet())).putInts(Section.PINCODE_LIST, lists);
    writer.putInts(Section.PINCODE_CP, ints(pairs));
    return byPincode.size();
  }

  private static int[] ints(Collection<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).toArray();
  }

  private static byte[] lines(List<String> lines) {
    var text = new StringBuilder();
    lines.forEach(line -> text.append(line).append('\n'));
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }
}
