package com.cpprediction.bus;

import java.util.List;

/**
 * The reply to a {@link RecordBatch}.
 *
 * @param results one for each request, in the order of the batch
 */
public record RecordReply(List<Recorded> results) {
  public RecordReply {
    results = List.copyOf(results);
  }
}
