package com.cpprediction.training;

import org.jspecify.annotations.Nullable;

/**
 * A query of an evaluation, before canonicalisation.
 *
 * @param address text as typed
 * @param pincode six digits of the separate field; null without the field
 * @param prefix three digits, the only prefix to predict in; null when the release has to find it
 * @param masked whether the pincodes were taken out of the text: another number of it, in a
 *     spelling that {@link QueryVariant} leaves in, must not be read as a pincode
 */
public record Query(
    String address, @Nullable String pincode, @Nullable String prefix, boolean masked) {
  /** A query with the text as it is; its pincodes may be read. */
  static Query unmasked(String address, @Nullable String pincode) {
    return new Query(address, pincode, null, false);
  }
}
