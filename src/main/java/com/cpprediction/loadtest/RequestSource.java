package com.cpprediction.loadtest;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.function.LongFunction;

/**
 * The requests of one step.
 *
 * @param path such as {@code /predict}
 * @param shipments per request
 * @param body of the i-th request, from 0; called on the thread that sends
 */
public record RequestSource(String path, int shipments, LongFunction<Buffer> body) {
  /** Shipments per request of {@link #batches}. */
  public static final int BATCH = 100;

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

  private static JsonObject shipment(String ids, LongFunction<AddressRow> addresses, long i) {
    return addresses.apply(i).shipment(ids + i);
  }
}
