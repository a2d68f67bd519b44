package com.cpprediction.chaos;

import com.cpprediction.testing.OpenApi;
import java.util.List;

/**
 * Bytes for one connection, and how they are sent.
 *
 * @param kind of the generator, for reports
 * @param bytes one request, several, or none that is whole
 * @param pauses offsets in {@code bytes} before which the sender waits a moment
 * @param aborted whether the sender resets the connection when all is sent
 * @param operation of the contract that {@code bytes} is one sound request of; null where it is not
 */
record HostileExchange(
    String kind, byte[] bytes, List<Integer> pauses, boolean aborted, OpenApi.Operation operation) {

  static HostileExchange of(String kind, byte[] bytes) {
    return new HostileExchange(kind, bytes, List.of(), false, null);
  }

  HostileExchange sound(OpenApi.Operation of) {
    return new HostileExchange(kind, bytes, pauses, aborted, of);
  }
}
