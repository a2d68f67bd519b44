package com.cpprediction.prediction;

import com.cpprediction.common.Labelled;
import java.time.Instant;
import java.util.List;
import java.util.Objects;

/**
 * The prediction for a shipment, as in the response and in the database.
 *
 * @param request the shipment
 * @param scored the candidates
 * @param belief what was believed of the prefix and the pincode
 * @param source whether it was scored for this request or cached
 */
public record Prediction(PredictionRequest request, Scored scored, Belief belief, Source source) {
  public enum Source implements Labelled {
    MODEL,
    CACHE;
  }

  public Prediction {
    Objects.requireNonNull(request, "request");
    Objects.requireNonNull(scored, "scored");
    Objects.requireNonNull(belief, "belief");
    Objects.requireNonNull(source, "source");
  }

  /** The most likely CP. */
  public Candidate best() {
    return scored.candidates().get(0);
  }

  /** The next likely CPs, at most two. */
  public List<Candidate> alternatives() {
    return scored.candidates().subList(1, scored.candidates().size());
  }

  /** The timestamp of the prediction id, in milliseconds. */
  public Instant predictedAt() {
    return PredictionIds.timeOf(request.id());
  }

  /** Prefix and short fingerprint, such as {@code 560@3f9a1c2e}. */
  public String model() {
    return model(belief.prefix(), scored.fingerprint());
  }

  /** The name of a model in responses: prefix, {@code @}, first eight digits of the fingerprint. */
  public static String model(String prefix, String fingerprint) {
    return prefix + '@' + fingerprint.substring(0, 8);
  }
}
