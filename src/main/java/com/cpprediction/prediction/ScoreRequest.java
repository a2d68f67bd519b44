package com.cpprediction.prediction;

import java.util.List;

/**
 * Addresses of one prefix to score in one pass; answered by a {@link ScoreReply}.
 *
 * @param addresses at least one
 */
public record ScoreRequest(List<Address> addresses) {
  public ScoreRequest {
    addresses = List.copyOf(addresses);
    if (addresses.isEmpty()) throw new IllegalArgumentException("no address to score");
  }
}
