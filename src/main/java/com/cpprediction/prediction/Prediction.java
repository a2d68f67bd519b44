package com.cpprediction.prediction;

import com.cpprediction.common.Labelled;
import java.time.Instant;
import java.util.List;
import java.util.Objects;

/**
 * An answered shipment, as the caller sees it and as it is stored.
 *
 * @param request what was asked
 * @param scored what the model said
 * @param source whether a model scored it just now or the cache had it
 */
public record Prediction(PredictionRequest request, Scored scored, Source source) {
  /** Where an answer came from. */
  public enum Source implements Labelled {
    MODEL,
    CACHE;
  }

  public Prediction {
    Objects.requireNonNull(request, "request");
    Objects.requireNonNull(scored, "scored");
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

  /** When it was predicted: the timestamp inside its id, to the millisecond. */
  public Instant predictedAt() {
    return PredictionIds.timeOf(request.id());
  }

  /** Prefix and short scoring fingerprint, such as {@code 560@3f9a1c2e}. */
  public String model() {
    return model(request.prefix(), scored.fingerprint());
  }

  /** How a model is called in answers: prefix, {@code @}, first eight digits of the fingerprint. */
  public static String model(String prefix, String fingerprint) {
    return prefix + '@' + fingerprint.substring(0, 8);
  }
}
