package com.cpprediction.training;

import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Failure;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The prediction for one labelled row, compared with its label.
 *
 * @param predicted code of the first CP; null when the query was refused
 * @param confidence of the first CP, 0..1; 0 when the query was refused
 * @param right whether the first CP is the row's
 * @param inTop whether one of the candidates is
 * @param refusal null when there is a prediction
 */
record RowResult(
    @Nullable String predicted,
    double confidence,
    boolean right,
    boolean inTop,
    @Nullable Failure refusal) {
  /**
   * @param candidates most likely first, at least one
   */
  static RowResult of(String truth, List<Candidate> candidates) {
    var best = candidates.get(0);
    boolean inTop = candidates.stream().anyMatch(candidate -> candidate.cp().equals(truth));
    return new RowResult(best.cp(), best.confidence(), best.cp().equals(truth), inTop, null);
  }

  static RowResult refused(Failure refusal) {
    return new RowResult(null, 0, false, false, refusal);
  }
}
