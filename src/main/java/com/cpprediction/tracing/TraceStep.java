package com.cpprediction.tracing;

import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.internal.ContextInternal;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A step of a request: a span of its trace. {@link #NONE} unless the service traces and records the
 * trace, so that most steps cost a look-up and no memory. Attributes are from closed sets, such as
 * prefixes and outcomes: never an address, the id of a shipment, or a token. Thread-safe.
 */
public interface TraceStep {
  /** Attribute: the prefix whose model is asked. */
  String PREFIX = "cp.prefix";

  /** Attribute: the short fingerprint of the model that predicted. */
  String MODEL = "cp.model";

  /** Attribute: {@code cache} or {@code model}. */
  String SOURCE = "cp.source";

  /** Attribute: {@code ok} or the code of a failure. */
  String OUTCOME = "cp.outcome";

  /** Attribute: number of shipments. */
  String SHIPMENTS = "cp.shipments";

  /** Attribute: number of shipments that were not predicted. */
  String FAILED = "cp.failed";

  /** Attribute: number of addresses found in the cache, or being scored for another request. */
  String HITS = "cp.cache.hits";

  /** Attribute: microseconds from asking for a worker until it began. */
  String WAITED = "cp.score.waited_us";

  /** Attribute: name of the node that was asked. */
  String NODE = "cp.node";

  /** Attribute: number of the attempt, from 1 on. */
  String ATTEMPT = "cp.attempt";

  /** The step that isn't recorded. */
  TraceStep NONE = new NoStep();

  /** The request of the current Vert.x context; to be ended by the server that began it. */
  static TraceStep current() {
    var context = ContextInternal.current();
    return context == null || context.tracer() == null ? NONE : RequestTracer.current(context);
  }

  /** Begins a step of the {@linkplain #current() current} request. */
  static TraceStep begin(String name) {
    return current().child(name);
  }

  /**
   * Begins an insert of rows into PostgreSQL, in a trace of its own, with links to the steps that
   * have {@linkplain #recorded(UUID) recorded} the rows. {@link #NONE} where no step has.
   */
  static <T> TraceStep insert(List<T> rows, Function<T, UUID> id) {
    var context = ContextInternal.current();
    return context != null && context.tracer() instanceof RequestTracer tracer
        ? tracer.beginInsert(rows, id)
        : NONE;
  }

  /** Whether it is, and attributes are worth their computation. */
  boolean active();

  /** Begins a step of this one. */
  TraceStep child(String name);

  /** As {@link #child}, of one that another node serves. */
  TraceStep call(String name);

  TraceStep set(String attribute, @Nullable String value);

  TraceStep set(String attribute, long value);

  /** Names the request after its route. */
  void route(String method, String pattern);

  /** The status with which a call over gRPC ends. */
  void grpc(int status);

  /** Sends the trace along with a message. */
  void inject(DeliveryOptions options);

  /** Makes this the request of the current Vert.x context. */
  void adopt();

  /** Has the insert of the row with this id linked to this step. */
  void recorded(UUID id);

  void end();

  /**
   * Ends it with a failure.
   *
   * @param type from a closed set
   */
  void fail(String type);
}
