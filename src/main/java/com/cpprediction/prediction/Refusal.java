package com.cpprediction.prediction;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A valid shipment that was refused as {@link Failure#PINCODE_REQUIRED}, for a person to review.
 *
 * @param id UUID v7, as {@link PredictionRequest#id}; contains the time of the refusal
 * @param shipmentId the caller's id of the shipment
 * @param typed the address as in the request
 * @param pincodeField the pincode that was sent as such, six digits, where there was one
 * @param detail why it was refused, as in the response
 * @param guesses the likeliest CPs, best first, at most four; empty where no model was asked
 * @param doubt as {@link Belief#doubt}, where a pincode was doubted
 * @param fingerprint of the models that made the guesses; absent without guesses
 */
public record Refusal(
    UUID id,
    String shipmentId,
    String typed,
    @Nullable String pincodeField,
    String detail,
    List<Guess> guesses,
    @Nullable Float doubt,
    @Nullable String fingerprint) {
  /** A CP of a prefix, and its probability. */
  public record Guess(String cp, double confidence, String prefix) {}

  public Refusal {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(shipmentId, "shipmentId");
    Objects.requireNonNull(typed, "typed");
    Objects.requireNonNull(detail, "detail");
    guesses = List.copyOf(guesses);
  }

  /**
   * The refusal of a shipment by {@code reason}, whose members have the guesses.
   *
   * @param fingerprint of the models that made them
   */
  public static Refusal of(
      UUID id,
      String shipmentId,
      String typed,
      @Nullable String pincodeField,
      ServiceException reason,
      @Nullable String fingerprint) {
    var members = reason.members();
    var doubt = members.getDouble("pincode_doubt");
    return new Refusal(
        id,
        shipmentId,
        typed,
        pincodeField,
        String.valueOf(reason.getMessage()),
        guesses(members.getJsonArray("guesses", new JsonArray())),
        doubt == null ? null : doubt.floatValue(),
        fingerprint);
  }

  private static List<Guess> guesses(JsonArray guesses) {
    Stream<JsonObject> all = guesses.stream().map(JsonObject.class::cast);
    return all.map(
            guess ->
                new Guess(
                    guess.getString("cp"),
                    guess.getDouble("confidence"),
                    guess.getString("prefix")))
        .toList();
  }
}
