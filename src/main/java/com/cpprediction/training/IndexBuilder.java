package com.cpprediction.training;

import com.cpprediction.csv.InputException;
import com.cpprediction.model.format.GramTable;
import com.cpprediction.model.format.Grams;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.ModelFile.Section;
import com.cpprediction.model.format.PrefixIndex;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** Builds the model file of a prefix from its rows. */
final class IndexBuilder {
  private final PrefixRows data;
  private final ModelFile.Writer writer = new ModelFile.Writer();

  /** Rows that contain an n-gram: once, and more often. */
  private static final class Holders {
    final List<Integer> once = new ArrayList<>();
    final List<Integer> more = new ArrayList<>();

    int count() {
      return once.size() + more.size();
    }
  }

  private IndexBuilder(PrefixRows data) {
    this.data = data;
  }

  /** A model file without ridge and norms of CPs, which {@link Ridge} computes from it. */
  static ModelFile.Writer build(PrefixRows data) {
    return new IndexBuilder(data).build();
  }

  private ModelFile.Writer build() {
    var rows = data.rows();
    int most = Math.max(rows.size(), data.offices().size());
    if (most > GramTable.MAX_ROWS) {
      throw new InputException(
          "Prefix %s has %d addresses and offices, a model can hold %d; lower --max-rows"
              .formatted(data.prefix(), most, GramTable.MAX_ROWS));
    }
    int cps = data.cps().size();
    var holders = new HashMap<Integer, Holders>();
    var grams = new Grams();
    for (int row = 0; row < rows.size(); row++) {
      grams.read(rows.get(row).text());
      for (int i = 0; i < grams.size(); i++) {
        var holder = holders.computeIfAbsent(grams.fingerprint(i), f -> new Holders());
        (grams.repeated(i) ? holder.more : holder.once).add(row);
      }
    }
    putNorms(rows, holders, grams);
    putOffices(holders, grams, rows.size());
    holders.values().removeIf(holder -> holder.count() < 2);
    putTable(holders, Section.GRAM_BUCKET, Section.GRAM_ENTRY, Section.GRAM_POSTING);
    writer.putBytes(Section.CP_CODE, lines(data.cps()));
    writer.putInts(Section.CP_PINCODE, data.cpPincode());
    writer.putInts(Section.CP_ROW, starts(data.addresses(), 0));
    writer.putInts(Section.CP_DIRECTORY, starts(data.directory(), data.addresses().size()));
    writer.putFloats(Section.CP_NORM, new float[cps]);
    writer.putInts(Section.CP_OFFICE, data.cpOffice());
    writer.putInts(Section.CP_OFFICES, data.cpOffices());
    writer.putFloats(Section.ALPHA_STEP, new float[cps]);
    writer.putBytes(Section.ALPHA, new byte[rows.size() * cps]);
    int pincodes = putPincodes();
    writer.putInts(
        Section.COUNTS,
        data.addresses().size(),
        data.directory().size(),
        cps,
        data.offices().size(),
        pincodes);
    return writer;
  }

  private void putNorms(List<PrefixRows.Row> rows, Map<Integer, Holders> holders, Grams grams) {
    var words = new float[rows.size()];
    var chars = new float[rows.size()];
    for (int row = 0; row < rows.size(); row++) {
      grams.read(rows.get(row).text());
      double wordSquares = 0;
      double charSquares = 0;
      for (int i = 0; i < grams.size(); i++) {
        var own = Objects.requireNonNull(holders.get(grams.fingerprint(i)));
        double weight = PrefixIndex.idf(own.count(), rows.size());
        if (grams.repeated(i)) weight *= PrefixIndex.REPEATED;
        if (grams.kind(i) == Grams.CHARS) charSquares += weight * weight;
        else wordSquares += weight * weight;
      }
      words[row] = wordSquares > 0 ? (float) (1 / Math.sqrt(wordSquares)) : 0;
      chars[row] = charSquares > 0 ? (float) (1 / Math.sqrt(charSquares)) : 0;
    }
    writer.putFloats(Section.ROW_WORD_SCALE, words).putFloats(Section.ROW_CHAR_SCALE, chars);
  }

  private void putOffices(Map<Integer, Holders> rowHolders, Grams grams, int rows) {
    var offices = data.offices();
    var words = new byte[offices.size()];
    var weight = new float[offices.size()];
    var holders = new HashMap<Integer, Holders>();
    for (int office = 0; office < offices.size(); office++) {
      grams.read(offices.get(office).name());
      for (int i = 0; i < grams.size(); i++) {
        if (grams.kind(i) == Grams.WORD_PAIR) continue;
        int print = grams.fingerprint(i);
        holders.computeIfAbsent(print, f -> new Holders()).once.add(office);
        if (grams.kind(i) == Grams.WORD) words[office]++;
        else {
          // The index drops n-grams of a single row, so that they weigh as unknown ones: df = 1.
          var known = rowHolders.get(print);
          weight[office] += (float) PrefixIndex.idf(known == null ? 1 : known.count(), rows);
        }
      }
    }
    writer.putBytes(Section.OFFICE_WORDS, words).putFloats(Section.OFFICE_WEIGHT, weight);
    putTable(holders, Section.OFFICE_BUCKET, Section.OFFICE_ENTRY, Section.OFFICE_POSTING);
  }

  /** First row of each CP, then the end of the last one. */
  private int[] starts(List<PrefixRows.Row> byCp, int first) {
    var starts = new int[data.cps().size() + 1];
    for (var row : byCp) starts[row.cp() + 1]++;
    starts[0] = first;
    for (int cp = 0; cp < data.cps().size(); cp++) starts[cp + 1] += starts[cp];
    return starts;
  }

  private void putTable(
      Map<Integer, Holders> holders, Section bucket, Section entry, Section posting) {
    var table = new GramTable.Writer();
    holders.forEach((print, holder) -> table.add(print, holder.once, holder.more));
    table.putInto(writer, bucket, entry, posting);
  }

  private int putPincodes() {
    var byPincode = new TreeMap<Integer, TreeMap<Integer, Integer>>();
    for (int cp = 0; cp < data.cpPincode().length; cp++) {
      byPincode.computeIfAbsent(data.cpPincode()[cp], p -> new TreeMap<>()).put(cp, 0);
    }
    for (var row : data.addresses()) {
      byPincode
          .computeIfAbsent(row.pincode(), p -> new TreeMap<>())
          .merge(row.cp(), 1, Integer::sum);
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
