package com.cpprediction.logging;

import io.vertx.core.internal.VertxBootstrap;
import io.vertx.core.spi.VertxServiceProvider;

/** Service provider by which Vert.x registers {@link RequestId} at start. */
public final class RequestIdProvider implements VertxServiceProvider {
  @Override
  public void init(VertxBootstrap builder) {
    RequestId.register();
  }
}
