package com.cpprediction.grpc;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The methods of all services, with the names that the protocols give them. */
public enum GrpcMethod {
  SERVER_LIVE(Service.INFERENCE, "ServerLive"),
  SERVER_READY(Service.INFERENCE, "ServerReady"),
  SERVER_METADATA(Service.INFERENCE, "ServerMetadata"),
  MODEL_READY(Service.INFERENCE, "ModelReady"),
  MODEL_METADATA(Service.INFERENCE, "ModelMetadata"),
  /** The one that predicts; the others need no role. */
  MODEL_INFER(Service.INFERENCE, "ModelInfer"),
  HEALTH_CHECK(Service.HEALTH, "Check"),
  HEALTH_LIST(Service.HEALTH, "List"),
  /** The one that responds to one message with a stream. */
  HEALTH_WATCH(Service.HEALTH, "Watch"),
  /** The one that takes several messages, and responds to each. */
  REFLECTION(Service.REFLECTION, "ServerReflectionInfo");

  /** Full names of the services. */
  static final class Service {
    static final String INFERENCE = "inference.GRPCInferenceService";
    static final String HEALTH = "grpc.health.v1.Health";
    static final String REFLECTION = "grpc.reflection.v1.ServerReflection";

    private Service() {}
  }

  private static final Map<String, GrpcMethod> BY_PATH =
      Arrays.stream(values()).collect(Collectors.toMap(GrpcMethod::path, Function.identity()));

  private final String service;
  private final String method;

  GrpcMethod(String service, String method) {
    this.service = service;
    this.method = method;
  }

  /** The method at a path of HTTP; null where there is none. */
  public static @Nullable GrpcMethod of(@Nullable String path) {
    return path == null ? null : BY_PATH.get(path);
  }

  /** Full name of its service. */
  String service() {
    return service;
  }

  /** Name in its service. */
  String method() {
    return method;
  }

  /** Path of HTTP. */
  public String path() {
    return '/' + service + '/' + method;
  }
}
