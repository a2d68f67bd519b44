package com.cpprediction.client;

import com.cpprediction.prediction.Candidate;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A prediction as served and recorded.
 *
 * @param id UUID v7, made by the client
 * @param shipmentId as requested
 * @param candidates one to three CPs, most likely first, with confidences in 0..1
 * @param pincode the believed one of those given, the first where all are doubted; six digits, or
 *     null where none was given
 * @param pincodeDoubt probability that {@code pincode} is not that of the shipment, 0..1, or null
 *     without one
 * @param pincodeBelieved {@code pincode} unless it is doubted by more than 0.5, else the likeliest
 *     one of the CP; null where none is known
 * @param prefix of the CP
 * @param prefixSource {@code pincode}, {@code text}, or {@code corrected}: the words of the address
 *     against the pincode
 * @param model prefix and version of the model
 * @param source {@code model} or {@code cache}
 * @param canary whether the shadow release made it, which serves a share of the addresses
 */
public record Answer(
    UUID id,
    String shipmentId,
    List<Candidate> candidates,
    @Nullable String pincode,
    @Nullable Double pincodeDoubt,
    @Nullable String pincodeBelieved,
    String prefix,
    String prefixSource,
    String model,
    String source,
    boolean canary) {
  public Answer {
    candidates = List.copyOf(candidates);
  }

  /** The most likely CP. */
  public String cp() {
    return candidates.get(0).cp();
  }

  /** Confidence in {@link #cp()}, 0..1. */
  public double confidence() {
    return candidates.get(0).confidence();
  }

  static Answer of(JsonObject json) {
    var candidates = new ArrayList<Candidate>();
    candidates.add(candidate(json));
    for (var next : json.getJsonArray("alternatives", new JsonArray())) {
      candidates.add(candidate((JsonObject) next));
    }
    return new Answer(
        UUID.fromString(json.getString("prediction_id")),
        json.getString("shipment_id"),
        candidates,
        json.getString("pincode"),
        json.getDouble("pincode_doubt"),
        json.getString("pincode_believed"),
        json.getString("prefix"),
        json.getString("prefix_source"),
        json.getString("model"),
        json.getString("source"),
        "canary".equals(json.getString("release")));
  }

  private static Candidate candidate(JsonObject json) {
    return new Candidate(json.getString("cp"), json.getDouble("confidence"));
  }
}
