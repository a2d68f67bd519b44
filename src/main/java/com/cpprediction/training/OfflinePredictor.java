package com.cpprediction.training;

import com.cpprediction.model.ModelStore;
import com.cpprediction.model.Scorer;
import com.cpprediction.model.ScoringModel;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.model.WrongPincodes;
import com.cpprediction.model.format.OwnPlace;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PincodeLikelihoods;
import com.cpprediction.prediction.Posterior;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.prediction.PrefixShare;
import com.cpprediction.prediction.ServiceException;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Predicts as the service does, without a service.
 *
 * @param release locates the prefixes of an address
 * @param scorings by prefix; throws {@link ServiceException} for an unusable one
 * @param leastSure minimum confidence, as {@code prediction.min_text_confidence}
 * @param wrongPincodes shares of wrong pincodes to assume; absent where none are known
 */
public record OfflinePredictor(
    ServingRelease release,
    Function<String, ScoringModel> scorings,
    double leastSure,
    @Nullable PincodeErrors wrongPincodes)
    implements EvaluatedRelease {
  /** Queries that the share of wrong pincodes is estimated from, at most. */
  private static final int FITTED = 5_000;

  /** A predictor with loaded models. */
  public static OfflinePredictor of(
      ModelStore models, double leastSure, OptionalDouble wrongPincodes) {
    return new OfflinePredictor(models.current(), models::usable, leastSure, errors(wrongPincodes));
  }

  /**
   * A predictor that loads the models it needs.
   *
   * @param release a lease on the release of {@code models}
   */
  public static OfflinePredictor onDemand(
      ModelStore models, ServingRelease release, double leastSure, OptionalDouble wrongPincodes) {
    return new OfflinePredictor(release, models::onDemand, leastSure, errors(wrongPincodes));
  }

  private static @Nullable PincodeErrors errors(OptionalDouble wrongPincodes) {
    return wrongPincodes.isPresent() ? PincodeErrors.of(wrongPincodes.getAsDouble()) : null;
  }

  /** The shares of wrong pincodes that it assumes. */
  public PincodeErrors errors() {
    return wrongPincodes == null ? WrongPincodes.prior() : wrongPincodes;
  }

  /**
   * @param scorer of the calling thread
   * @throws ServiceException when there is no prediction
   */
  public Posterior predict(Scorer scorer, Address address) {
    return score(scorer, address, release.locate(address, errors())).sure(leastSure);
  }

  /** The probabilities of the prefixes that an address may belong to, likeliest first. */
  public List<PrefixShare> prefixes(Scorer scorer, Address address) {
    var hypotheses = release.locate(address, errors());
    return Posterior.prefixes(address, hypotheses, scores(scorer, address, hypotheses));
  }

  private Posterior score(Scorer scorer, Address address, Hypotheses hypotheses) {
    return Posterior.of(address, hypotheses, scores(scorer, address, hypotheses));
  }

  private List<PrefixScores> scores(Scorer scorer, Address address, Hypotheses hypotheses) {
    return hypotheses.prefixes().stream()
        .map(prefix -> scorer.score(scorings.apply(prefix), address))
        .toList();
  }

  /**
   * The scores of a training address.
   *
   * @param first likeliest CP
   */
  record Contested(
      Address address, Hypotheses hypotheses, List<PrefixScores> scores, Candidate first) {
    /** The confidence in {@code cp}, 0..1. */
    double confidence(String cp) {
      return Posterior.confidence(address, hypotheses, scores, cp);
    }
  }

  /**
   * Scores a training address.
   *
   * @param scorer of the calling thread
   * @param own its place, which is left out of the counts of {@code prefix}; null for none
   * @throws ServiceException when the release has no model of its prefix
   */
  Contested contest(Scorer scorer, Address address, String prefix, @Nullable OwnPlace own) {
    var hypotheses = release.locate(address, errors());
    var scores =
        hypotheses.prefixes().stream()
            .map(p -> scorer.score(scorings.apply(p), p.equals(prefix) ? own : null, address))
            .toList();
    var first = Posterior.of(address, hypotheses, scores).scored().candidates().get(0);
    return new Contested(address, hypotheses, scores, first);
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

  /** With the share of wrong pincodes estimated as the service would, unless one is known. */
  @Override
  public OfflinePredictor fitted(List<Query> queries) {
    if (wrongPincodes != null) return this;
    int count = Math.min(queries.size(), FITTED);
    var likelihoods =
        IntStream.range(0, count)
            .parallel()
            .mapToObj(i -> queries.get((int) ((long) i * queries.size() / count)))
            .map(this::likelihoods)
            .filter(Objects::nonNull)
            .toList();
    return new OfflinePredictor(release, scorings, leastSure, WrongPincodes.estimate(likelihoods));
  }

  /** Absent without a pincode, and where the service would refuse the query. */
  private @Nullable PincodeLikelihoods likelihoods(Query query) {
    try {
      return posterior(new Scorer(), query).likelihoods();
    } catch (ServiceException e) {
      return null;
    }
  }

  @Override
  public QueryPredictor predictor() {
    var scorer = new Scorer();
    return query -> predict(scorer, query).scored().candidates();
  }

  private Posterior predict(Scorer scorer, Query query) {
    var posterior = posterior(scorer, query);
    return query.prefix() == null ? posterior.sure(leastSure) : posterior;
  }

  private Posterior posterior(Scorer scorer, Query query) {
    var address = Address.of(query.address(), query.pincode());
    if (query.masked()) address = new Address(address.text(), null);
    var prefix = query.prefix();
    if (prefix == null) return score(scorer, address, release.locate(address, errors()));
    if (!release.prefixes().contains(prefix)) {
      throw Failure.UNKNOWN_PREFIX.because("No model serves prefix " + prefix);
    }
    return score(scorer, address, Hypotheses.certain(prefix, address, errors()));
  }
}
