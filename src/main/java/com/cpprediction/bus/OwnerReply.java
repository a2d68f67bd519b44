package com.cpprediction.bus;

import com.cpprediction.prediction.Lookup;
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
