package com.cpprediction.persistence;

import com.cpprediction.bus.Recorded;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A request that waits until all its rows are settled. */
final class PendingRequest {
  private final Promise<Recorded> promise = Promise.promise();
  private final List<UUID> refused = new ArrayList<>();
  private final List<UUID> taken = new ArrayList<>();
  private int unsettled;

  PendingRequest(int rows) {
    unsettled = rows;
  }

  void settle(UUID id, Settlement settlement) {
    if (settlement == Settlement.REFUSED) refused.add(id);
    if (settlement == Settlement.TAKEN) taken.add(id);
    if (--unsettled == 0) promise.complete(new Recorded(null, refused, taken));
  }

  Future<Recorded> future() {
    return promise.future();
  }
}
