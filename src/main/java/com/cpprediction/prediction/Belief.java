package com.cpprediction.prediction;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a prediction believes of the prefix and the pincode of its address.
 *
 * @param prefix of the predicted CP
 * @param pincode the believed one of the pincodes in the request, the first where all are doubted;
 *     absent where there is none
 * @param doubt probability that {@code pincode} is not that of the shipment, 0..1, rounded to six
 *     decimals; absent without it
 * @param believed {@code pincode} unless it is doubted by more than 0.5, else the likeliest pincode
 *     of the predicted CP, where one is known
 * @param wrongPincodes shares of wrong pincodes that were assumed
 */
public record Belief(
    String prefix,
    PrefixSource source,
    @Nullable String pincode,
    @Nullable Double doubt,
    @Nullable String believed,
    PincodeErrors wrongPincodes) {
  public Belief {
    Objects.requireNonNull(prefix, "prefix");
    Objects.requireNonNull(source, "source");
    if (doubt != null) doubt = Math.rint(doubt * 1e6) / 1e6;
  }
}
