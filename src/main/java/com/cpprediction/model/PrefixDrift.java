package com.cpprediction.model;

import com.cpprediction.model.format.Grams;
import com.cpprediction.model.format.NationalStage;
import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.prediction.Address;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far the recent predictions of one model are from what it was trained on. Counts halve with
 * time, so that they are of the last days. One thread; {@link #figures} is read by others.
 */
final class PrefixDrift {
  /** Predictions of a CP on average, below which the shares of CPs say nothing. */
  private static final int LEAST_PER_CP = 10;

  private static final int LEAST_WORDS = 500;

  private static final int LEAST_PREDICTIONS = 100;

  /** Additive smoothing of shares (Jeffreys' prior): a share of zero has no logarithm. */
  private static final double SMOOTHING = 0.5;

  private final String fingerprint;
  private final List<String> cps;
  private final long[] trained; // addresses by CP
  private final double[] predicted; // by CP
  private double predictions;
  private double words;
  private double unknown;
  private double confidences; // their sum
  private volatile Figures figures = Figures.NONE;

  /**
   * Figures of a model; NaN where too little was predicted.
   *
   * @param unknownWords share of the words that neither the model nor the national stage has
   * @param confidence mean of the predictions
   * @param cpShift population stability index of the shares of CPs, predicted against trained, less
   *     what chance lets expect; 0 for no shift, from 0.25 on a large one
   */
  record Figures(double unknownWords, double confidence, double cpShift) {
    static final Figures NONE = new Figures(Double.NaN, Double.NaN, Double.NaN);
  }

  /**
   * @param fingerprint of the model
   */
  PrefixDrift(String fingerprint, PrefixIndex index) {
    this.fingerprint = fingerprint;
    cps = index.cpCodes();
    trained = new long[cps.size()];
    for (int cp = 0; cp < trained.length; cp++) trained[cp] = index.cpAddresses(cp);
    predicted = new double[trained.length];
  }

  boolean isOf(String fingerprint) {
    return this.fingerprint.equals(fingerprint);
  }

  /** Lets what was counted count less. */
  void age(double factor) {
    predictions *= factor;
    words *= factor;
    unknown *= factor;
    confidences *= factor;
    for (int cp = 0; cp < predicted.length; cp++) predicted[cp] *= factor;
  }

  /**
   * Counts a prediction.
   *
   * @param national knows the words that most CPs of a prefix have, which are in no model; null for
   *     none
   * @param address as typed
   * @param confidence in {@code cp}, 0..1
   */
  void add(
      PrefixIndex index,
      @Nullable NationalStage national,
      Grams grams,
      String address,
      String cp,
      double confidence) {
    int at = Collections.binarySearch(cps, cp);
    if (at < 0) return; // of another model of the prefix
    predictions++;
    predicted[at]++;
    confidences += confidence;
    grams.read(Address.canonical(address));
    for (int i = 0; i < grams.size(); i++) {
      if (grams.kind(i) != Grams.WORD) continue;
      words++;
      int word = grams.fingerprint(i);
      boolean known = index.grams().find(word) >= 0 || national != null && national.isKnown(word);
      if (!known) unknown++;
    }
  }

  /** Makes the figures of what was counted. */
  void settle() {
    double unknownWords = words < LEAST_WORDS ? Double.NaN : unknown / words;
    double confidence = predictions < LEAST_PREDICTIONS ? Double.NaN : confidences / predictions;
    figures = new Figures(unknownWords, confidence, cpShift());
  }

  private double cpShift() {
    int size = cps.size();
    if (size < 2 || predictions < LEAST_PER_CP * size) return Double.NaN;
    double all = 0;
    for (long addresses : trained) all += addresses;
    double index = 0;
    for (int cp = 0; cp < size; cp++) {
      double now = (predicted[cp] + SMOOTHING) / (predictions + SMOOTHING * size);
      double then = (trained[cp] + SMOOTHING) / (all + SMOOTHING * size);
      index += (now - then) * Math.log(now / then);
    }
    // Its mean where nothing has shifted: of two samples, chi-squared over their sizes.
    double chance = (size - 1) * (1 / predictions + 1 / Math.max(1, all));
    return Math.max(0, index - chance);
  }

  Figures figures() {
    return figures;
  }

  /** Predictions that are counted, less what has aged. */
  double predictions() {
    return predictions;
  }

  List<String> cps() {
    return cps;
  }

  /** Share of a CP in the addresses of the training. */
  double trainedShare(int cp) {
    long all = 0;
    for (long addresses : trained) all += addresses;
    return all == 0 ? 0 : (double) trained[cp] / all;
  }
}
