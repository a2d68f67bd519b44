package com.cpprediction.bus;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.SharedDeadline;
import java.util.List;

/**
 * Addresses of one prefix to score in one pass; answered by a {@link ScoreReply}, or by {@link
 * Failure#DEADLINE_EXCEEDED} when nobody waits for it any more.
 *
 * @param addresses at least one
 * @param deadline moves while others join; on the wire it is what remained when it was sent
 */
public record ScoreRequest(List<Address> addresses, SharedDeadline deadline) {
  public ScoreRequest {
    addresses = List.copyOf(addresses);
    if (addresses.isEmpty()) throw new IllegalArgumentException("no address to score");
  }

  /** One that a single caller waits for. */
  public ScoreRequest(List<Address> addresses, Deadline deadline) {
    this(addresses, new SharedDeadline(deadline));
  }
}
