package com.cpprediction.model.format;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Computes the candidate CPs of a text and their features, the input of the ranker, from the counts
 * of a prefix. The pincode is no feature. The learned votes decide which candidates are contenders:
 * the others are so far behind that their share of the votes is probability enough, and the
 * costlier features and the ranker are spared for them. Reuses its arrays; one instance per thread.
 */
public final class Features {
  /** Id of the feature schema, recorded in each model. */
  public static final String SCHEMA = "counts-50/1";

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
          "votes",
          "learned",
          "learned_share",
          "learned_words",
          "learned_pairs",
          "learned_chars",
          "learned_chars_of_unknown",
          "learned_skeletons",
          "learned_margin",
          "cosine_words_margin",
          "bm25_chars_margin",
          "votes_margin",
          "vote_squares_margin",
          "firsts",
          "learned_rank",
          "learned_next_door",
          "learned_nearby",
          "own_office_like",
          "own_office_alike",
          "office_like",
          "office_alike",
          "own_office_end");

  /** Columns per candidate. */
  public static final int COUNT = NAMES.size();

  /** Number of candidates by text. */
  public static final int TOP = 20;

  /**
   * Votes behind the highest beyond which a candidate is no contender. Of 19,940 held-back
   * addresses, the prefix alone given, 81.1 % are right with 6 as without it and 92.4 instead of
   * 92.5 % among the first three, with 10.0 contenders instead of 17.5 (2026-11-29).
   */
  private static final int BEHIND = 6;

  private static final int LEAST_CONTENDERS = 5;

  /** The choice of contenders, a part of each scoring fingerprint. */
  public static final String CONTENDERS = BEHIND + "/" + LEAST_CONTENDERS;

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
  private static final int SCALED = 12; // the columns of which the highest and the sum are known
  private static final int LEARNED = 12; // votes, by kind of n-gram
  private static final int SUMS = LEARNED + GramVotes.KINDS;

  // Columns that others are made of.
  private static final int OFFICES = NAMES.indexOf("office_exact");
  private static final int PLACES = NAMES.indexOf("places_log");
  private static final int VOTES = NAMES.indexOf("votes");
  private static final int VOTED = NAMES.indexOf("learned");
  private static final int VOTED_SHARE = VOTED + 1;
  private static final int MARGINS = NAMES.indexOf("learned_margin");
  private static final int[] MARGIN_OF =
      columns("learned", "cosine_words", "bm25_chars_of_best", "votes", "vote_squares");
  private static final int FIRSTS = NAMES.indexOf("firsts");
  private static final int[] FIRST_OF =
      columns(
          "cosine_words",
          "cosine_chars",
          "bm25_words_of_best",
          "bm25_chars_of_best",
          "vote_words",
          "vote_chars",
          "vote_squares",
          "purest_word",
          "purest_pair",
          "learned",
          "learned_words",
          "learned_pairs",
          "learned_chars",
          "learned_chars_of_unknown");
  private static final int OFFICES_LIKE = NAMES.indexOf("own_office_like");

  private static final int NEXT_DOOR = 2; // distance of pincodes
  private static final int NEARBY = 100; // pincodes of one hundred
  private static final int LEAST_NAME = 3; // characters of a name that is searched
  private static final float LEAST_LIKE = 0.2f; // share of its n-grams that are in the text
  private static final float UNLIKE = -1.5f; // of a character of a name that isn't
  private static final float ERROR = 2.5f; // characters that one error outweighs
  private static final float ALIKE = 0.6f;

  private final float behind;
  private final Grams grams = new Grams();
  private float[] sums = {};
  private float[] gramWeight = {};
  private float[] officeFound = {};
  private float[] officeNamed = {};
  private float[] officeWordsFound = {};
  private int[] officeWordCount = {};
  private float[] region = {};
  private float[] namedRegion = {};
  private float[] score = {};
  private boolean[] chosen = {};
  private boolean[] hasPincode = {}; // of the request
  private int[] candidate = {};
  private float[] values = {};
  private final int[] best = new int[TOP];
  private final float[] highest = new float[SCALED];
  private final float[] total = new float[SCALED];
  private final Fuzzy fuzzy = new Fuzzy();
  private final CpFactors left = new CpFactors(); // without the own place
  private boolean[] known = {}; // by n-gram of the text
  private int[] officeGrams = {}; // n-grams of the text that offices may have
  private int[] regionGrams = {};
  private final GramCounts.Postings postings = new GramCounts.Postings();
  private final GramCounts.Found found = new GramCounts.Found();
  private float[] parts = {}; // by posting, of the occurrences of an n-gram
  private @Nullable GramCodes codes;
  private int candidates;
  private float[] shares = {}; // by candidate, of all votes
  private int[] contender = {}; // candidates, ascending
  private int contenders;
  private float highestVote;
  private float like; // highest of the offices of the CP in work
  private float alike;
  private int officeGramCount;
  private int regionGramCount;
  private float wordWeights;
  private float charWeights;
  private float namedWeights;
  private int namedRegions;

  /** Chooses contenders as the service does. */
  public Features() {
    this(BEHIND);
  }

  /**
   * @param behind votes behind the highest beyond which a candidate is no contender
   */
  Features(float behind) {
    this.behind = behind;
  }

  /** Takes every candidate for a contender, as the ranker learns. */
  public static Features ofAll() {
    return new Features(Float.POSITIVE_INFINITY);
  }

  /**
   * Computes the candidates of a text and the features of the contenders.
   *
   * @param votes of the release
   * @param own share of the text's own place in the counts, to leave out; null for none
   * @param text canonical
   * @param pincodes whose CPs are candidates, and contenders, whatever the text says
   */
  public void read(
      PrefixIndex index, GramVotes votes, @Nullable OwnPlace own, String text, int... pincodes) {
    resize(index);
    grams.read(text);
    fuzzy.read(text, Grams.LONG_NUMBER);
    var factors = own == null ? index.factors() : left.read(index, own);
    sum(index, votes, own, factors);
    offices(index);
    choose(index, pincodes);
    fill(index, factors);
  }

  /** Receives the code of each n-gram of a text that a CP has, to learn votes from. */
  public interface GramCodes {
    void add(int cp, int code);
  }

  /**
   * @param receiver of the codes of the texts that are read from now on
   */
  public void passCodes(GramCodes receiver) {
    codes = receiver;
  }

  /** Number of candidates of the last text. */
  public int candidates() {
    return candidates;
  }

  /** The highest vote of n-grams for a candidate of the last text. */
  public float highestVote() {
    return highestVote;
  }

  /** The CP of candidate {@code i}, ascending. */
  public int cp(int i) {
    return candidate[i];
  }

  /** Share of candidate {@code i} in the softmax of the learned votes, 0..1. */
  public float share(int i) {
    return shares[i];
  }

  /** Number of contenders of the last text. */
  public int contenders() {
    return contenders;
  }

  /** The candidate that is contender {@code k}, ascending. */
  public int contender(int k) {
    return contender[k];
  }

  /** The features, {@link #COUNT} per contender, row by row; valid until the next read. */
  public float[] values() {
    return values;
  }

  private void resize(PrefixIndex index) {
    int cps = index.cps();
    if (score.length < cps) {
      sums = new float[SUMS * cps];
      region = new float[cps];
      namedRegion = new float[cps];
      score = new float[cps];
      chosen = new boolean[cps];
      hasPincode = new boolean[cps];
      candidate = new int[cps];
      shares = new float[cps];
      contender = new int[cps];
      values = new float[COUNT * cps];
    }
    if (officeFound.length < index.offices()) {
      officeFound = new float[index.offices()];
      officeNamed = new float[index.offices()];
      officeWordsFound = new float[index.offices()];
      officeWordCount = new int[index.offices()];
    }
  }

  private void sum(PrefixIndex index, GramVotes votes, @Nullable OwnPlace own, CpFactors factors) {
    int cps = index.cps();
    Arrays.fill(sums, 0, SUMS * cps, 0);
    if (gramWeight.length < grams.size()) {
      gramWeight = new float[2 * grams.size()];
      known = new boolean[2 * grams.size()];
      officeGrams = new int[2 * grams.size()];
      regionGrams = new int[2 * grams.size()];
    }
    wordWeights = 0;
    charWeights = 0;
    float wordSquares = 0;
    float charSquares = 0;
    var table = index.grams();
    table.find(grams, found);
    listOfficeGrams(index);
    for (int i = 0; i < grams.size(); i++) {
      int gram = found.gram(i);
      int occurrences = gram < 0 ? 0 : found.total(i) - (own == null ? 0 : own.total(gram));
      known[i] = occurrences > 0;
      float plain = known[i] ? index.weightOf(found.weight(i), occurrences) : index.unknownWeight();
      gramWeight[i] = plain;
      float weight = grams.repeated(i) ? plain * PrefixIndex.REPEATED : plain;
      int group = Grams.group(grams.kind(i));
      if (group == 1) {
        charSquares += weight * weight;
        charWeights += weight;
      } else if (group == 0) {
        wordSquares += weight * weight;
        wordWeights += weight;
      }
      if (!known[i]) continue;
      table.read(found, i, postings);
      if (own != null) leaveOut(own, gram);
      vote(votes, i, occurrences, factors);
      if (group == 1) addChars(weight, plain, factors);
      else if (group == 0) addWords(i, weight, plain, occurrences, factors);
    }
    scale(cps, factors, wordSquares, charSquares);
  }

  /** Lists the words and characters that names of offices may have, and the words of regions. */
  private void listOfficeGrams(PrefixIndex index) {
    officeGramCount = 0;
    regionGramCount = 0;
    for (int i = 0; i < grams.size(); i++) {
      byte kind = grams.kind(i);
      if (kind == Grams.WORD_PAIR || kind == Grams.SKELETON) continue;
      int gram = found.gram(i);
      int fingerprint = grams.fingerprint(i);
      if (index.mayBeOfOffice(gram, fingerprint)) officeGrams[officeGramCount++] = i;
      if (kind != Grams.WORD) continue;
      if (index.mayBeOfRegion(gram, fingerprint)) regionGrams[regionGramCount++] = i;
    }
  }

  private void leaveOut(OwnPlace own, int gram) {
    int size = 0;
    for (int k = 0; k < postings.size; k++) {
      int cp = postings.places[k];
      int count = postings.counts[k] - own.count(gram, cp);
      if (count <= 0) continue;
      postings.places[size] = cp;
      postings.counts[size++] = count;
    }
    postings.size = size;
  }

  /** Adds the learned votes of the n-gram in work, and finds the part of each CP in it. */
  private void vote(GramVotes votes, int i, int occurrences, CpFactors factors) {
    if (parts.length < postings.size) parts = new float[2 * postings.size];
    boolean isKnown = known[grams.wordGram(i)];
    int gramCode = GramVotes.gramCode(grams, i, occurrences, found.weight(i), isKnown);
    int column = LEARNED + GramVotes.kind(gramCode);
    float inverse = 1f / occurrences;
    for (int k = 0; k < postings.size; k++) {
      int cp = postings.places[k];
      int count = postings.counts[k];
      float part = count * inverse;
      int code = GramVotes.code(gramCode, part, count * factors.perPlace(cp));
      sums[cp * SUMS + column] += votes.vote(code);
      parts[k] = part;
      if (codes != null) codes.add(cp, code);
    }
  }

  private void addChars(float weight, float plain, CpFactors factors) {
    float square = weight * plain;
    for (int k = 0; k < postings.size; k++) {
      int cp = postings.places[k];
      int at = cp * SUMS;
      int count = postings.counts[k];
      float vote = weight * parts[k];
      sums[at + COSINE_CHARS] += square * count;
      sums[at + VOTE_CHARS] += vote;
      sums[at + BM25_CHARS] += weight * count / (count + factors.charSaturation(cp));
      sums[at + KNOWN_CHARS] += weight;
      sums[at + SQUARES] += CHAR_VOTE * vote * parts[k];
    }
  }

  private void addWords(int i, float weight, float plain, int occurrences, CpFactors factors) {
    boolean single = grams.kind(i) == Grams.WORD;
    float square = weight * plain;
    float pure = weight / (occurrences + 1f);
    for (int k = 0; k < postings.size; k++) {
      int cp = postings.places[k];
      int at = cp * SUMS;
      int count = postings.counts[k];
      float vote = weight * parts[k];
      sums[at + COSINE_WORDS] += square * count;
      sums[at + VOTE_WORDS] += vote;
      sums[at + BM25_WORDS] += weight * count / (count + factors.wordSaturation(cp));
      sums[at + KNOWN_WORDS] += weight;
      sums[at + SQUARES] += vote * parts[k];
      addPurity(single, at, pure * count);
    }
  }

  private void addPurity(boolean single, int at, float purity) {
    if (!single) {
      sums[at + PAIR] = Math.max(sums[at + PAIR], purity);
    } else if (purity > sums[at + BEST]) {
      sums[at + SECOND] = sums[at + BEST];
      sums[at + BEST] = purity;
    } else {
      sums[at + SECOND] = Math.max(sums[at + SECOND], purity);
    }
  }

  /** Makes cosines of dot products, and finds the highest and the sum of each column. */
  private void scale(int cps, CpFactors factors, float wordSquares, float charSquares) {
    Arrays.fill(highest, Float.MIN_NORMAL);
    Arrays.fill(total, Float.MIN_NORMAL);
    for (int cp = 0; cp < cps; cp++) {
      int at = cp * SUMS;
      sums[at + COSINE_WORDS] /= norm(factors.wordSquares(cp), wordSquares);
      sums[at + COSINE_CHARS] /= norm(factors.charSquares(cp), charSquares);
      for (int i = 0; i < SCALED; i++) {
        float sum = sums[at + i];
        if (sum > highest[i]) highest[i] = sum;
        total[i] += sum;
      }
    }
  }

  private static float norm(float squaresOfCp, float squares) {
    return (float) Math.sqrt(squaresOfCp * squares) + Float.MIN_NORMAL;
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
    table.find(grams, officeGrams, officeGramCount, found);
    for (int i = 0; i < grams.size(); i++) {
      byte kind = grams.kind(i);
      if (kind == Grams.WORD_PAIR || kind == Grams.SKELETON) continue;
      float weight = gramWeight[i];
      boolean named = kind == Grams.CHARS && grams.isCued(i, Grams.POST_OFFICE);
      if (named) namedWeights += weight;
      if (found.gram(i) >= 0) addOffices(table, i, kind == Grams.WORD, named, weight);
    }
    regions.find(grams, regionGrams, regionGramCount, found);
    for (int i = 0; i < grams.size(); i++) {
      if (grams.kind(i) == Grams.WORD) region(regions, i, gramWeight[i]);
    }
  }

  private void addOffices(GramCounts table, int i, boolean word, boolean named, float weight) {
    table.read(found, i, postings);
    for (int k = 0; k < postings.size; k++) {
      int office = postings.places[k];
      if (word) {
        officeWordsFound[office] += weight;
        officeWordCount[office]++;
        continue;
      }
      officeFound[office] += weight;
      if (named) officeNamed[office] += weight;
    }
  }

  private void region(GramCounts regions, int i, float weight) {
    boolean named = grams.isCued(i, Grams.REGION);
    if (named) namedRegions++;
    if (found.gram(i) < 0) return;
    regions.read(found, i, postings);
    for (int k = 0; k < postings.size; k++) {
      int cp = postings.places[k];
      region[cp] += weight;
      if (named) namedRegion[cp]++;
    }
  }

  private void choose(PrefixIndex index, int[] pincodes) {
    int cps = index.cps();
    Arrays.fill(chosen, 0, cps, false);
    Arrays.fill(hasPincode, 0, cps, false);
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
        hasPincode[index.pincodeCp(e)] = true;
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

  private void fill(PrefixIndex index, CpFactors factors) {
    for (int i = 0; i < candidates; i++) {
      int from = candidate[i] * SUMS;
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
      values[at] = charWeights > 0 ? sums[from + KNOWN_CHARS] / charWeights : 0;
      values[i * COUNT + VOTES] = words + chars;
      fillVotes(from, i * COUNT + VOTED);
    }
    for (int i = 0; i < MARGIN_OF.length; i++) fillMargins(MARGIN_OF[i], MARGINS + i);
    fillShares();
    fillFirsts();
    chooseContenders();
    float most = 1;
    for (int i = 0; i < candidates; i++) most = Math.max(most, factors.places(candidate[i]));
    for (int k = 0; k < contenders; k++) fillContender(index, factors, k, most);
  }

  /**
   * The candidates with the most votes: five, and all that are not far behind the first; and those
   * with a pincode of the request, which may outweigh the words.
   */
  private void chooseContenders() {
    contenders = 0;
    for (int i = 0; i < candidates; i++) {
      float vote = values[i * COUNT + VOTED];
      boolean votes = vote >= -behind || rank(i) < LEAST_CONTENDERS;
      if (votes || hasPincode[candidate[i]]) contender[contenders++] = i;
    }
  }

  /** How many candidates have a larger share of the votes. */
  private int rank(int i) {
    int rank = 0;
    for (int j = 0; j < candidates; j++) if (shares[j] > shares[i]) rank++;
    return rank;
  }

  /**
   * Completes the row of contender {@code k}: row k, which is not behind that of its candidate.
   *
   * @param most places of a candidate
   */
  private void fillContender(PrefixIndex index, CpFactors factors, int k, float most) {
    int i = contender[k];
    int cp = candidate[i];
    int at = k * COUNT;
    System.arraycopy(values, i * COUNT, values, at, COUNT);
    fillOffices(index, cp, at + OFFICES);
    values[at + PLACES] = factors.placesLog(cp);
    values[at + PLACES + 1] = factors.places(cp) / most;
    values[at + PLACES + 2] = index.cps();
    values[at + PLACES + 3] = grams.words();
    fillRanks(index, i, at);
    fillLike(index, cp, at + OFFICES_LIKE);
  }

  private void fillVotes(int from, int start) {
    int at = start;
    float all = 0;
    for (int kind = 0; kind < GramVotes.KINDS; kind++) all += sums[from + LEARNED + kind];
    values[at++] = all;
    values[at++] = 0; // its share: when all are known
    for (int kind = 0; kind < 4; kind++) values[at++] = sums[from + LEARNED + kind];
    values[at] = sums[from + LEARNED + 4] + sums[from + LEARNED + 5];
  }

  /** How far each candidate is above the next one in a column, or below the first. */
  private void fillMargins(int column, int out) {
    float first = Float.NEGATIVE_INFINITY;
    float second = Float.NEGATIVE_INFINITY;
    int best = 0;
    for (int i = 0; i < candidates; i++) {
      float value = values[i * COUNT + column];
      if (value > first) {
        second = first;
        first = value;
        best = i;
      } else if (value > second) {
        second = value;
      }
    }
    for (int i = 0; i < candidates; i++) {
      float value = values[i * COUNT + column];
      float other = i == best ? second : first;
      values[i * COUNT + out] = candidates == 1 ? 0 : value - other;
    }
  }

  /** Makes the votes relative to the highest, and a softmax of them. */
  private void fillShares() {
    float most = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < candidates; i++) most = Math.max(most, values[i * COUNT + VOTED]);
    highestVote = most;
    double sum = 0;
    for (int i = 0; i < candidates; i++) {
      values[i * COUNT + VOTED] -= most;
      double share = NationalStage.exp(values[i * COUNT + VOTED]);
      values[i * COUNT + VOTED_SHARE] = (float) share;
      sum += share;
    }
    for (int i = 0; i < candidates; i++) {
      values[i * COUNT + VOTED_SHARE] /= (float) sum;
      shares[i] = values[i * COUNT + VOTED_SHARE];
    }
  }

  /** In how many columns each candidate has the highest value. */
  private void fillFirsts() {
    for (int i = 0; i < candidates; i++) values[i * COUNT + FIRSTS] = 0;
    for (int column : FIRST_OF) {
      float most = Float.NEGATIVE_INFINITY;
      for (int i = 0; i < candidates; i++) most = Math.max(most, values[i * COUNT + column]);
      if (most == 0) continue;
      for (int i = 0; i < candidates; i++) {
        if (values[i * COUNT + column] == most) values[i * COUNT + FIRSTS]++;
      }
    }
  }

  private void fillRanks(PrefixIndex index, int i, int at) {
    float nextDoor = 0;
    float nearby = 0;
    int pincode = index.cpPincode(candidate[i]);
    for (int j = 0; j < candidates; j++) {
      if (j == i) continue;
      int other = index.cpPincode(candidate[j]);
      if (Math.abs(other - pincode) <= NEXT_DOOR) nextDoor += shares[j];
      if (other / NEARBY == pincode / NEARBY) nearby += shares[j];
    }
    values[at + FIRSTS + 1] = rank(i);
    values[at + FIRSTS + 2] = nextDoor;
    values[at + FIRSTS + 3] = nearby / Math.max(1e-6f, 1 - shares[i]);
  }

  /** How much a part of the text is like the names of the offices of {@code cp}. */
  private void fillLike(PrefixIndex index, int cp, int at) {
    like = 0;
    alike = Float.NEGATIVE_INFINITY;
    values[at] = 0;
    values[at + 1] = 0;
    values[at + 4] = ABSENT;
    int own = index.cpOffice(cp);
    if (own >= index.firstOffice(cp) && own < index.endOffice(cp) && compare(index, own)) {
      values[at] = like;
      values[at + 1] = alike;
      values[at + 4] = like > ALIKE ? fuzzy.end() / (float) fuzzy.length() : ABSENT;
    }
    for (int office = index.firstOffice(cp); office < index.endOffice(cp); office++) {
      if (office != own) compare(index, office);
    }
    values[at + 2] = like;
    values[at + 3] = alike == Float.NEGATIVE_INFINITY ? 0 : alike;
  }

  /**
   * Raises {@link #like} and {@link #alike} to those of an office. Each error takes at most two
   * pairs of characters from a name (Ukkonen 1992), so that a name with too few of them in the text
   * for a new highest value is not searched.
   *
   * @return whether its name is long enough
   */
  private boolean compare(PrefixIndex index, int office) {
    int from = index.officeNameStart(office);
    int to = index.officeNameStart(office + 1);
    int length = to - from;
    if (length < LEAST_NAME) return false;
    float weight = index.officeWeight(office);
    if (!(weight > 0 && officeFound[office] / weight >= LEAST_LIKE)) {
      alike = Math.max(alike, UNLIKE * length);
      return true;
    }
    int least = length - fuzzy.pairs(index.officeNames(), from, to) >> 1; // errors
    if (1 - least / (float) length <= like && length - ERROR * least <= alike) return true;
    fuzzy.find(index.officeNames(), from, to);
    like = Math.max(like, 1 - fuzzy.errors() / (float) length);
    alike = Math.max(alike, length - ERROR * fuzzy.errors());
    return true;
  }

  private static int[] columns(String... names) {
    return Arrays.stream(names).mapToInt(NAMES::indexOf).toArray();
  }

  private void fillOffices(PrefixIndex index, int cp, int start) {
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
    values[at] = namedRegions > 0 ? namedRegion[cp] / namedRegions : ABSENT;
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
