package com.cpprediction.prediction;

import java.util.List;

/**
 * Answers an {@link OwnerRequest}.
 *
 * @param lookups one for each address of the request, in its order
 */
public record OwnerReply(List<Lookup> lookups) {
  public OwnerReply {
    lookups = List.copyOf(lookups);
  }
}
