package com.cpprediction.config;

/** The gRPC server. Its host, certificate, callers and limits are those of HTTP. */
public record GrpcConfig(boolean enabled, int port) {
  /** No server. */
  public static final GrpcConfig OFF = new GrpcConfig(false, 0);
}
