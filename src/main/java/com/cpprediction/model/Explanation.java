package com.cpprediction.model;

import com.cpprediction.prediction.Scored;
import java.util.List;

/**
 * An answer and what decided it between the first CP and the second.
 *
 * @param scored the answer
 * @param features largest effect first; empty when there was one candidate only
 */
public record Explanation(Scored scored, List<Feature> features) {
  /**
   * @param name as in {@link Features#NAMES}, or {@code pincode_trust}
   * @param first its value for the first CP
   * @param second its value for the second
   * @param effect by how much the first CP's score would fall, had it the second's value
   */
  public record Feature(String name, double first, double second, double effect) {}
}
