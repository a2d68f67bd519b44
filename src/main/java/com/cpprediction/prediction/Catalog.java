package com.cpprediction.prediction;

import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What can be answered now: an immutable snapshot, replaced whole when models change.
 *
 * @param release SHA-256 over what decides the models of all prefixes; empty when there are none
 * @param prefixes that the release names, or that are answered
 * @param fingerprints scoring fingerprint by prefix, of this node's models and, in a cluster, of
 *     those that only other nodes hold, as far as it is known
 * @param here prefixes whose model this node holds
 * @param locator names the prefix of an address without a pincode
 */
public record Catalog(
    String release,
    Set<String> prefixes,
    Map<String, String> fingerprints,
    Set<String> here,
    Locator locator) {
  /** Digits in a pincode, and so the longest prefix. */
  public static final int PINCODE_LENGTH = 6;

  private static final int PREFIX_LENGTH = 3; // of a prefix that has no model

  public Catalog {
    Objects.requireNonNull(release, "release");
    prefixes = Set.copyOf(prefixes);
    fingerprints = Map.copyOf(fingerprints);
    here = Set.copyOf(here);
    Objects.requireNonNull(locator, "locator");
  }

  /** One of a node that holds all models there are. */
  public Catalog(Map<String, String> fingerprints, Locator locator) {
    this("", fingerprints.keySet(), fingerprints, fingerprints.keySet(), locator);
  }

  /**
   * What {@code reading} makes of the catalog of now, whose locator can be used until it returns.
   */
  public static <T> T read(Supplier<Catalog> now, Function<Catalog, T> reading) {
    while (true) {
      var catalog = now.get();
      if (!catalog.locator().acquire()) continue; // replaced since it was got
      try {
        return reading.apply(catalog);
      } finally {
        catalog.locator().release();
      }
    }
  }

  /**
   * Which model answers {@code address}: by its pincode, else by its words.
   *
   * @throws ServiceException {@link Failure#UNKNOWN_PREFIX} or {@link Failure#PINCODE_REQUIRED}
   *     when the release has none, {@link Failure#NOT_READY} when that can't be told
   */
  public Located locate(Address address) {
    var pincode = address.pincode();
    if (pincode == null) return locate(address.text());
    var prefix = prefixOf(pincode);
    if (prefix == null) {
      throw Failure.UNKNOWN_PREFIX.because(
          "No model serves prefix " + pincode.substring(0, PREFIX_LENGTH));
    }
    return Located.byPincode(prefix);
  }

  private Located locate(String text) {
    var located = locator.locate(text);
    if (located == null) {
      throw Failure.PINCODE_REQUIRED.because(
          "The address has no pincode; add it to the address or send it as pincode");
    }
    if (!prefixes.contains(located.prefix())) {
      throw Failure.PINCODE_REQUIRED.because(
          "The address has no pincode, and no model serves prefix "
              + located.prefix()
              + ", where it seems to be; add it to the address or send it as pincode");
    }
    return located;
  }

  /**
   * @return the longest prefix of {@code pincode} that the release has, or null
   */
  public String prefixOf(String pincode) {
    for (int length = PINCODE_LENGTH; length > 0; length--) {
      var prefix = pincode.substring(0, length);
      if (prefixes.contains(prefix)) return prefix;
    }
    return null;
  }
}
