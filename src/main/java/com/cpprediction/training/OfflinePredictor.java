package com.cpprediction.training;

import com.cpprediction.model.ModelStore;
import com.cpprediction.model.Scorer;
import com.cpprediction.model.ScoringModel;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Located;
import com.cpprediction.prediction.Scored;
import com.cpprediction.prediction.ServiceException;
import java.util.function.Function;

/**
 * Predicts as the service does, without a service.
 *
 * @param release locates the prefix of an address
 * @param scorings by prefix; throws {@link ServiceException} for an unusable one
 * @param leastSure minimum confidence, as {@code prediction.min_text_confidence}
 */
public record OfflinePredictor(
    ServingRelease release, Function<String, ScoringModel> scorings, double leastSure) {
  /** A predictor with loaded models. */
  public static OfflinePredictor of(ModelStore models, double leastSure) {
    return new OfflinePredictor(models.current(), models::usable, leastSure);
  }

  /**
   * @param scorer of the calling thread
   * @throws ServiceException when there is no prediction
   */
  public Scored predict(Scorer scorer, Address address) {
    return predict(scorer, address, release.locate(address));
  }

  Scored predict(Scorer scorer, Address address, Located located) {
    var within = scorer.score(scorings.apply(located.prefix()), address);
    return located.whole(within, leastSure);
  }
}
