package com.cpprediction.grpc;

import com.cpprediction.auth.CallerLimits;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.Problem;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.grpc.common.GrpcHeaderNames;
import io.vertx.grpc.common.GrpcStatus;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** Failures as statuses of gRPC. */
public final class GrpcFailure {
  /** Number of the status of a call that has not failed. */
  public static final int OK = GrpcStatus.OK.code;

  /** Content type of every response. */
  static final String CONTENT_TYPE = "application/grpc";

  /** Metadata with the code of the problem, as in problem documents. */
  static final CharSequence CODE = HttpHeaders.createOptimized("cp-code");

  /** Metadata by which clients of gRPC delay a retry. */
  static final CharSequence PUSHBACK = HttpHeaders.createOptimized("grpc-retry-pushback-ms");

  private static final String COMPRESSIONS = "gzip";
  private static final long RETRY_SECONDS = 1;

  private GrpcFailure() {}

  /** Number of the status of {@code failure}. */
  public static int code(Failure failure) {
    return status(failure).code;
  }

  /** The status of {@code failure}. */
  static GrpcStatus status(Failure failure) {
    return switch (failure) {
      case MALFORMED_REQUEST, PINCODE_REQUIRED -> GrpcStatus.INVALID_ARGUMENT;
      case UNKNOWN_PREFIX, UNKNOWN_CP -> GrpcStatus.FAILED_PRECONDITION;
      case OVERLOADED, NOT_READY -> GrpcStatus.UNAVAILABLE;
      case RATE_LIMITED, TOO_LARGE -> GrpcStatus.RESOURCE_EXHAUSTED;
      case UNAUTHORIZED -> GrpcStatus.UNAUTHENTICATED;
      case FORBIDDEN -> GrpcStatus.PERMISSION_DENIED;
      case NOT_FOUND -> GrpcStatus.NOT_FOUND;
      case CONFLICT -> GrpcStatus.ABORTED;
      case METHOD_NOT_ALLOWED, NOT_ACCEPTABLE, UNSUPPORTED_MEDIA_TYPE -> GrpcStatus.UNIMPLEMENTED;
      case DEADLINE_EXCEEDED -> GrpcStatus.DEADLINE_EXCEEDED;
      case INTERNAL -> GrpcStatus.INTERNAL;
    };
  }

  /** Ends a response with the status of {@code problem}, its only content unless it has begun. */
  public static Future<Void> send(HttpServerResponse response, Problem problem) {
    var failure = problem.failure();
    boolean begun = response.headWritten();
    var metadata = begun ? response.trailers() : response.headers();
    if (failure.retryable()) {
      long seconds = problem.members().getLong(CallerLimits.RETRY_AFTER, RETRY_SECONDS);
      metadata.set(PUSHBACK, String.valueOf(TimeUnit.SECONDS.toMillis(seconds)));
    }
    if (failure == Failure.UNSUPPORTED_MEDIA_TYPE) {
      metadata.set(GrpcHeaderNames.GRPC_ACCEPT_ENCODING, COMPRESSIONS);
    }
    if (!begun) metadata.set(HttpHeaders.CONTENT_TYPE, CONTENT_TYPE);
    metadata
        .set(GrpcHeaderNames.GRPC_STATUS, status(failure).toString())
        .set(GrpcHeaderNames.GRPC_MESSAGE, percentEncoded(problem.detail()))
        .set(CODE, failure.slug());
    return response.end();
  }

  private static String percentEncoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
