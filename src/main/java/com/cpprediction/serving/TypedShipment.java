package com.cpprediction.serving;

import org.jspecify.annotations.Nullable;

/**
 * The members of a shipment as sent, all of them strings, not yet validated.
 *
 * @param pincode absent where it was not sent
 * @param predictionId absent where it was not sent
 */
public record TypedShipment(
    String shipmentId, String address, @Nullable String pincode, @Nullable String predictionId) {}
