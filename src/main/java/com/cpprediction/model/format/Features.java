package com.cpprediction.model.format;

import java.util.Arrays;
import java.util.List;

/**
 * Computes the candidate CPs of an address and their features, the input of the ranker. Reuses its
 * arrays; one instance per thread.
 */
public final class Features {
  /** Id of the feature schema, recorded in each model. */
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
  public static final int PIN_EQ = 10;

  /** Number of candidates by linear score. */
  static final int TOP = 16;

  /** Number of CPs preselected for it by the similarity of their summed rows. */
  static final int NEAREST = 24;

  private static final float ABSENT = -1;
  private static final float OWNER_SHARE = 0.3f;
  private static final int FARTHEST = 99;

  private final Grams grams = new Grams();
  private float[] similarity = {};
  private float[] charSimilarity = {};
  private float[] scale = {};
  private float[] gramIdf = {};
  private float[] officeFound = {};
  private float[] officeWordsFound = {};
  private int[] officeWordCount = {};
  private float[] ridge = {};
  private float[] centroid = {};
  private float[] directory = {};
  private boolean[] chosen = {};
  private int[] candidate = {};
  private float[] values = {};
  private final int[] best = new int[NEAREST];
  private int candidates;

  /**
   * Computes the candidates and features of an address.
   *
   * @param text canonical text
   * @param pincode six digits, or 0 when none is known
   */
  public void read(PrefixIndex index, Evidence evidence, String text, int pincode) {
    readWords(index, evidence, text);
    choose(index, evidence);
    chooseOwners(index, evidence, pincode);
    listChosen(index);
    fill(index, evidence, pincode);
  }

  /**
   * As {@link #read} without a pincode, with the CPs of {@code pincodes} among the candidates.
   *
   * @param pincodes six digits each
   */
  public void readText(PrefixIndex index, Evidence evidence, String text, int[] pincodes) {
    readWords(index, evidence, text);
    choose(index, evidence);
    for (int pincode : pincodes) chooseOwners(index, evidence, pincode);
    listChosen(index);
    fill(index, evidence, 0);
  }

  private void readWords(PrefixIndex index, Evidence evidence, String text) {
    resize(index);
    grams.read(text);
    similarities(index);
    offices(index);
    sumByCp(index, evidence);
  }

  /** Number of candidates of the last address. */
  public int candidates() {
    return candidates;
  }

  /** The CP of candidate {@code i}, ascending. */
  public int cp(int i) {
    return candidate[i];
  }

  /** The features, {@link #COUNT} per candidate, row by row; valid until the next read. */
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
      scale = new float[index.rows()];
    }
    if (officeFound.length < index.offices()) {
      officeFound = new float[index.offices()];
      officeWordsFound = new float[index.offices()];
      officeWordCount = new int[index.offices()];
    }
    if (ridge.length < index.cps()) {
      ridge = new float[index.cps()];
      centroid = new float[index.cps()];
      directory = new float[index.cps()];
      chosen = new boolean[index.cps()];
      candidate = new int[index.cps()];
      values = new float[index.cps() * COUNT];
    }
  }

  private void similarities(PrefixIndex index) {
    var table = index.grams();
    int rows = index.rows();
    Arrays.fill(similarity, 0, rows, 0); // first of words, then the sum of both
    Arrays.fill(charSimilarity, 0, rows, 0);
    if (gramIdf.length < grams.size()) gramIdf = new float[2 * grams.size()];
    double wordSquares = 0;
    double charSquares = 0;
    for (int i = 0; i < grams.size(); i++) {
      int gram = table.find(grams.fingerprint(i));
      float idf = idf(index, gram);
      gramIdf[i] = idf;
      float weight = grams.repeated(i) ? idf * PrefixIndex.REPEATED : idf;
      boolean chars = grams.kind(i) == Grams.CHARS;
      if (chars) charSquares += weight * weight;
      else wordSquares += weight * weight;
      if (gram >= 0) {
        float once = weight * idf;
        table.add(gram, once, once * PrefixIndex.REPEATED, chars ? charSimilarity : similarity);
      }
    }
    float words = wordSquares > 0 ? (float) (1 / Math.sqrt(wordSquares)) : 0;
    float chars = charSquares > 0 ? (float) (1 / Math.sqrt(charSquares)) : 0;
    index.charScales(scale);
    for (int row = 0; row < rows; row++) charSimilarity[row] *= chars * scale[row];
    index.wordScales(scale);
    for (int row = 0; row < rows; row++) {
      similarity[row] = similarity[row] * (words * scale[row]) + charSimilarity[row];
    }
  }

  /**
   * @param gram in the index, or -1: an unknown n-gram has the weight of one in a single row
   */
  private static float idf(PrefixIndex index, int gram) {
    return index.idf(gram < 0 ? Math.min(1, index.rows()) : index.grams().rows(gram));
  }

  private void offices(PrefixIndex index) {
    Arrays.fill(officeFound, 0, index.offices(), 0);
    Arrays.fill(officeWordsFound, 0, index.offices(), 0);
    Arrays.fill(officeWordCount, 0, index.offices(), 0);
    var table = index.officeGrams();
    for (int i = 0; i < grams.size(); i++) {
      if (grams.kind(i) == Grams.WORD_PAIR) continue;
      int gram = table.find(grams.fingerprint(i));
      if (gram < 0) continue;
      float idf = gramIdf[i];
      if (grams.kind(i) == Grams.WORD) {
        table.add(gram, idf, idf, officeWordsFound);
        table.count(gram, officeWordCount);
      } else {
        table.add(gram, idf, idf, officeFound);
      }
    }
  }

  private void sumByCp(PrefixIndex index, Evidence evidence) {
    for (int cp = 0; cp < index.cps(); cp++) {
      float sum = 0;
      int end = index.firstRow(cp + 1);
      for (int row = index.firstRow(cp); row < end; row++) {
        if (!evidence.leavesOut(row)) sum += similarity[row];
      }
      float nearest = 0;
      int directoryEnd = index.firstDirectoryRow(cp + 1);
      for (int row = index.firstDirectoryRow(cp); row < directoryEnd; row++) {
        sum += similarity[row];
        nearest = Math.max(nearest, charSimilarity[row]);
      }
      float norm = evidence.cpNorm(cp);
      centroid[cp] = norm > 0 ? sum / norm : 0;
      directory[cp] = nearest;
    }
  }

  private void choose(PrefixIndex index, Evidence evidence) {
    int cps = index.cps();
    Arrays.fill(chosen, 0, cps, false);
    int near = Math.min(NEAREST, cps);
    for (int cp = 0, found = 0; cp < cps; cp++) found = keep(cp, found, near, centroid);
    for (int i = 0; i < near; i++) ridge[best[i]] = evidence.ridge(best[i], similarity);
    Arrays.sort(best, 0, near); // ties are broken by the lower CP
    int top = Math.min(TOP, near);
    for (int i = 0, found = 0; i < near; i++) found = keep(best[i], found, top, ridge);
    for (int i = 0; i < top; i++) chosen[best[i]] = true;
  }

  private void chooseOwners(PrefixIndex index, Evidence evidence, int pincode) {
    int place = pincode == 0 ? -1 : index.findPincode(pincode);
    if (place < 0) return;
    for (int e = index.pincodeStart(place); e < index.pincodeEnd(place); e++) {
      int cp = index.pincodeCp(e);
      if (chosen[cp]) continue;
      chosen[cp] = true;
      ridge[cp] = evidence.ridge(cp, similarity);
    }
  }

  private void listChosen(PrefixIndex index) {
    candidates = 0;
    for (int cp = 0; cp < index.cps(); cp++) if (chosen[cp]) candidate[candidates++] = cp;
  }

  /**
   * Inserts {@code cp} into the sorted list of the {@code found} best CPs if it belongs there.
   *
   * @param most maximum length of the list
   * @return the new length
   */
  private int keep(int cp, int found, int most, float[] score) {
    if (found == most && score[cp] <= score[best[most - 1]]) return found;
    int at = Math.min(found, most - 1);
    for (; at > 0 && score[best[at - 1]] < score[cp]; at--) best[at] = best[at - 1];
    best[at] = cp;
    return Math.min(found + 1, most);
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
      values[at++] = ridge[cp];
      values[at++] = centroid[cp];
      values[at++] = directory[cp];
      at = fillOffices(index, cp, at);
      values[at++] = (float) StrictMath.log1p(evidence.cpRows(cp));
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

  /** How many of the last three digits are equal by position. */
  private static int equalDigits(int a, int b) {
    int equal = 0;
    for (int place = 1; place <= 100; place *= 10) {
      if (a / place % 10 == b / place % 10) equal++;
    }
    return equal;
  }
}
