package com.cpprediction.training;

import com.cpprediction.model.Scorer;
import com.cpprediction.model.format.Grams;
import com.cpprediction.model.format.OwnPlace;
import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.ServiceException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Judges the labels of the training rows of a prefix. A row is scored with its own place left out
 * of all counts, as a held-back address is: no label vouches for itself, and neither do repetitions
 * of the row. Goes from place to place, so that each is left out once and each spelling in it is
 * scored once. One use, one thread; about 20 bytes of heap a row.
 */
final class PrefixLabels {
  /** Least confidence in another CP that makes a label doubtful. */
  static final double CONFIDENCE = 0.95;

  /** Rows of a place that stay in memory between its two passes. */
  private static final int KEPT = 256;

  /** Spellings of a place whose scores stay in memory. */
  private static final int SPELLINGS = 1_000;

  private static final int STEP = 1_000;

  private final String prefix;
  private final TrainingInput input;
  private final OfflinePredictor models;
  private final CountedPlaces places;
  private final IntConsumer done;
  private final Scorer scorer = new Scorer();
  private final Map<String, Integer> cps = new HashMap<>(); // by code
  private final List<InputRow> kept = new ArrayList<>();
  private final List<Found> found = new ArrayList<>();
  private long judged;
  private int unreported;

  /**
   * A row with a doubtful label.
   *
   * @param predicted likeliest CP
   * @param labelConfidence confidence in the label
   * @param ofLabel rows of the same place with the label, this one included
   * @param ofPredicted rows of the same place with the predicted CP
   */
  record Doubt(
      InputRow row, Candidate predicted, double labelConfidence, int ofLabel, int ofPredicted) {}

  record Counts(long judged, long doubtful) {}

  /** A {@link Doubt}, with its row by index. */
  private record Found(
      int row, Candidate predicted, double labelConfidence, int ofLabel, int ofPredicted) {}

  private record Spelling(String address, String pincode) {}

  /**
   * @param places as the rows were counted, still empty
   * @param done called with numbers of further rows that are judged
   */
  PrefixLabels(
      String prefix,
      TrainingInput input,
      OfflinePredictor models,
      CountedPlaces places,
      IntConsumer done) {
    this.prefix = prefix;
    this.input = input;
    this.models = models;
    this.places = places;
    this.done = done;
  }

  /**
   * Judges all rows.
   *
   * @param use called for each doubtful label, in the order of the input
   */
  Counts judge(Consumer<Doubt> use) {
    if (!models.release().prefixes().contains(prefix)) {
      done.accept((int) input.count(prefix));
      return new Counts(0, 0);
    }
    var codes = index().cpCodes();
    for (int cp = 0; cp < codes.size(); cp++) cps.put(codes.get(cp), cp);
    var placeOf = new int[Math.toIntExact(input.count(prefix))];
    var rows = place(placeOf);
    var first = firsts(placeOf);
    var order = byPlace(placeOf, first);
    for (int place = 0; place < places.size(); place++) {
      judge(rows, order, first[place], first[place + 1], places.isHeld(place));
    }
    done.accept(unreported);
    found.sort(Comparator.comparingInt(Found::row));
    for (var doubt : found) {
      use.accept(
          new Doubt(
              rows.get(doubt.row()),
              doubt.predicted(),
              doubt.labelConfidence(),
              doubt.ofLabel(),
              doubt.ofPredicted()));
    }
    return new Counts(judged, found.size());
  }

  private IndexedRows place(int[] placeOf) {
    var grams = new Grams();
    var next = new int[1];
    return input.indexed(
        prefix, row -> placeOf[next[0]++] = places.of(grams.read(row.text()), row.text()));
  }

  /** The first position of each place in {@link #byPlace}, and the end of the last. */
  private int[] firsts(int[] placeOf) {
    var first = new int[places.size() + 1];
    for (int place : placeOf) first[place + 1]++;
    for (int place = 0; place < places.size(); place++) first[place + 1] += first[place];
    return first;
  }

  /** The rows by place, those of a place in the order of the input. */
  private static int[] byPlace(int[] placeOf, int[] first) {
    var next = first.clone();
    var order = new int[placeOf.length];
    for (int row = 0; row < order.length; row++) order[next[placeOf[row]]++] = row;
    return order;
  }

  /** Judges the rows of a place: those in {@code from..to} of {@code order}. */
  private void judge(IndexedRows rows, int[] order, int from, int to, boolean isHeld) {
    Map<String, Integer> byCp = new HashMap<>();
    var own = own(rows, order, from, to, byCp);
    Map<Spelling, OfflinePredictor.Contested> contested = new HashMap<>();
    for (int i = from; i < to; i++) {
      var row = i - from < KEPT ? kept.get(i - from) : rows.get(order[i]);
      var label = row.row().cp();
      var spelling = new Spelling(row.row().address(), row.row().pincode());
      var scored = contested.get(spelling);
      if (scored == null) {
        scored = contest(spelling, isHeld ? null : own);
        if (scored != null && contested.size() < SPELLINGS) contested.put(spelling, scored);
      }
      if (++unreported == STEP) report();
      if (scored == null) continue;
      judged++;
      var predicted = scored.first();
      if (predicted.confidence() < CONFIDENCE || predicted.cp().equals(label)) continue;
      found.add(
          new Found(
              order[i],
              predicted,
              scored.confidence(label),
              byCp.getOrDefault(label, 0),
              byCp.getOrDefault(predicted.cp(), 0)));
    }
  }

  private void report() {
    done.accept(unreported);
    unreported = 0;
  }

  /**
   * The share of a place in the counts, and its first rows into {@link #kept}.
   *
   * @param byCp receives the number of its rows by CP
   */
  private OwnPlace own(IndexedRows rows, int[] order, int from, int to, Map<String, Integer> byCp) {
    var texts = new ArrayList<String>();
    var cpsOfTexts = new ArrayList<Integer>();
    var all = new int[to - from];
    var pincodes = new int[to - from];
    int size = 0;
    kept.clear();
    for (int i = from; i < to; i++) {
      var row = rows.get(order[i]);
      if (i - from < KEPT) kept.add(row);
      int times = byCp.merge(row.row().cp(), 1, Integer::sum);
      Integer cp = cps.get(row.row().cp());
      if (cp == null) continue; // all its rows are held back
      all[size] = cp;
      pincodes[size++] = Integer.parseInt(row.row().pincode());
      if (times > PrefixCounts.PER_PLACE) continue;
      texts.add(row.text());
      cpsOfTexts.add(cp);
    }
    return OwnPlace.of(
            index(),
            cpsOfTexts.stream().mapToInt(Integer::intValue).toArray(),
            texts.toArray(String[]::new))
        .withPincodes(Arrays.copyOf(all, size), Arrays.copyOf(pincodes, size));
  }

  private PrefixIndex index() {
    return models.scorings().apply(prefix).model().index();
  }

  /** The scores of an address; null where the release has no model of its likeliest prefix. */
  private OfflinePredictor.@Nullable Contested contest(Spelling spelling, @Nullable OwnPlace own) {
    try {
      var address = Address.of(spelling.address(), spelling.pincode());
      return models.contest(scorer, address, prefix, own);
    } catch (ServiceException e) {
      return null;
    }
  }
}
