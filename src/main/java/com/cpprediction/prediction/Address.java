package com.cpprediction.prediction;

import java.text.Normalizer;
import java.util.Comparator;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The canonical address: the model's input and the cache key, since equal addresses get the same
 * prediction. Immutable.
 *
 * <p>Callers choose the text, so the hash uses a random key of this process, and must not leave it.
 * The natural order compares hashes first, for the bins of hash tables only.
 */
public final class Address implements Comparable<Address> {
  /**
   * A pincode in free text: six digits with at most two separators between the halves, not adjacent
   * to another digit. Matches ASCII digits only.
   */
  public static final Pattern PINCODE =
      Pattern.compile("(?<!\\d)([1-9]\\d{2})[ \\-.]{0,2}(\\d{3})(?!\\d)");

  /** Maximum characters of canonical text; compatibility forms can expand to 18 characters each. */
  public static final int MAX_TEXT = 4_000;

  private static final Pattern JOINED_PINCODE = Pattern.compile("(?<!\\d)[1-9]\\d{5}(?!\\d)");

  private static final SipHash HASH = SipHash.random();
  private static final Comparator<Address> ORDER =
      Comparator.<Address>comparingLong(address -> address.hash)
          .thenComparing(Address::text)
          .thenComparing(Address::pincode, Comparator.nullsFirst(Comparator.naturalOrder()));

  private final String text;
  private final @Nullable String pincode;
  private final long hash;

  /**
   * @param text canonical text: NFKC, case folded, every decimal digit as ASCII, a pincode written
   *     in two halves joined, everything but letters, marks and digits replaced by single spaces
   * @param pincode six ASCII digits, where one is known
   */
  public Address(String text, @Nullable String pincode) {
    this(text, pincode, HASH.hash(text, pincode));
  }

  Address(String text, @Nullable String pincode, long hash) {
    this.text = text;
    this.pincode = pincode;
    this.hash = hash;
  }

  public String text() {
    return text;
  }

  /** Six ASCII digits, where one is known. */
  public @Nullable String pincode() {
    return pincode;
  }

  /**
   * Parses an address as in a request.
   *
   * @param typed any text
   * @param pincodeField the separate pincode, which takes precedence over one in the text; absent
   *     or blank to use the last pincode in the text
   * @throws ServiceException {@link Failure#MALFORMED_REQUEST} when the text has no letter or
   *     digit, is longer than {@value #MAX_TEXT} characters in its canonical form, or the field is
   *     not a pincode
   */
  public static Address of(String typed, @Nullable String pincodeField) {
    var normal = normal(typed);
    if (normal.length() > Math.max(MAX_TEXT, typed.length()))
      throw tooLong(); // before the costlier steps
    var text = canonicalOf(normal);
    if (text.isEmpty()) {
      throw Failure.MALFORMED_REQUEST.because(
          "address has no letter or digit; send the address as typed");
    }
    if (text.length() > MAX_TEXT) throw tooLong();
    return new Address(
        text,
        pincodeField == null || pincodeField.isBlank() ? lastPincode(text) : pincode(pincodeField));
  }

  /**
   * A 64-bit hash of this address and its shipment, keyed as {@link #hashCode}; must not leave this
   * process.
   */
  public long digest(String shipmentId) {
    return HASH.hash(shipmentId, Long.toHexString(hash));
  }

  @Override
  public boolean equals(Object other) {
    return this == other
        || other instanceof Address address
            && hash == address.hash
            && text.equals(address.text)
            && Objects.equals(pincode, address.pincode);
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

  /** The canonical form of {@code typed}; empty when it has no letter, mark or digit. */
  public static String canonical(String typed) {
    return canonicalOf(normal(typed));
  }

  private static String canonicalOf(String normal) {
    var folded = asciiDigits(fold(normal));
    var joined = PINCODE.matcher(folded).replaceAll("$1$2");
    var out = new StringBuilder(joined.length());
    boolean gap = false;
    for (int i = 0; i < joined.length(); ) {
      int c = joined.codePointAt(i);
      i += Character.charCount(c);
      if (isWord(c)) {
        if (gap && out.length() > 0) out.append(' ');
        gap = false;
        out.appendCodePoint(c);
      } else if (Character.getType(c)
          != Character.FORMAT) { // zero-width joiners don't separate words
        gap = true;
      }
    }
    return out.toString();
  }

  private static ServiceException tooLong() {
    return Failure.MALFORMED_REQUEST.because(
        "address is longer than "
            + MAX_TEXT
            + " characters once its ligatures and other compatibility characters are written out");
  }

  /** The last pincode in canonical {@code text}. */
  private static @Nullable String lastPincode(String text) {
    String last = null;
    for (var match = JOINED_PINCODE.matcher(text); match.find(); ) last = match.group();
    return last;
  }

  private static String pincode(String field) {
    var digits = canonical(field).replace(" ", "");
    if (!JOINED_PINCODE.matcher(digits).matches()) {
      throw Failure.MALFORMED_REQUEST.because(
          "pincode must be six digits, the first 1 to 9, such as \"560017\"");
    }
    return digits;
  }

  private static String normal(String typed) {
    return isAscii(typed) ? typed : Normalizer.normalize(typed, Normalizer.Form.NFKC);
  }

  private static String fold(String normal) {
    if (isAscii(normal)) return normal.toLowerCase(Locale.ROOT);
    // Upper case first approximates Unicode case folding, which the JDK lacks: "ß" equals "SS".
    return normal.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
  }

  private static String asciiDigits(String text) {
    if (isAscii(text)) return text;
    var out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c -> out.appendCodePoint(Character.isDigit(c) ? '0' + Character.digit(c, 10) : c));
    return out.toString();
  }

  private static boolean isWord(int c) {
    if (c < 128) return c >= 'a' && c <= 'z' || c >= '0' && c <= '9';
    if (Character.isLetterOrDigit(c)) return true;
    int type = Character.getType(c);
    return type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK;
  }

  private static boolean isAscii(String s) {
    for (int i = 0; i < s.length(); i++) if (s.charAt(i) >= 128) return false;
    return true;
  }
}
