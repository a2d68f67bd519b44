package com.cpprediction.bus;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.SharedDeadline;
import java.util.List;
import java.util.Objects;

/**
 * Addresses of one prefix to score in one pass; the reply is a {@link ScoreReply}, or {@link
 * Failure#DEADLINE_EXCEEDED} when no caller waits for it any more. Sent within this process only.
 *
 * @param generation of the models to score with; the sender holds a lease on it
 * @param addresses at least one
 * @param deadline moves while others join
 * @param explain whether to explain the scores as well
 * @param wrongPincodes shares of wrong pincodes to explain with
 */
public record ScoreRequest(
    long generation,
    String prefix,
    List<Address> addresses,
    SharedDeadline deadline,
    boolean explain,
    PincodeErrors wrongPincodes) {
  public ScoreRequest {
    Objects.requireNonNull(prefix, "prefix");
    Objects.requireNonNull(deadline, "deadline");
    addresses = List.copyOf(addresses);
    if (addresses.isEmpty()) throw new IllegalArgumentException("no address to score");
  }
}
