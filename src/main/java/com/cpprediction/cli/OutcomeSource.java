package com.cpprediction.cli;

import com.cpprediction.persistence.StoredOutcomes;
import com.cpprediction.training.KnownOutcome;
import java.time.Instant;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** The known outcomes of a time in the database, for a training. */
record OutcomeSource(StoredOutcomes outcomes, Instant since, Instant until)
    implements KnownOutcome.Source {
  private static final String REVIEW = "review";

  @Override
  public void each(Consumer<KnownOutcome> use) {
    outcomes.eachKnown(since, until, outcome -> use.accept(known(outcome)));
  }

  private static KnownOutcome known(StoredOutcomes.Outcome outcome) {
    var pincodes =
        Stream.of(outcome.believed(), outcome.pincode(), outcome.pincodeField())
            .filter(Objects::nonNull)
            .distinct()
            .toList();
    return new KnownOutcome(
        Objects.requireNonNull(outcome.address()),
        outcome.pincodeField(),
        pincodes,
        outcome.prefix(),
        outcome.cp(),
        outcome.predicted(),
        outcome.reportedAt(),
        outcome.origin().equals(REVIEW));
  }
}
