package com.cpprediction.serving;

import com.cpprediction.prediction.LookupResult;
import io.vertx.core.Future;
import java.util.List;

/** Looks addresses up: in the cache, at a worker, or at the node that owns the prefix. */
@FunctionalInterface
public interface LookupRouter {
  /**
   * Looks the addresses of {@code query} up; records nothing.
   *
   * @return one future for each address, in order; they fail independently, with any exception
   */
  List<Future<LookupResult>> lookup(LookupQuery query);
}
