package com.cpprediction.training;

import com.cpprediction.model.ModelStore;
import com.cpprediction.model.Scorer;
import com.cpprediction.model.ScoringModel;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Located;
import com.cpprediction.prediction.Scored;
import com.cpprediction.prediction.ServiceException;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Predicts as the service does, without a service.
 *
 * @param release locates the prefix of an address
 * @param scorings by prefix; throws {@link ServiceException} for an unusable one
 * @param leastSure minimum confidence, as {@code prediction.min_text_confidence}
 */
public record OfflinePredictor(
    ServingRelease release, Function<String, ScoringModel> scorings, double leastSure)
    implements EvaluatedRelease {
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

  private Scored predict(Scorer scorer, Address address, Located located) {
    var within = scorer.score(scorings.apply(located.prefix()), address);
    return located.whole(within, leastSure);
  }

  @Override
  public int[] trainedPincodes() {
    return release.here().stream()
        .flatMapToInt(
            prefix -> IntStream.of(scorings.apply(prefix).model().index().trainedPincodes()))
        .toArray();
  }

  @Override
  public Set<String> cps() {
    var cps = new TreeSet<String>();
    for (var prefix : release.here()) cps.addAll(scorings.apply(prefix).model().manifest().cps());
    return cps;
  }

  @Override
  public QueryPredictor predictor() {
    var scorer = new Scorer();
    return query -> predict(scorer, query).candidates();
  }

  private Scored predict(Scorer scorer, Query query) {
    var address = Address.of(query.address(), query.pincode());
    if (query.masked()) address = new Address(address.text(), null);
    var prefix = query.prefix();
    if (prefix == null) return predict(scorer, address);
    if (!release.prefixes().contains(prefix)) {
      throw Failure.UNKNOWN_PREFIX.because("No model serves prefix " + prefix);
    }
    return predict(scorer, address, Located.byPincode(prefix));
  }
}
