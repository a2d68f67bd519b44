package com.cpprediction.prediction;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The canonical address: the model's input and the cache key, since equal addresses get the same
 * prediction. Immutable.
 *
 * <p>Callers choose the text, so the hash uses a random key of this process, and must not leave it.
 * The natural order compares hashes first, for the bins of hash tables only.
 */
public final class Address implements Comparable<Address> {
  /** Maximum characters of canonical text; compatibility forms can expand to 18 characters each. */
  public static final int MAX_TEXT = 4_000;

  private static final SipHash HASH = SipHash.random();
  private static final Comparator<PincodeCandidate> BY_CONTENT =
      Comparator.comparingInt(PincodeCandidate::pincode)
          .thenComparing(PincodeCandidate::cue)
          .thenComparingInt(PincodeCandidate::position);
  private static final Comparator<Address> ORDER =
      Comparator.<Address>comparingLong(address -> address.hash)
          .thenComparing(Address::text)
          .thenComparing(Address::pincode, Comparator.nullsFirst(Comparator.naturalOrder()))
          .thenComparing(Address::candidates, Address::compare);

  private final String text;
  private final @Nullable String pincode;
  private final List<PincodeCandidate> candidates;
  private final long hash;

  /**
   * An address whose pincode, if any, was sent as such.
   *
   * @param text canonical, as of {@link #canonical}
   * @param pincode six ASCII digits, or null when none is known
   */
  public Address(String text, @Nullable String pincode) {
    this(text, pincode, HASH.hash(text, pincode));
  }

  Address(String text, @Nullable String pincode, long hash) {
    this(text, ofField(pincode), pincode, hash);
  }

  private Address(
      String text, List<PincodeCandidate> candidates, @Nullable String pincode, long hash) {
    this.text = text;
    this.candidates = candidates;
    this.pincode = pincode;
    this.hash = hash;
  }

  /**
   * @param text canonical, as of {@link #canonical}
   * @param candidates for the pincode, the best first
   */
  public static Address believing(String text, List<PincodeCandidate> candidates) {
    var pincode = candidates.isEmpty() ? null : candidates.get(0).digits();
    return new Address(text, List.copyOf(candidates), pincode, HASH.hash(text, pincode));
  }

  private static List<PincodeCandidate> ofField(@Nullable String pincode) {
    return pincode == null ? List.of() : List.of(PincodeCandidate.ofField(pincode));
  }

  public String text() {
    return text;
  }

  /** The best of {@link #candidates}, six ASCII digits, or null when there is none. */
  public @Nullable String pincode() {
    return pincode;
  }

  /**
   * The numbers that can be the pincode, without repetition, the best first: the one of the field,
   * then up to {@value PincodeReader#MAX_CANDIDATES} of the text. Whether India Post uses one is
   * known of its first two digits only.
   */
  public List<PincodeCandidate> candidates() {
    return candidates;
  }

  /**
   * Parses an address as in a request.
   *
   * @param typed any text
   * @param pincodeField the separate pincode, which takes precedence over those in the text; null
   *     or blank to use the best of the text
   * @throws ServiceException {@link Failure#MALFORMED_REQUEST} when the text has no letter or
   *     digit, is longer than {@value #MAX_TEXT} characters in its canonical form, or the field is
   *     not a pincode
   */
  public static Address of(String typed, @Nullable String pincodeField) {
    var normal = normal(typed);
    if (normal.length() > Math.max(MAX_TEXT, typed.length()))
      throw tooLong(); // before the costlier steps
    var reader = read(normal);
    var text = reader.text();
    if (text.isEmpty()) {
      throw Failure.MALFORMED_REQUEST.because(
          "address has no letter or digit; send the address as typed");
    }
    if (text.length() > MAX_TEXT) throw tooLong();
    var candidates = reader.candidates();
    if (pincodeField == null || pincodeField.isBlank()) return believing(text, candidates);
    return believing(text, preferring(pincode(pincodeField), candidates));
  }

  private static List<PincodeCandidate> preferring(String field, List<PincodeCandidate> others) {
    var first = PincodeCandidate.ofField(field);
    if (others.isEmpty()) return List.of(first);
    var all = new ArrayList<PincodeCandidate>(1 + others.size());
    all.add(first);
    for (var other : others) if (other.pincode() != first.pincode()) all.add(other);
    return all;
  }

  /**
   * A 64-bit hash of this address and its shipment, keyed as {@link #hashCode}; must not leave this
   * process.
   */
  public long digest(String shipmentId) {
    return HASH.hash(shipmentId, Long.toHexString(hash));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || other instanceof Address address
            && hash == address.hash
            && text.equals(address.text)
            && candidates.equals(address.candidates);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(hash);
  }

  @Override
  public int compareTo(Address other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return "Address[text=" + text + ", pincode=" + pincode + ']';
  }

  /**
   * The canonical form of {@code typed}, the input of the models and of their training: HTML
   * decoded, NFKC, case folded, every decimal digit as ASCII, a pincode written in parts joined,
   * everything but letters, marks and digits replaced by single blanks. Empty when {@code typed}
   * has no letter, mark or digit.
   */
  public static String canonical(String typed) {
    return read(normal(typed)).text();
  }

  /** Whether the last place that the text names is abroad. */
  public boolean endsAbroad() {
    return PincodeReader.endsAbroad(new Tokens(text));
  }

  private static PincodeReader read(String normal) {
    return PincodeReader.read(new Tokens(fold(normal)), PincodeReader.POSSIBLE);
  }

  private static int compare(List<PincodeCandidate> one, List<PincodeCandidate> other) {
    for (int i = 0; i < Math.min(one.size(), other.size()); i++) {
      int order = BY_CONTENT.compare(one.get(i), other.get(i));
      if (order != 0) return order;
    }
    return Integer.compare(one.size(), other.size());
  }

  private static ServiceException tooLong() {
    return Failure.MALFORMED_REQUEST.because(
        "address is longer than "
            + MAX_TEXT
            + " characters once its ligatures and other compatibility characters are written out");
  }

  private static String pincode(String field) {
    if (isPincode(field)) return field;
    var digits = canonical(field).replace(" ", "");
    if (!isPincode(digits)) {
      throw Failure.MALFORMED_REQUEST.because(
          "pincode must be six digits, the first 1 to 9, such as \"560017\"");
    }
    return digits;
  }

  private static boolean isPincode(String digits) {
    boolean six = digits.length() == 6 && digits.charAt(0) != '0';
    for (int i = 0; six && i < 6; i++) six = digits.charAt(i) >= '0' && digits.charAt(i) <= '9';
    return six;
  }

  private static String normal(String typed) {
    var decoded = Html.decoded(typed);
    return isAscii(decoded) ? decoded : Normalizer.normalize(decoded, Normalizer.Form.NFKC);
  }

  private static String fold(String normal) {
    if (isAscii(normal)) return normal; // Tokens folds ASCII
    // Upper case first approximates Unicode case folding, which the JDK lacks: "ß" equals "SS".
    return normal.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
  }

  private static boolean isAscii(String s) {
    for (int i = 0; i < s.length(); i++) if (s.charAt(i) >= 128) return false;
    return true;
  }
}
