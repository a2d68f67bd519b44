package com.cpprediction.model.format;

import org.jspecify.annotations.Nullable;

/**
 * Factors of a CP's features that do not depend on the text: computed once for a whole prefix, anew
 * for each address where a place is left out.
 */
final class CpFactors {
  private static final float K1 = 1.2f;
  private static final float B = 0.5f;

  private float[] saturation = {}; // of BM25, two by CP: of words, of characters
  private float[] squares = {}; // of norms, two by CP, at least 1
  private float[] perPlace = {};
  private float[] placesLog = {};
  private int[] places = {};

  /**
   * @param own place that is left out; null for none
   * @return this
   */
  CpFactors read(PrefixIndex index, @Nullable OwnPlace own) {
    int cps = index.cps();
    if (places.length < cps) {
      saturation = new float[2 * cps];
      squares = new float[2 * cps];
      perPlace = new float[cps];
      placesLog = new float[cps];
      places = new int[cps];
    }
    for (int cp = 0; cp < cps; cp++) {
      float words = index.wordCount(cp) - (own == null ? 0 : own.norm(cp, 0));
      float chars = index.charCount(cp) - (own == null ? 0 : own.norm(cp, 2));
      saturation[2 * cp] = K1 * (1 - B + B * words / index.meanWordCount());
      saturation[2 * cp + 1] = K1 * (1 - B + B * chars / index.meanCharCount());
      squares[2 * cp] = squares(index.wordNorm(cp), own == null ? 0 : own.norm(cp, 1));
      squares[2 * cp + 1] = squares(index.charNorm(cp), own == null ? 0 : own.norm(cp, 3));
      places[cp] = index.cpPlaces(cp) - (own == null ? 0 : own.places(cp));
      perPlace[cp] = 1 / (places[cp] + 1f);
      placesLog[cp] = (float) StrictMath.log1p(places[cp]);
    }
    return this;
  }

  private static float squares(float norm, float ownSquares) {
    return Math.max(norm * norm - ownSquares, 1);
  }

  float wordSaturation(int cp) {
    return saturation[2 * cp];
  }

  float charSaturation(int cp) {
    return saturation[2 * cp + 1];
  }

  /** Square of the norm of its words, at least 1. */
  float wordSquares(int cp) {
    return squares[2 * cp];
  }

  float charSquares(int cp) {
    return squares[2 * cp + 1];
  }

  /** Counted training addresses. */
  int places(int cp) {
    return places[cp];
  }

  /** ln(1 + places). */
  float placesLog(int cp) {
    return placesLog[cp];
  }

  /** 1 / (places + 1). */
  float perPlace(int cp) {
    return perPlace[cp];
  }
}
