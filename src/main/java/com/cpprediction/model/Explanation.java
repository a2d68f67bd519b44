package com.cpprediction.model;

import com.cpprediction.model.format.Features;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.PrefixScores;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;

/**
 * Scores of an address by the model of one prefix, and the features and words that decided between
 * its first CP and its second.
 *
 * @param candidates one to three CPs, most likely first, by the text and the pincodes
 * @param features largest effect first; empty when there was one candidate only
 * @param words of the address that have a share in the cosines, largest effect first
 */
public record Explanation(
    PrefixScores scores, List<Candidate> candidates, List<Feature> features, List<Word> words) {
  /** Name of the feature that stands for the pincodes of the address. */
  static final String PINCODE = "pincode";

  /** Name of the feature that stands for the doubt in the words of the address. */
  static final String WRONG_WORDS = "wrong_words";

  /**
   * @param name as in {@link Features#NAMES}; or {@link #PINCODE}, whose values are the logarithms
   *     of the weight of the pincodes for each CP; or {@link #WRONG_WORDS}, whose values are those
   *     of the factor by which the share of wrong words changes the probability of each CP given
   *     the text
   * @param first its value for the first CP
   * @param second its value for the second
   * @param effect its share of the difference of the scores (a Shapley value); all add up to the
   *     log-odds between the first CP and the second
   */
  public record Feature(String name, double first, double second, double effect) {}

  /**
   * @param word as the model sees it
   * @param first its share of the cosines of the first CP; all shares sum up to the two of them
   * @param second the same of the second CP; 0 when there is none
   * @param effect the first less the second
   */
  public record Word(String word, double first, double second, double effect) {}

  /** JSON as {@code explanation} in the response of {@code POST /predict?explain=true}. */
  public JsonObject toJson() {
    var json = new JsonObject().put("first", candidates.get(0).cp());
    if (candidates.size() > 1) json.put("second", candidates.get(1).cp());
    return json.put(
            "features",
            new JsonArray(
                features.stream()
                    .map(f -> json("feature", f.name(), f.first(), f.second(), f.effect()))
                    .toList()))
        .put(
            "words",
            new JsonArray(
                words.stream()
                    .map(w -> json("word", w.word(), w.first(), w.second(), w.effect()))
                    .toList()));
  }

  private static JsonObject json(
      String kind, String name, double first, double second, double effect) {
    return new JsonObject()
        .put(kind, name)
        .put("first", rounded(first))
        .put("second", rounded(second))
        .put("effect", rounded(effect));
  }

  private static double rounded(double value) {
    return Math.rint(value * 1e6) / 1e6;
  }
}
