package com.cpprediction.loadtest;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Set;
import java.util.function.LongFunction;

/**
 * The requests of one step.
 *
 * @param path such as {@code /predict}
 * @param type media type of requests and responses
 * @param shipments per request
 * @param refusals codes of problem documents that are right responses to these requests
 * @param body of the i-th request, from 0; called on the threads that send
 */
public record RequestSource(
    String path, String type, int shipments, Set<String> refusals, LongFunction<Buffer> body) {
  /** Shipments per request of {@link #batches} and {@link #streams}. */
  public static final int BATCH = 100;

  private static final String JSON = "application/json";
  private static final String NDJSON = "application/x-ndjson";

  public RequestSource(String path, int shipments, LongFunction<Buffer> body) {
    this(path, JSON, shipments, Set.of(), body);
  }

  /**
   * One shipment per request.
   *
   * @param ids prefix of the shipment ids, which end in the number of the shipment
   * @param addresses address of the i-th shipment, from 0
   */
  public static RequestSource singles(String ids, LongFunction<AddressRow> addresses) {
    return new RequestSource("/predict", 1, i -> shipment(ids, addresses, i).toBuffer());
  }

  /** {@value #BATCH} consecutive shipments per request; parameters as for {@link #singles}. */
  public static RequestSource batches(String ids, LongFunction<AddressRow> addresses) {
    return new RequestSource(
        "/predict/batch",
        BATCH,
        request -> {
          var shipments = new JsonArray();
          long first = request * BATCH;
          for (int i = 0; i < BATCH; i++) shipments.add(shipment(ids, addresses, first + i));
          return new JsonObject().put("shipments", shipments).toBuffer();
        });
  }

  /** As {@link #batches}, one line per shipment. */
  static RequestSource streams(String ids, LongFunction<AddressRow> addresses) {
    return new RequestSource(
        "/predict/stream",
        NDJSON,
        BATCH,
        Set.of(),
        request -> {
          var lines = Buffer.buffer();
          long first = request * BATCH;
          for (int i = 0; i < BATCH; i++) {
            lines.appendBuffer(shipment(ids, addresses, first + i).toBuffer()).appendString("\n");
          }
          return lines;
        });
  }

  /** The same requests, to which problem documents with {@code codes} are right responses. */
  RequestSource refusedWith(String... codes) {
    return new RequestSource(path, type, shipments, Set.of(codes), body);
  }

  private static JsonObject shipment(String ids, LongFunction<AddressRow> addresses, long i) {
    return addresses.apply(i).shipment(ids + i);
  }
}
