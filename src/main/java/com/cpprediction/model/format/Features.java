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
  private static final int SCALED = 12; // the columns of which the highest and the sum are known
  private static final int LEARNED = 12; // votes, by kind of n-gram
  private static final int SUMS = LEARNED + GramVotes.KINDS;

  // Kinds of n-grams, one bit each.
  private static final int WORDS = 1 << Grams.WORD;
  private static final int CHARS = 1 << Grams.CHARS;
  private static final int ALL_KINDS = -1;

  // Columns that others are made of.
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
  private final float[] highest = new float[SCALED];
  private final float[] total = new float[SCALED];
  private final Fuzzy fuzzy = new Fuzzy();
  private boolean[] known = {}; // by n-gram of the text
  private float[] perPlace = {}; // by CP: 1 / (places + 1)
  private final GramCounts.Postings postings = new GramCounts.Postings();
  private final GramCounts.Found found = new GramCounts.Found();
  private float[] shares = {}; // by posting
  private @Nullable GramCodes codes;
  private int candidates;
  private float highestVote;
  private float wordWeights;
  private float charWeights;
  private float namedWeights;
  private int namedRegions;

  /**
   * Computes the candidates and features of a text.
   *
   * @param votes of the release
   * @param own share of the text's own place in the counts, to leave out; null for none
   * @param text canonical
   * @param pincodes whose CPs are candidates whatever the text says
   */
  public void read(
      PrefixIndex index, GramVotes votes, @Nullable OwnPlace own, String text, int... pincodes) {
    resize(index);
    grams.read(text);
    fuzzy.read(text, Grams.LONG_NUMBER);
    sum(index, votes, own);
    offices(index);
    choose(index, pincodes);
    fill(index, own);
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

  /** The features, {@link #COUNT} per candidate, row by row; valid until the next read. */
  public float[] values() {
    return values;
  }

  private void resize(PrefixIndex index) {
    int cps = index.cps();
    if (score.length < cps) {
      sums = new float[SUMS * cps];
      saturation = new float[2 * cps];
      perPlace = new float[cps];
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

  private void sum(PrefixIndex index, GramVotes votes, @Nullable OwnPlace own) {
    int cps = index.cps();
    Arrays.fill(sums, 0, SUMS * cps, 0);
    if (gramWeight.length < grams.size()) {
      gramWeight = new float[2 * grams.size()];
      known = new boolean[2 * grams.size()];
    }
    for (int cp = 0; cp < cps; cp++) {
      float words = index.wordCount(cp) - (own == null ? 0 : own.norm(cp, 0));
      float chars = index.charCount(cp) - (own == null ? 0 : own.norm(cp, 2));
      saturation[2 * cp] = K1 * (1 - B + B * words / index.meanWordCount());
      saturation[2 * cp + 1] = K1 * (1 - B + B * chars / index.meanCharCount());
      perPlace[cp] = 1f / (places(index, own, cp) + 1);
    }
    wordWeights = 0;
    charWeights = 0;
    float wordSquares = 0;
    float charSquares = 0;
    var table = index.grams();
    table.find(grams, ALL_KINDS, found);
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
      share(occurrences);
      vote(votes, i, occurrences);
      if (group == 1) addChars(weight, plain);
      else if (group == 0) addWords(grams.kind(i) == Grams.WORD, weight, plain, occurrences);
    }
    scale(index, own, wordSquares, charSquares);
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

  /** The share of each CP in the occurrences of the n-gram in work. */
  private void share(int occurrences) {
    if (shares.length < postings.size) shares = new float[2 * postings.size];
    float inverse = 1f / occurrences;
    for (int k = 0; k < postings.size; k++) shares[k] = postings.counts[k] * inverse;
  }

  private void vote(GramVotes votes, int i, int occurrences) {
    boolean isKnown = known[grams.wordGram(i)];
    int gramCode = GramVotes.gramCode(grams, i, occurrences, found.weight(i), isKnown);
    int column = LEARNED + GramVotes.kind(gramCode);
    for (int k = 0; k < postings.size; k++) {
      int cp = postings.places[k];
      int code = GramVotes.code(gramCode, shares[k], postings.counts[k] * perPlace[cp]);
      sums[cp * SUMS + column] += votes.vote(code);
      if (codes != null) codes.add(cp, code);
    }
  }

  private void addChars(float weight, float plain) {
    float square = weight * plain;
    for (int k = 0; k < postings.size; k++) {
      int cp = postings.places[k];
      int at = cp * SUMS;
      int count = postings.counts[k];
      float vote = weight * shares[k];
      sums[at + COSINE_CHARS] += square * count;
      sums[at + VOTE_CHARS] += vote;
      sums[at + BM25_CHARS] += weight * count / (count + saturation[2 * cp + 1]);
      sums[at + KNOWN_CHARS] += weight;
      sums[at + SQUARES] += CHAR_VOTE * vote * shares[k];
    }
  }

  private void addWords(boolean single, float weight, float plain, int occurrences) {
    float square = weight * plain;
    float pure = weight / (occurrences + 1f);
    for (int k = 0; k < postings.size; k++) {
      int cp = postings.places[k];
      int at = cp * SUMS;
      int count = postings.counts[k];
      float vote = weight * shares[k];
      sums[at + COSINE_WORDS] += square * count;
      sums[at + VOTE_WORDS] += vote;
      sums[at + BM25_WORDS] += weight * count / (count + saturation[2 * cp]);
      sums[at + KNOWN_WORDS] += weight;
      sums[at + SQUARES] += vote * shares[k];
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
  private void scale(
      PrefixIndex index, @Nullable OwnPlace own, float wordSquares, float charSquares) {
    Arrays.fill(highest, Float.MIN_NORMAL);
    Arrays.fill(total, Float.MIN_NORMAL);
    for (int cp = 0; cp < index.cps(); cp++) {
      int at = cp * SUMS;
      sums[at + COSINE_WORDS] /= norm(index.wordNorm(cp), own, cp, 1, wordSquares);
      sums[at + COSINE_CHARS] /= norm(index.charNorm(cp), own, cp, 3, charSquares);
      for (int i = 0; i < SCALED; i++) {
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
    table.find(grams, WORDS | CHARS, found);
    for (int i = 0; i < grams.size(); i++) {
      byte kind = grams.kind(i);
      if (kind == Grams.WORD_PAIR || kind == Grams.SKELETON) continue;
      float weight = gramWeight[i];
      boolean named = kind == Grams.CHARS && grams.isCued(i, Grams.POST_OFFICE);
      if (named) namedWeights += weight;
      if (found.gram(i) >= 0) addOffices(table, i, kind == Grams.WORD, named, weight);
    }
    regions.find(grams, WORDS, found);
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
      values[at++] = words + chars;
      at = fillVotes(from, at);
    }
    for (int i = 0; i < MARGIN_OF.length; i++) fillMargins(MARGIN_OF[i], MARGINS + i);
    fillShares();
    fillFirsts();
    for (int i = 0; i < candidates; i++) {
      fillRanks(index, i);
      fillLike(index, candidate[i], i * COUNT + OFFICES_LIKE);
    }
  }

  private int fillVotes(int from, int start) {
    int at = start;
    float all = 0;
    for (int kind = 0; kind < GramVotes.KINDS; kind++) all += sums[from + LEARNED + kind];
    values[at++] = all;
    values[at++] = 0; // its share: when all are known
    for (int kind = 0; kind < 4; kind++) values[at++] = sums[from + LEARNED + kind];
    values[at++] = sums[from + LEARNED + 4] + sums[from + LEARNED + 5];
    return at;
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
    for (int i = 0; i < candidates; i++) values[i * COUNT + VOTED_SHARE] /= (float) sum;
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

  private void fillRanks(PrefixIndex index, int i) {
    int at = i * COUNT;
    int rank = 0;
    float nextDoor = 0;
    float nearby = 0;
    int pincode = index.cpPincode(candidate[i]);
    float own = values[at + VOTED_SHARE];
    for (int j = 0; j < candidates; j++) {
      float share = values[j * COUNT + VOTED_SHARE];
      if (share > own) rank++;
      if (j == i) continue;
      int other = index.cpPincode(candidate[j]);
      if (Math.abs(other - pincode) <= NEXT_DOOR) nextDoor += share;
      if (other / NEARBY == pincode / NEARBY) nearby += share;
    }
    values[at + FIRSTS + 1] = rank;
    values[at + FIRSTS + 2] = nextDoor;
    values[at + FIRSTS + 3] = nearby / Math.max(1e-6f, 1 - own);
  }

  /** How much a part of the text is like the names of the offices of {@code cp}. */
  private void fillLike(PrefixIndex index, int cp, int at) {
    float like = 0;
    float alike = Float.NEGATIVE_INFINITY;
    values[at] = 0;
    values[at + 1] = 0;
    values[at + 4] = ABSENT;
    for (int office = index.firstOffice(cp); office < index.endOffice(cp); office++) {
      int from = index.officeNameStart(office);
      int to = index.officeNameStart(office + 1);
      int length = to - from;
      if (length < LEAST_NAME) continue;
      float weight = index.officeWeight(office);
      float similar = 0;
      float likeness = UNLIKE * length;
      float end = ABSENT;
      if (weight > 0 && officeFound[office] / weight >= LEAST_LIKE) {
        fuzzy.find(index.officeNames(), from, to);
        similar = 1 - fuzzy.errors() / (float) length;
        likeness = length - ERROR * fuzzy.errors();
        if (similar > ALIKE) end = fuzzy.end() / (float) fuzzy.length();
      }
      if (office == index.cpOffice(cp)) {
        values[at] = similar;
        values[at + 1] = likeness;
        values[at + 4] = end;
      }
      like = Math.max(like, similar);
      alike = Math.max(alike, likeness);
    }
    values[at + 2] = like;
    values[at + 3] = alike == Float.NEGATIVE_INFINITY ? 0 : alike;
  }

  private static int[] columns(String... names) {
    return Arrays.stream(names).mapToInt(NAMES::indexOf).toArray();
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
