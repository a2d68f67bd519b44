package com.cpprediction.tracing;

import io.vertx.core.eventbus.DeliveryOptions;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A step that isn't recorded, and neither are those it begins. */
final class NoStep implements TraceStep {
  @Override
  public boolean active() {
    return false;
  }

  @Override
  public TraceStep child(String name) {
    return this;
  }

  @Override
  public TraceStep call(String name) {
    return this;
  }

  @Override
  public TraceStep set(String attribute, @Nullable String value) {
    return this;
  }

  @Override
  public TraceStep set(String attribute, long value) {
    return this;
  }

  @Override
  public void route(String method, String pattern) {}

  @Override
  public void grpc(int status) {}

  @Override
  public void inject(DeliveryOptions options) {}

  @Override
  public void adopt() {}

  @Override
  public void recorded(UUID id) {}

  @Override
  public void end() {}

  @Override
  public void fail(String type) {}
}
