package com.cpprediction.shadow;

import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.metrics.ComparisonResult;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.RequestScorer;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.Posterior;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.ShadowComparison;
import com.cpprediction.prediction.ShadowComparison.Side;
import com.cpprediction.prediction.SharedDeadline;
import com.cpprediction.shadow.ComparisonThread.Sent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the prediction of the other release for predictions that were sent: same shipment, same
 * assumed shares of wrong pincodes, same posterior. Scores of repeated addresses are kept. For one
 * thread.
 */
final class Comparer {
  private static final Logger log = LoggerFactory.getLogger(Comparer.class);
  private static final Duration TIME = Duration.ofSeconds(10); // of one score, never reached
  private static final int KEPT = 4_096; // scores, a kilobyte each or less

  private record Key(String fingerprint, Address address) {}

  /** Scores of the latest addresses. */
  private static final class Scores extends LinkedHashMap<Key, PrefixScores> {
    private static final long serialVersionUID = 1L;
    private static final float LOAD_FACTOR = 0.75f;

    Scores() {
      super(KEPT, LOAD_FACTOR, true);
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<Key, PrefixScores> eldest) {
      return size() > KEPT;
    }
  }

  /**
   * The result of one comparison.
   *
   * @param comparison of {@code AGREED} and {@code DISAGREED}
   */
  record Compared(ComparisonResult result, @Nullable ShadowComparison comparison) {}

  private final RequestScorer scorer;
  private final DoubleSupplier least;
  private final Map<Key, PrefixScores> scores = new Scores();

  /**
   * @param models of the release that is asked
   * @param unmeasured meters that nothing reads
   * @param least how sure a prediction must be without a pincode of its prefix, 0..1
   */
  Comparer(ModelStore models, ServiceMetrics unmeasured, DoubleSupplier least) {
    scorer = new RequestScorer(models, unmeasured, (prefix, addresses) -> {});
    this.least = least;
  }

  /**
   * Compares.
   *
   * @param queued sent by {@code mine}
   * @param mine a lease on the release that made it
   * @param other a lease on the release that is asked
   */
  Compared compare(Sent queued, ServingRelease mine, ServingRelease other) {
    var sent = queued.prediction();
    boolean canary = queued.canary();
    try {
      var asked = predicted(sent, mine, other);
      var own = side(sent, mine);
      var its = side(asked, other);
      var comparison =
          new ShadowComparison(
              sent.request().id(),
              sent.request().shipmentId(),
              sent.belief().prefix(),
              canary,
              run(queued, mine, other),
              canary ? its : own,
              canary ? own : its);
      var result = comparison.agrees() ? ComparisonResult.AGREED : ComparisonResult.DISAGREED;
      return new Compared(result, comparison);
    } catch (ServiceException e) {
      return new Compared(ComparisonResult.FAILED, null);
    } catch (RuntimeException e) { // one comparison must not end all
      log.error("Cannot compare a prediction of prefix {}", sent.belief().prefix(), e);
      return new Compared(ComparisonResult.FAILED, null);
    }
  }

  /**
   * Forgets the scores of some addresses.
   *
   * @param canonical forms of the addresses
   */
  void forget(Set<String> canonical) {
    scores.keySet().removeIf(key -> canonical.contains(key.address().text()));
  }

  /** Number of scores that are kept. */
  int kept() {
    return scores.size();
  }

  /** Null where the run is not of the releases compared now. */
  private static @Nullable UUID run(Sent queued, ServingRelease mine, ServingRelease other) {
    var run = queued.run();
    return run != null && run.isOf(other.release(), mine.release()) ? run.id() : null;
  }

  private static Side side(Prediction prediction, ServingRelease release) {
    var best = prediction.best();
    return new Side(
        release.release(), best.cp(), best.confidence(), prediction.scored().fingerprint());
  }

  private Prediction predicted(Prediction sent, ServingRelease mine, ServingRelease other) {
    var request = sent.request();
    var hypotheses = request.hypotheses();
    if (!other.locatesAs(mine)) {
      hypotheses = other.locate(request.address(), hypotheses.wrongPincodes());
    }
    var found = new ArrayList<PrefixScores>(hypotheses.likely().size());
    for (var prefix : hypotheses.prefixes())
      found.add(scores(prefix, hypotheses, other, request.address()));
    var posterior = Posterior.of(request.address(), hypotheses, found);
    return request
        .at(hypotheses)
        .predicted(posterior.sure(least.getAsDouble()), Prediction.Source.MODEL);
  }

  private PrefixScores scores(
      String prefix, Hypotheses hypotheses, ServingRelease release, Address address) {
    var fingerprint = release.fingerprints().get(prefix);
    var key = new Key(Objects.requireNonNullElse(fingerprint, ""), address);
    var known = scores.get(key);
    if (known != null) return known;
    var request =
        new ScoreRequest(
            release.generation(),
            prefix,
            List.of(address),
            new SharedDeadline(Deadline.in(TIME)),
            false,
            hypotheses.wrongPincodes());
    var reply = scorer.serve(request);
    if (reply.failed()) throw (ServiceException) reply.cause();
    var fresh = reply.result().scores().get(0);
    scores.put(key, fresh);
    return fresh;
  }
}
