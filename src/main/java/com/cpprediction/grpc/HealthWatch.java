package com.cpprediction.grpc;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.health.v1.HealthCheckResponse;
import io.vertx.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.vertx.grpc.server.GrpcServerResponse;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Tells watchers the status of a service whenever it changes. Confined to one event loop. */
final class HealthWatch {
  private static final long PERIOD_MILLIS = 1_000;

  private final Vertx vertx;
  private final Function<String, ServingStatus> statuses;
  private final Set<Watcher> watchers = new HashSet<>();
  private @Nullable Long timer; // while there are watchers

  /**
   * @param statuses of services by name
   */
  HealthWatch(Vertx vertx, Function<String, ServingStatus> statuses) {
    this.vertx = vertx;
    this.statuses = statuses;
  }

  /** Sends the status of {@code service} now and at each change, until {@code call} ends. */
  void add(String service, GrpcCall call, GrpcServerResponse<?, Buffer> response) {
    var watcher = new Watcher(service, call, response);
    watcher.tell();
    watchers.add(watcher);
    if (timer == null) timer = vertx.setPeriodic(PERIOD_MILLIS, tick -> tell());
  }

  private void tell() {
    watchers.removeIf(watcher -> watcher.call.ended());
    watchers.forEach(Watcher::tell);
    if (watchers.isEmpty()) cancelTimer();
  }

  /** Sends each watcher the status once more, and ends its call. */
  void stop() {
    tell();
    watchers.forEach(watcher -> watcher.response.status(GrpcStatus.UNAVAILABLE).end());
    watchers.clear();
    cancelTimer();
  }

  private void cancelTimer() {
    if (timer != null) vertx.cancelTimer(timer);
    timer = null;
  }

  private final class Watcher {
    private final String service;
    private final GrpcCall call;
    private final GrpcServerResponse<?, Buffer> response;
    private @Nullable ServingStatus told;

    Watcher(String service, GrpcCall call, GrpcServerResponse<?, Buffer> response) {
      this.service = service;
      this.call = call;
      this.response = response;
    }

    void tell() {
      var status = statuses.apply(service);
      if (status == told || response.writeQueueFull()) return; // told once it can be sent
      told = status;
      var message = HealthCheckResponse.newBuilder().setStatus(status).build();
      call.send(message.getSerializedSize(), () -> response.write(Messages.buffer(message)));
    }
  }
}
