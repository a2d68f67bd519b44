package com.cpprediction.bus;

import com.cpprediction.prediction.LookupResult;
import java.util.List;

/**
 * The reply to an {@link OwnerRequest}.
 *
 * @param results one for each address of the request, in its order
 */
public record OwnerReply(List<LookupResult> results) {
  public OwnerReply {
    results = List.copyOf(results);
  }
}
