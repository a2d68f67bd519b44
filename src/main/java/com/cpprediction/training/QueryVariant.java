package com.cpprediction.training;

import com.cpprediction.csv.InputException;
import com.cpprediction.json.Digests;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A question of an evaluation: labelled addresses with, without or with a wrong pincode. The
 * queries depend on the row and the pincodes of the training rows only, so that figures of
 * different releases and engines compare.
 */
public final class QueryVariant {
  /** Address and pincode field as in the row. */
  public static final QueryVariant FULL = new QueryVariant(Kind.FULL, 0);

  /** The address as in the row, without the pincode field. */
  public static final QueryVariant TEXT_ONLY = new QueryVariant(Kind.TEXT_ONLY, 0);

  /** Without pincode; the prefix is known. */
  public static final QueryVariant PREFIX_ONLY = new QueryVariant(Kind.PREFIX_ONLY, 0);

  /** Without pincode and prefix; only the words of the address. */
  public static final QueryVariant NO_PREFIX = new QueryVariant(Kind.NO_PREFIX, 0);

  /**
   * A pincode in the text of a query. Not the service's reader of pincodes: a change of that one
   * must not change the questions.
   */
  private static final Pattern PINCODE =
      Pattern.compile("(?<!\\d)[1-9]\\d{2}[ \\-.]{0,2}\\d{3}(?!\\d)");

  private static final Pattern LONG_NUMBER = Pattern.compile("\\d{5,}");
  private static final Pattern SEPARATORS = Pattern.compile("\\D+");

  private enum Kind {
    FULL("full"),
    TEXT_ONLY("text_only"),
    PREFIX_ONLY("prefix_only"),
    WRONG_INSIDE("wrong_pincode_"),
    WRONG_ANYWHERE("wrong_anywhere_"),
    WRONG_SLIP("wrong_slip_"),
    NO_PREFIX("no_prefix");

    private final String label;

    Kind(String label) {
      this.label = label;
    }
  }

  private final Kind kind;
  private final double share;

  private QueryVariant(Kind kind, double share) {
    this.kind = kind;
    this.share = share;
  }

  /**
   * With another pincode of the prefix instead of the true one, in a share of the addresses.
   *
   * @param share 0..1; a hash of the address selects
   */
  public static QueryVariant wrongPincode(double share) {
    return wrong(Kind.WRONG_INSIDE, share);
  }

  /** As {@link #wrongPincode}, with a pincode of another prefix. */
  public static QueryVariant wrongAnywhere(double share) {
    return wrong(Kind.WRONG_ANYWHERE, share);
  }

  /**
   * As {@link #wrongPincode}, with a mistyped pincode: one digit replaced or two neighbours
   * swapped. It need not exist.
   */
  public static QueryVariant wrongSlip(double share) {
    return wrong(Kind.WRONG_SLIP, share);
  }

  private static QueryVariant wrong(Kind kind, double share) {
    if (!(share >= 0 && share <= 1)) {
      throw new InputException("the share of wrong pincodes is " + share + ", must be in 0..1");
    }
    return new QueryVariant(kind, share);
  }

  /**
   * All seven questions.
   *
   * @param share of wrong pincodes, 0..1
   */
  public static List<QueryVariant> all(double share) {
    return List.of(
        FULL,
        TEXT_ONLY,
        PREFIX_ONLY,
        wrongPincode(share),
        wrongAnywhere(share),
        wrongSlip(share),
        NO_PREFIX);
  }

  /** Name in manifests and reports, such as {@code wrong_slip_0.25}. */
  public String label() {
    return switch (kind) {
      case FULL, TEXT_ONLY, PREFIX_ONLY, NO_PREFIX -> kind.label;
      case WRONG_INSIDE, WRONG_ANYWHERE, WRONG_SLIP -> kind.label + share;
    };
  }

  /**
   * The query for one row.
   *
   * @param pool pincodes of the training rows
   */
  Query query(LabelledRow row, PincodePool pool) {
    return switch (kind) {
      case FULL -> Query.unmasked(row.address(), row.pincode());
      case TEXT_ONLY -> Query.unmasked(row.address(), null);
      case PREFIX_ONLY -> new Query(masked(row.address()), null, row.prefix(), true);
      case NO_PREFIX -> new Query(masked(row.address()), null, null, true);
      case WRONG_INSIDE, WRONG_ANYWHERE, WRONG_SLIP -> wrong(row, pool);
    };
  }

  private static String masked(String address) {
    var withoutPincodes = PINCODE.matcher(address).replaceAll(" ");
    return LONG_NUMBER.matcher(withoutPincodes).replaceAll(" ");
  }

  private Query wrong(LabelledRow row, PincodePool pool) {
    var hash = Digests.sha256(("wrong|" + row.address()).getBytes(StandardCharsets.UTF_8));
    if (!(Byte.toUnsignedInt(hash[0]) < share * 256)) {
      return Query.unmasked(row.address(), row.pincode());
    }
    var wrong = wrongPincode(row.pincode(), hash, pool);
    var text =
        PINCODE
            .matcher(row.address())
            .replaceAll(
                found ->
                    SEPARATORS.matcher(found.group()).replaceAll("").equals(row.pincode())
                        ? wrong
                        : Matcher.quoteReplacement(found.group()));
    return Query.unmasked(text, wrong);
  }

  private String wrongPincode(String truth, byte[] hash, PincodePool pool) {
    if (kind == Kind.WRONG_SLIP) return slip(truth, hash);
    int pincode = Integer.parseInt(truth);
    long pick = Integer.toUnsignedLong(ByteBuffer.wrap(hash).getInt(1)); // bytes 1..4, big-endian
    return Integer.toString(
        kind == Kind.WRONG_INSIDE
            ? pool.insidePrefix(pincode, pick)
            : pool.outsidePrefix(pincode, pick));
  }

  /**
   * {@code truth} with a typing error. Byte 1 of the hash selects a digit. When byte 3 is odd, the
   * digit and the one after it, or for the last digit the one before it, change places, unless they
   * are equal or a 0 would come first. Otherwise 1 plus byte 2 modulo 9 is added to the digit,
   * modulo 10; a first digit that would be 0 becomes the next digit that is not the true one.
   */
  static String slip(String truth, byte[] hash) {
    var digits = truth.toCharArray();
    int place = Byte.toUnsignedInt(hash[1]) % digits.length;
    int left = Math.min(place, digits.length - 2);
    boolean swaps = (hash[3] & 1) == 1 && digits[left] != digits[left + 1];
    if (swaps && !(left == 0 && digits[1] == '0')) {
      char moved = digits[left];
      digits[left] = digits[left + 1];
      digits[left + 1] = moved;
      return new String(digits);
    }
    int digit = digits[place] - '0';
    int other = (digit + 1 + Byte.toUnsignedInt(hash[2]) % 9) % 10;
    if (place == 0 && other == 0) other = digit == 1 ? 2 : 1;
    digits[place] = (char) ('0' + other);
    return new String(digits);
  }
}
