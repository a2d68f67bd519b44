package com.cpprediction.metrics;

import com.cpprediction.common.Labelled;

/** Why a request, a message or a connection was turned away. */
public enum Shed implements Labelled {
  /** As many shipments as {@code prediction.max_in_flight} are being answered. */
  IN_FLIGHT,
  /** Too many big bodies wait to be read. */
  READING,
  /** The journal, or the queue before PostgreSQL, is full. */
  STORING,
  /** As many connections as {@code http.max_connections} are open. */
  CONNECTIONS,
  /** The headers of a request didn't come in time. */
  SLOW_HEAD,
  /** The body of a request didn't come in time. */
  SLOW_BODY,
  /** As many bytes as {@code http.max_pending_bytes} of bodies and answers are under way. */
  BYTES,
  /** As many streams as {@code http.max_streams} are open. */
  STREAMS,
  /** As many listen to the events of the dashboard as may. */
  LISTENERS
}
