package com.cpprediction.prediction;

import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * The address and the pincode field of a request as typed, before they are read or validated; a key
 * of what was read. Immutable.
 *
 * <p>Callers choose both, so the hash has a random key of this process, and must not leave it. The
 * natural order compares hashes first, for the bins of hash tables only.
 */
public final class TypedAddress implements Comparable<TypedAddress> {
  private static final SipHash HASH = SipHash.random();
  private static final Comparator<TypedAddress> ORDER =
      Comparator.<TypedAddress>comparingLong(typed -> typed.hash)
          .thenComparing(typed -> typed.text)
          .thenComparing(
              typed -> typed.pincodeField, Comparator.nullsFirst(Comparator.naturalOrder()));

  private final String text;
  private final @Nullable String pincodeField;
  private final long hash;

  /**
   * @param text any text
   * @param pincodeField absent where it was not sent
   */
  public TypedAddress(String text, @Nullable String pincodeField) {
    this.text = text;
    this.pincodeField = pincodeField;
    hash = HASH.hash(text, pincodeField);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || other instanceof TypedAddress typed
            && hash == typed.hash
            && text.equals(typed.text)
            && (pincodeField == null
                ? typed.pincodeField == null
                : pincodeField.equals(typed.pincodeField));
  }

  @Override
  public int hashCode() {
    return Long.hashCode(hash);
  }

  @Override
  public int compareTo(TypedAddress other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return "TypedAddress[text=" + text + ", pincodeField=" + pincodeField + ']';
  }
}
