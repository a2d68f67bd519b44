package com.cpprediction.bus;

import java.util.List;

/**
 * Requests of several callers to keep predictions, journaled together; the reply is a {@link
 * RecordReply}.
 *
 * @param requests at least one
 */
public record RecordBatch(List<RecordRequest> requests) {
  public RecordBatch {
    requests = List.copyOf(requests);
    if (requests.isEmpty()) throw new IllegalArgumentException("no request");
  }
}
