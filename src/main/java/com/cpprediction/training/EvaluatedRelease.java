package com.cpprediction.training;

import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.ServiceException;
import java.util.List;
import java.util.Set;

/** A release with all that an evaluation needs of it. Thread-safe. */
public interface EvaluatedRelease {
  /** Pincodes of the training rows, in any order. */
  int[] trainedPincodes();

  /** Codes of the CPs that it can predict. */
  Set<String> cps();

  /**
   * This release, with what the service would learn from {@code queries} without labels.
   *
   * @param queries of one question
   */
  default EvaluatedRelease fitted(List<Query> queries) {
    return this;
  }

  /** A new predictor, for one thread at a time. */
  QueryPredictor predictor();

  /** Predicts as the service would. */
  @FunctionalInterface
  interface QueryPredictor {
    /**
     * @return one to three candidates, most likely first
     * @throws ServiceException when the service would refuse the query
     */
    List<Candidate> predict(Query query);
  }
}
