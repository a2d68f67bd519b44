package com.cpprediction.model;

import java.util.Arrays;
import java.util.List;

/**
 * Turns an address into its candidate CPs and what speaks for each: the input of the ranker. Holds
 * the arrays of one address after the other; one instance per thread.
 */
public final class Features {
  /** Names what the columns mean; a model says which it was trained on. */
  public static final String SCHEMA = "retrieve-rank-14/1";

  /** The columns, in order. */
  public static final List<String> NAMES =
      List.of(
          "ridge",
          "cent",
          "dir_c",
          "offexact",
          "off_c",
          "own_c",
          "prior",
          "K",
          "ntok",
          "pin_absent",
          "pin_eq",
          "pin_share",
          "pin_agree",
          "pin_diff");

  /** Columns per candidate. */
  public static final int COUNT = NAMES.size();

  /** Column of {@code pin_eq}: 1 when the CP owns the given pincode. */
  static final int PIN_EQ = 10;

  /** How many CPs the linear score proposes. */
  static final int TOP = 16;

  private static final float ABSENT = -1;
  private static final float OWNER_SHARE = 0.3f;
  private static final int FARTHEST = 99;

  private final Grams grams = new Grams();
  private float[] similarity = {};
  private float[] charSimilarity = {};
  private float[] officeFound = {};
  private float[] officeWordsFound = {};
  private int[] officeWordCount = {};
  private float[] ridge = {};
  private float[] sum = {};
  private float[] directory = {};
  private boolean[] chosen = {};
  private int[] candidate = {};
  private float[] values = {};
  private int candidates;

  /**
   * Reads an address.
   *
   * @param text canonical text
   * @param pincode six digits, or 0 when none is known
   */
  public void read(PrefixIndex index, Evidence evidence, String text, int pincode) {
    resize(index);
    grams.read(text);
    similarities(index);
    offices(index);
    evidence.ridge(similarity, ridge);
    sumByCp(index, evidence);
    choose(index, pincode);
    fill(index, evidence, pincode);
  }

  /** Candidate CPs of the address read last. */
  public int candidates() {
    return candidates;
  }

  /** The CP of candidate {@code i}, ascending. */
  public int cp(int i) {
    return candidate[i];
  }

  /** {@link #COUNT} columns by candidate, in one row after the other; valid until the next read. */
  public float[] values() {
    return values;
  }

  /**
   * Similarity of an address to every row of the index: cosine of words plus cosine of characters.
   * Valid until the next call on this object.
   */
  public float[] similarities(PrefixIndex index, String text) {
    resize(index);
    grams.read(text);
    similarities(index);
    return similarity;
  }

  private void resize(PrefixIndex index) {
    if (similarity.length < index.rows()) {
      similarity = new float[index.rows()];
      charSimilarity = new float[index.rows()];
    }
    if (officeFound.length < index.offices()) {
      officeFound = new float[index.offices()];
      officeWordsFound = new float[index.offices()];
      officeWordCount = new int[index.offices()];
    }
    if (ridge.length < index.cps()) {
      ridge = new float[index.cps()];
      sum = new float[index.cps()];
      directory = new float[index.cps()];
      chosen = new boolean[index.cps()];
      candidate = new int[index.cps()];
      values = new float[index.cps() * COUNT];
    }
  }

  private void similarities(PrefixIndex index) {
    var table = index.grams();
    int rows = index.rows();
    Arrays.fill(similarity, 0, rows, 0); // words first, the sum of both in the end
    Arrays.fill(charSimilarity, 0, rows, 0);
    double wordSquares = 0;
    double charSquares = 0;
    for (int i = 0; i < grams.size(); i++) {
      int list = table.find(grams.fingerprint(i));
      float idf = idf(index, table, list);
      float weight = grams.repeated(i) ? idf * PrefixIndex.REPEATED : idf;
      boolean chars = grams.kind(i) == Grams.CHARS;
      if (chars) charSquares += weight * weight;
      else wordSquares += weight * weight;
      if (list >= 0) add(table, list, weight * idf, chars ? charSimilarity : similarity);
    }
    float words = (float) Math.sqrt(wordSquares);
    float chars = (float) Math.sqrt(charSquares);
    for (int row = 0; row < rows; row++) {
      if (similarity[row] != 0) similarity[row] /= words * index.rowWordNorm(row);
      if (charSimilarity[row] != 0) {
        charSimilarity[row] /= chars * index.rowCharNorm(row);
        similarity[row] += charSimilarity[row];
      }
    }
  }

  /**
   * @param list of the n-gram in {@code table}, or -1: an unknown one weighs as one of a single row
   */
  private static float idf(PrefixIndex index, GramTable table, int list) {
    return (float)
        PrefixIndex.idf(list < 0 ? 1 : table.end(list) - table.start(list), index.rows());
  }

  private static void add(GramTable table, int list, float weight, float[] sums) {
    int once = table.endOnce(list);
    int end = table.end(list);
    int posting = table.start(list);
    for (; posting < once; posting++) sums[table.row(posting)] += weight;
    for (float more = weight * PrefixIndex.REPEATED; posting < end; posting++) {
      sums[table.row(posting)] += more;
    }
  }

  private void offices(PrefixIndex index) {
    Arrays.fill(officeFound, 0, index.offices(), 0);
    Arrays.fill(officeWordsFound, 0, index.offices(), 0);
    Arrays.fill(officeWordCount, 0, index.offices(), 0);
    var rowTable = index.grams();
    var table = index.officeGrams();
    for (int i = 0; i < grams.size(); i++) {
      if (grams.kind(i) == Grams.WORD_PAIR) continue;
      int list = table.find(grams.fingerprint(i));
      if (list < 0) continue;
      float idf = idf(index, rowTable, rowTable.find(grams.fingerprint(i)));
      boolean word = grams.kind(i) == Grams.WORD;
      for (int posting = table.start(list); posting < table.end(list); posting++) {
        int office = table.row(posting);
        if (word) {
          officeWordsFound[office] += idf;
          officeWordCount[office]++;
        } else {
          officeFound[office] += idf;
        }
      }
    }
  }

  private void sumByCp(PrefixIndex index, Evidence evidence) {
    Arrays.fill(sum, 0, index.cps(), 0);
    Arrays.fill(directory, 0, index.cps(), 0);
    for (int row = 0; row < index.addressRows(); row++) {
      if (similarity[row] != 0 && !evidence.leavesOut(row))
        sum[index.rowCp(row)] += similarity[row];
    }
    for (int row = index.addressRows(); row < index.rows(); row++) {
      int cp = index.rowCp(row);
      sum[cp] += similarity[row];
      directory[cp] = Math.max(directory[cp], charSimilarity[row]);
    }
  }

  private void choose(PrefixIndex index, int pincode) {
    int cps = index.cps();
    Arrays.fill(chosen, 0, cps, false);
    for (int n = Math.min(TOP, cps); n > 0; n--) {
      int best = -1;
      for (int cp = 0; cp < cps; cp++) {
        if (!chosen[cp] && (best < 0 || ridge[cp] > ridge[best])) best = cp;
      }
      chosen[best] = true;
    }
    int place = pincode == 0 ? -1 : index.findPincode(pincode);
    if (place >= 0) {
      for (int e = index.pincodeStart(place); e < index.pincodeEnd(place); e++) {
        chosen[index.pincodeCp(e)] = true;
      }
    }
    candidates = 0;
    for (int cp = 0; cp < cps; cp++) if (chosen[cp]) candidate[candidates++] = cp;
  }

  private void fill(PrefixIndex index, Evidence evidence, int pincode) {
    int place = pincode == 0 ? -1 : index.findPincode(pincode);
    float withPincode = 0;
    if (place >= 0) {
      for (int e = index.pincodeStart(place); e < index.pincodeEnd(place); e++) {
        withPincode += evidence.pincodeRows(e);
      }
    }
    for (int i = 0; i < candidates; i++) {
      int cp = candidate[i];
      int at = i * COUNT;
      float norm = evidence.cpNorm(cp);
      values[at++] = ridge[cp];
      values[at++] = norm > 0 ? sum[cp] / norm : 0;
      values[at++] = directory[cp];
      at = fillOffices(index, cp, at);
      values[at++] = (float) Math.log1p(evidence.cpRows(cp));
      values[at++] = index.cps();
      values[at++] = grams.words();
      fillPincode(index, evidence, cp, at, pincode, place, withPincode);
    }
  }

  private int fillOffices(PrefixIndex index, int cp, int start) {
    int at = start;
    float exact = 0;
    float share = 0;
    for (int office = index.firstOffice(cp); office < index.endOffice(cp); office++) {
      if (officeWordCount[office] == index.officeWords(office)) {
        exact = Math.max(exact, officeWordsFound[office]);
      }
      share = Math.max(share, officeShare(index, office));
    }
    values[at++] = exact;
    values[at++] = share;
    values[at++] = index.cpOffice(cp) < 0 ? 0 : officeShare(index, index.cpOffice(cp));
    return at;
  }

  private float officeShare(PrefixIndex index, int office) {
    float weight = index.officeWeight(office);
    return weight > 0 ? officeFound[office] / weight : 0;
  }

  private void fillPincode(
      PrefixIndex index,
      Evidence evidence,
      int cp,
      int start,
      int pincode,
      int place,
      float withPincode) {
    int at = start;
    if (pincode == 0) {
      values[at++] = 1;
      Arrays.fill(values, at, at + 4, ABSENT);
      return;
    }
    int own = index.cpPincode(cp);
    float owns = own == pincode ? 1 : 0;
    float rows = 0;
    if (place >= 0) {
      for (int e = index.pincodeStart(place); e < index.pincodeEnd(place); e++) {
        if (index.pincodeCp(e) == cp) rows = evidence.pincodeRows(e);
      }
    }
    values[at++] = 0;
    values[at++] = owns;
    values[at++] = (rows + OWNER_SHARE * owns) / (withPincode + OWNER_SHARE);
    values[at++] = equalDigits(own, pincode);
    values[at] = Math.min(Math.abs(own - pincode), FARTHEST);
  }

  /** How many of the last three digits are equal, place by place. */
  private static int equalDigits(int a, int b) {
    int equal = 0;
    for (int place = 1; place <= 100; place *= 10) {
      if (a / place % 10 == b / place % 10) equal++;
    }
    return equal;
  }
}
