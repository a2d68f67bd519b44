package com.cpprediction.model.format;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Computes the candidate CPs of a text and their features, the input of the ranker, from the counts
 * of a prefix. The pincode is no feature. Reuses its arrays; one instance per thread.
 */
public final class Features {
  /** Id of the feature schema, recorded in each model. */
  public static final String SCHEMA = "counts-29/1";

  /** The columns, in order. */
  public static final List<String> NAMES =
      List.of(
          "cosine_words",
          "cosine_chars",
          "cosine_words_of_best",
          "cosine_chars_of_best",
          "bm25_words_of_best",
          "bm25_chars_of_best",
          "vote_words",
          "vote_chars",
          "vote_squares",
          "purest_word",
          "second_word",
          "purest_pair",
          "purest_word_of_best",
          "known_words",
          "known_chars",
          "office_exact",
          "office_share",
          "own_office_share",
          "own_office_exact",
          "office_found",
          "region",
          "named_own_office",
          "named_office",
          "named_region",
          "places_log",
          "places_of_most",
          "cps",
          "words",
          "votes");

  /** Columns per candidate. */
  public static final int COUNT = NAMES.size();

  /** Number of candidates by text. */
  public static final int TOP = 20;

  private static final float K1 = 1.2f;
  private static final float B = 0.5f;
  private static final float CHAR_VOTE = 0.3f;
  private static final float ABSENT = -1;

  // Sums of a CP over the n-grams of a text, side by side.
  private static final int COSINE_WORDS = 0;
  private static final int VOTE_WORDS = 1;
  private static final int BM25_WORDS = 2;
  private static final int KNOWN_WORDS = 3;
  private static final int BEST = 4;
  private static final int SECOND = 5;
  private static final int PAIR = 6;
  private static final int COSINE_CHARS = 7;
  private static final int VOTE_CHARS = 8;
  private static final int BM25_CHARS = 9;
  private static final int KNOWN_CHARS = 10;
  private static final int SQUARES = 11;
  private static final int SUMS = 12;

  private final Grams grams = new Grams();
  private float[] sums = {};
  private float[] saturation = {}; // two by CP: of words, of characters
  private float[] gramWeight = {};
  private float[] officeFound = {};
  private float[] officeNamed = {};
  private float[] officeWordsFound = {};
  private int[] officeWordCount = {};
  private float[] region = {};
  private float[] namedRegion = {};
  private float[] score = {};
  private boolean[] chosen = {};
  private int[] candidate = {};
  private float[] values = {};
  private final int[] best = new int[TOP];
  private final float[] highest = new float[SUMS];
  private final float[] total = new float[SUMS];
  private int candidates;
  private float wordWeights;
  private float charWeights;
  private float namedWeights;
  private int namedRegions;

  /**
   * Computes the candidates and features of a text.
   *
   * @param own share of the text's own place in the counts, to leave out; null for none
   * @param text canonical
   * @param pincodes whose CPs are candidates whatever the text says
   */
  public void read(PrefixIndex index, @Nullable OwnPlace own, String text, int... pincodes) {
    resize(index);
    grams.read(text);
    sum(index, own);
    offices(index);
    choose(index, pincodes);
    fill(index, own);
  }

  /** Number of candidates of the last text. */
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

  private void resize(PrefixIndex index) {
    int cps = index.cps();
    if (score.length < cps) {
      sums = new float[SUMS * cps];
      saturation = new float[2 * cps];
      region = new float[cps];
      namedRegion = new float[cps];
      score = new float[cps];
      chosen = new boolean[cps];
      candidate = new int[cps];
      values = new float[COUNT * cps];
    }
    if (officeFound.length < index.offices()) {
      officeFound = new float[index.offices()];
      officeNamed = new float[index.offices()];
      officeWordsFound = new float[index.offices()];
      officeWordCount = new int[index.offices()];
    }
  }

  private void sum(PrefixIndex index, @Nullable OwnPlace own) {
    int cps = index.cps();
    Arrays.fill(sums, 0, SUMS * cps, 0);
    if (gramWeight.length < grams.size()) gramWeight = new float[2 * grams.size()];
    for (int cp = 0; cp < cps; cp++) {
      float words = index.wordCount(cp) - (own == null ? 0 : own.norm(cp, 0));
      float chars = index.charCount(cp) - (own == null ? 0 : own.norm(cp, 2));
      saturation[2 * cp] = K1 * (1 - B + B * words / index.meanWordCount());
      saturation[2 * cp + 1] = K1 * (1 - B + B * chars / index.meanCharCount());
    }
    wordWeights = 0;
    charWeights = 0;
    float wordSquares = 0;
    float charSquares = 0;
    var table = index.grams();
    for (int i = 0; i < grams.size(); i++) {
      int gram = table.find(grams.fingerprint(i));
      int occurrences = gram < 0 ? 0 : table.total(gram) - (own == null ? 0 : own.total(gram));
      boolean known = occurrences > 0;
      float plain = known ? index.weight(gram, occurrences) : index.unknownWeight();
      gramWeight[i] = plain;
      float weight = grams.repeated(i) ? plain * PrefixIndex.REPEATED : plain;
      boolean chars = grams.kind(i) == Grams.CHARS;
      if (chars) {
        charSquares += weight * weight;
        charWeights += weight;
      } else {
        wordSquares += weight * weight;
        wordWeights += weight;
      }
      if (!known) continue;
      if (table.isSingle(gram)) {
        add(i, table.start(gram), 1, 1, weight, plain);
        continue;
      }
      int first = table.first(gram);
      int length = table.length(gram);
      for (int k = 0; k < length; k++) {
        int cp = table.place(first, k);
        int count = table.count(first, length, k);
        if (own != null) count -= own.count(gram, cp);
        if (count > 0) add(i, cp, count, occurrences, weight, plain);
      }
    }
    scale(index, own, wordSquares, charSquares);
  }

  private void add(int i, int cp, int count, int occurrences, float weight, float plain) {
    int at = cp * SUMS;
    float share = (float) count / occurrences;
    if (grams.kind(i) == Grams.CHARS) {
      sums[at + COSINE_CHARS] += weight * plain * count;
      sums[at + VOTE_CHARS] += weight * share;
      sums[at + BM25_CHARS] += weight * count / (count + saturation[2 * cp + 1]);
      sums[at + KNOWN_CHARS] += weight;
      sums[at + SQUARES] += CHAR_VOTE * weight * share * share;
      return;
    }
    sums[at + COSINE_WORDS] += weight * plain * count;
    sums[at + VOTE_WORDS] += weight * share;
    sums[at + BM25_WORDS] += weight * count / (count + saturation[2 * cp]);
    sums[at + KNOWN_WORDS] += weight;
    sums[at + SQUARES] += weight * share * share;
    float purity = weight * count / (occurrences + 1f);
    if (grams.kind(i) == Grams.WORD_PAIR) {
      sums[at + PAIR] = Math.max(sums[at + PAIR], purity);
    } else if (purity > sums[at + BEST]) {
      sums[at + SECOND] = sums[at + BEST];
      sums[at + BEST] = purity;
    } else {
      sums[at + SECOND] = Math.max(sums[at + SECOND], purity);
    }
  }

  /** Makes cosines of dot products, and finds the highest and the sum of each column. */
  private void scale(
      PrefixIndex index, @Nullable OwnPlace own, float wordSquares, float charSquares) {
    Arrays.fill(highest, Float.MIN_NORMAL);
    Arrays.fill(total, Float.MIN_NORMAL);
    for (int cp = 0; cp < index.cps(); cp++) {
      int at = cp * SUMS;
      sums[at + COSINE_WORDS] /= norm(index.wordNorm(cp), own, cp, 1, wordSquares);
      sums[at + COSINE_CHARS] /= norm(index.charNorm(cp), own, cp, 3, charSquares);
      for (int i = 0; i < SUMS; i++) {
        float sum = sums[at + i];
        if (sum > highest[i]) highest[i] = sum;
        total[i] += sum;
      }
    }
  }

  private static float norm(float whole, @Nullable OwnPlace own, int cp, int which, float squares) {
    float square = whole * whole - (own == null ? 0 : own.norm(cp, which));
    return (float) Math.sqrt(Math.max(square, 1) * squares) + Float.MIN_NORMAL;
  }

  private void offices(PrefixIndex index) {
    Arrays.fill(officeFound, 0, index.offices(), 0);
    Arrays.fill(officeNamed, 0, index.offices(), 0);
    Arrays.fill(officeWordsFound, 0, index.offices(), 0);
    Arrays.fill(officeWordCount, 0, index.offices(), 0);
    Arrays.fill(region, 0, index.cps(), 0);
    Arrays.fill(namedRegion, 0, index.cps(), 0);
    namedWeights = 0;
    namedRegions = 0;
    var table = index.officeGrams();
    var regions = index.regionGrams();
    for (int i = 0; i < grams.size(); i++) {
      byte kind = grams.kind(i);
      if (kind == Grams.WORD_PAIR) continue;
      float weight = gramWeight[i];
      boolean named = kind == Grams.CHARS && grams.isCued(i, Grams.POST_OFFICE);
      if (named) namedWeights += weight;
      int gram = table.find(grams.fingerprint(i));
      if (gram >= 0) {
        boolean single = table.isSingle(gram);
        int length = single ? 1 : table.length(gram);
        int first = single ? 0 : table.first(gram);
        for (int k = 0; k < length; k++) {
          int office = single ? table.start(gram) : table.place(first, k);
          if (kind == Grams.WORD) {
            officeWordsFound[office] += weight;
            officeWordCount[office]++;
          } else {
            officeFound[office] += weight;
            if (named) officeNamed[office] += weight;
          }
        }
      }
      if (kind == Grams.WORD) region(regions, i, weight);
    }
  }

  private void region(GramCounts regions, int i, float weight) {
    boolean named = grams.isCued(i, Grams.REGION);
    if (named) namedRegions++;
    int gram = regions.find(grams.fingerprint(i));
    if (gram < 0) return;
    boolean single = regions.isSingle(gram);
    int length = single ? 1 : regions.length(gram);
    int first = single ? 0 : regions.first(gram);
    for (int k = 0; k < length; k++) {
      int cp = single ? regions.start(gram) : regions.place(first, k);
      region[cp] += weight;
      if (named) namedRegion[cp]++;
    }
  }

  private void choose(PrefixIndex index, int[] pincodes) {
    int cps = index.cps();
    Arrays.fill(chosen, 0, cps, false);
    int most = Math.min(TOP, cps);
    int found = 0;
    for (int cp = 0; cp < cps; cp++) {
      int at = cp * SUMS;
      score[cp] =
          sums[at + COSINE_WORDS]
              + sums[at + COSINE_CHARS]
              + 0.3f * sums[at + BM25_WORDS] / highest[BM25_WORDS]
              + 0.3f * sums[at + BM25_CHARS] / highest[BM25_CHARS]
              + sums[at + VOTE_WORDS] / total[VOTE_WORDS];
      found = keep(cp, found, most);
    }
    for (int i = 0; i < found; i++) chosen[best[i]] = true;
    for (int pincode : pincodes) {
      int place = index.findPincode(pincode);
      if (place < 0) continue;
      for (int e = index.pincodeStart(place); e < index.pincodeEnd(place); e++) {
        chosen[index.pincodeCp(e)] = true;
      }
    }
    listChosen(index);
  }

  private void listChosen(PrefixIndex index) {
    candidates = 0;
    for (int cp = 0; cp < index.cps(); cp++) if (chosen[cp]) candidate[candidates++] = cp;
  }

  /**
   * Inserts {@code cp} into the sorted list of the {@code found} best CPs if it belongs there; the
   * lower CP goes first where scores are equal.
   *
   * @param most maximum length of the list
   * @return the new length
   */
  private int keep(int cp, int found, int most) {
    if (found == most && score[cp] <= score[best[most - 1]]) return found;
    int at = Math.min(found, most - 1);
    for (; at > 0 && score[best[at - 1]] < score[cp]; at--) best[at] = best[at - 1];
    best[at] = cp;
    return Math.min(found + 1, most);
  }

  private void fill(PrefixIndex index, @Nullable OwnPlace own) {
    float most = 1;
    for (int i = 0; i < candidates; i++) most = Math.max(most, places(index, own, candidate[i]));
    for (int i = 0; i < candidates; i++) {
      int cp = candidate[i];
      int from = cp * SUMS;
      int at = i * COUNT;
      values[at++] = sums[from + COSINE_WORDS];
      values[at++] = sums[from + COSINE_CHARS];
      values[at++] = sums[from + COSINE_WORDS] / highest[COSINE_WORDS];
      values[at++] = sums[from + COSINE_CHARS] / highest[COSINE_CHARS];
      values[at++] = sums[from + BM25_WORDS] / highest[BM25_WORDS];
      values[at++] = sums[from + BM25_CHARS] / highest[BM25_CHARS];
      float words = sums[from + VOTE_WORDS] / total[VOTE_WORDS];
      float chars = sums[from + VOTE_CHARS] / total[VOTE_CHARS];
      values[at++] = words;
      values[at++] = chars;
      values[at++] = sums[from + SQUARES] / total[SQUARES];
      values[at++] = sums[from + BEST];
      values[at++] = sums[from + SECOND];
      values[at++] = sums[from + PAIR];
      values[at++] = sums[from + BEST] / highest[BEST];
      values[at++] = wordWeights > 0 ? sums[from + KNOWN_WORDS] / wordWeights : 0;
      values[at++] = charWeights > 0 ? sums[from + KNOWN_CHARS] / charWeights : 0;
      at = fillOffices(index, cp, at);
      float places = places(index, own, cp);
      values[at++] = (float) StrictMath.log1p(places);
      values[at++] = places / most;
      values[at++] = index.cps();
      values[at++] = grams.words();
      values[at] = words + chars;
    }
  }

  private static int places(PrefixIndex index, @Nullable OwnPlace own, int cp) {
    return index.cpPlaces(cp) - (own == null ? 0 : own.places(cp));
  }

  private int fillOffices(PrefixIndex index, int cp, int start) {
    int at = start;
    float exact = 0;
    float share = 0;
    float found = 0;
    float named = namedWeights > 0 ? 0 : ABSENT;
    for (int office = index.firstOffice(cp); office < index.endOffice(cp); office++) {
      float weight = index.officeWeight(office);
      if (isExact(index, office)) exact = Math.max(exact, officeWordsFound[office]);
      if (weight <= 0) continue;
      share = Math.max(share, officeFound[office] / weight);
      found = Math.max(found, officeFound[office] / (float) Math.sqrt(weight));
      named = Math.max(named, named(index, office));
    }
    int own = index.cpOffice(cp);
    boolean weighs = own >= 0 && index.officeWeight(own) > 0;
    values[at++] = exact;
    values[at++] = share;
    values[at++] = weighs ? officeFound[own] / index.officeWeight(own) : 0;
    values[at++] = own >= 0 && isExact(index, own) ? officeWordsFound[own] : 0;
    values[at++] = found;
    values[at++] = region[cp] / Math.max(wordWeights, 1);
    values[at++] = weighs && namedWeights > 0 ? named(index, own) : ABSENT;
    values[at++] = named;
    values[at++] = namedRegions > 0 ? namedRegion[cp] / namedRegions : ABSENT;
    return at;
  }

  private boolean isExact(PrefixIndex index, int office) {
    return officeWordCount[office] == index.officeWords(office);
  }

  /** How much of what is named as the post office is the name of {@code office}. */
  private float named(PrefixIndex index, int office) {
    if (namedWeights <= 0) return ABSENT;
    return officeNamed[office] / Math.max(namedWeights / 2, index.officeWeight(office));
  }
}
