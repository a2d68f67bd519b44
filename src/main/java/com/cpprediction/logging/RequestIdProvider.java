package com.cpprediction.logging;

import io.vertx.core.internal.VertxBootstrap;
import io.vertx.core.spi.VertxServiceProvider;

/** Found by Vert.x when it starts; see {@link RequestId}. */
public final class RequestIdProvider implements VertxServiceProvider {
  @Override
  public void init(VertxBootstrap builder) {
    RequestId.register();
  }
}
