package com.cpprediction.prediction;

import com.cpprediction.prediction.Prediction.Source;
import java.util.Objects;

/**
 * What was found out about one address.
 *
 * @param source {@link Source#MODEL} for the caller whose request was scored, {@link Source#CACHE}
 *     for everyone who found the answer or joined while it was made
 */
public record Lookup(Scored scored, Source source) {
  public Lookup {
    Objects.requireNonNull(scored, "scored");
    Objects.requireNonNull(source, "source");
  }
}
