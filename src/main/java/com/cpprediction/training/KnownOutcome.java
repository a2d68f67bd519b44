package com.cpprediction.training;

import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A stored address and where its shipment truly went.
 *
 * @param address as typed
 * @param field pincode of the request, six digits; null for none
 * @param pincodes of the request, six digits each, the one believed first; empty for none
 * @param prefix that it was predicted in
 * @param cp where the shipment went
 * @param predicted CP
 * @param reportedAt when it became known
 * @param reviewed whether a person looked at the address, rather than the parcel was delivered
 */
public record KnownOutcome(
    String address,
    @Nullable String field,
    List<String> pincodes,
    @Nullable String prefix,
    String cp,
    @Nullable String predicted,
    Instant reportedAt,
    boolean reviewed) {
  /** Passes outcomes, oldest first; a new pass of the same ones for each call. */
  @FunctionalInterface
  public interface Source {
    void each(Consumer<KnownOutcome> use);
  }

  /** How an outcome came about, and what it weighs. */
  public enum Kind {
    /** A person looked at the address. */
    REVIEWED("reviewed", 8),
    /** Delivered elsewhere than predicted, so that nothing but the address led there. */
    CORRECTED("corrected", 4),
    /** Delivered where it was predicted, and sent there because of it. */
    CONFIRMED("confirmed", InputRow.PLAIN);

    private final String label;
    private final int weight;

    Kind(String label, int weight) {
      this.label = label;
      this.weight = weight;
    }

    /** Name in reports. */
    public String label() {
      return label;
    }

    /** Addresses that it counts as. */
    public int weight() {
      return weight;
    }
  }

  public Kind kind() {
    if (reviewed) return Kind.REVIEWED;
    return cp.equals(predicted) ? Kind.CONFIRMED : Kind.CORRECTED;
  }
}
