package com.cpprediction.prediction;

import com.cpprediction.common.Labelled;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which prefix an address belongs to.
 *
 * @param probability that it does, 0..1; 1 when a pincode says so
 * @param source where it was read
 */
public record Located(String prefix, double probability, Source source) {
  /** Where a prefix was read. */
  public enum Source implements Labelled {
    PINCODE,
    TEXT;

    /** The source of the prefix of a predicted address. */
    public static Source of(@Nullable String pincode) {
      return pincode == null ? TEXT : PINCODE;
    }
  }

  public Located {
    Objects.requireNonNull(prefix, "prefix");
    Objects.requireNonNull(source, "source");
  }

  /** A prefix that a pincode names. */
  public static Located byPincode(String prefix) {
    return new Located(prefix, 1, Source.PINCODE);
  }

  /** A prefix that the words of an address suggest. */
  public static Located byText(String prefix, double probability) {
    return new Located(prefix, probability, Source.TEXT);
  }

  /**
   * Scores of the whole address: those of its prefix, times how likely the prefix is right.
   *
   * @param within scores of the model of the prefix
   * @param least how sure the first CP must be when no pincode names the prefix, 0..1
   * @throws ServiceException {@link Failure#PINCODE_REQUIRED}, with {@code guesses}, when it isn't
   */
  public Scored whole(Scored within, double least) {
    if (source == Source.PINCODE) return within;
    var whole =
        within.candidates().stream()
            .map(c -> new Candidate(c.cp(), c.confidence() * probability))
            .toList();
    if (whole.get(0).confidence() >= least) return new Scored(within.fingerprint(), whole);
    var guesses = new JsonArray();
    for (var candidate : whole) {
      guesses.add(
          new JsonObject()
              .put("cp", candidate.cp())
              .put("confidence", candidate.confidence())
              .put("prefix", prefix));
    }
    throw Failure.PINCODE_REQUIRED.because(
        "The address has no pincode, and its words alone leave too much doubt; add it to the"
            + " address or send it as pincode. Best guess: "
            + whole.get(0).cp(),
        new JsonObject().put("guesses", guesses));
  }
}
