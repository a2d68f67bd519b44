package com.cpprediction.metrics;

import com.cpprediction.common.Labelled;

/** Reason for shedding a request, message or connection. */
public enum Shed implements Labelled {
  /** {@code prediction.max_in_flight} shipments are in flight. */
  IN_FLIGHT,
  /** Too many big bodies wait for a parser thread. */
  READING,
  /** The journal, or the queue before PostgreSQL, is full. */
  STORING,
  /** {@code http.max_connections} connections are open. */
  CONNECTIONS,
  /** The request head timed out. */
  SLOW_HEAD,
  /** The request body timed out. */
  SLOW_BODY,
  /** {@code http.max_pending_bytes} bytes of bodies and responses are in flight. */
  BYTES,
  /** {@code http.max_streams} streams are open. */
  STREAMS,
  /** Too many listeners to dashboard events, or watches of health over gRPC. */
  LISTENERS
}
