package com.cpprediction.training;

import com.cpprediction.csv.InputException;
import com.cpprediction.json.Digests;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.ServiceException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Variant of the queries of an evaluation: labelled addresses with, without or with a wrong
 * pincode.
 */
public final class QueryVariant {
  /** Address and pincode as in the row. */
  public static final QueryVariant FULL = new QueryVariant(Kind.FULL, 0);

  /** Without pincode; the prefix is known. */
  public static final QueryVariant PREFIX_ONLY = new QueryVariant(Kind.PREFIX_ONLY, 0);

  /** Without pincode and prefix; only the words of the address. */
  public static final QueryVariant NO_PREFIX = new QueryVariant(Kind.NO_PREFIX, 0);

  private static final Pattern LONG_NUMBER = Pattern.compile("[0-9]{5,}");

  private enum Kind {
    FULL,
    PREFIX_ONLY,
    NO_PREFIX,
    WRONG_PINCODE
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
    if (!(share >= 0 && share <= 1)) {
      throw new InputException("the share of wrong pincodes is " + share + ", must be in 0..1");
    }
    return new QueryVariant(Kind.WRONG_PINCODE, share);
  }

  /** Whether the prefix is known. */
  boolean namesPrefix() {
    return kind != Kind.NO_PREFIX;
  }

  /** Name in manifests and reports. */
  public String label() {
    return switch (kind) {
      case FULL -> "full";
      case PREFIX_ONLY -> "prefix_only";
      case NO_PREFIX -> "no_prefix";
      case WRONG_PINCODE -> "wrong_pincode_" + share;
    };
  }

  /**
   * The address to send for one row.
   *
   * @param trained pincodes that the model of the row's prefix was trained on, ascending
   * @return the address, unless it is empty without its numbers
   */
  @Nullable Address query(LabelledRow row, int[] trained) {
    try {
      return switch (kind) {
        case FULL -> Address.of(row.address(), row.pincode());
        case PREFIX_ONLY, NO_PREFIX -> masked(row);
        case WRONG_PINCODE -> wrong(row, trained);
      };
    } catch (ServiceException e) {
      return null;
    }
  }

  private static @Nullable Address masked(LabelledRow row) {
    var withoutPincodes = Address.PINCODE.matcher(row.address()).replaceAll(" ");
    var text = Address.canonical(LONG_NUMBER.matcher(withoutPincodes).replaceAll(" "));
    return text.isEmpty() ? null : new Address(text, null);
  }

  private Address wrong(LabelledRow row, int[] trained) {
    var hash =
        ByteBuffer.wrap(
            Digests.sha256(("wrong|" + row.address()).getBytes(StandardCharsets.UTF_8)));
    boolean replace = Byte.toUnsignedInt(hash.get(0)) < share * 256;
    if (!replace || trained.length < 2) return Address.of(row.address(), row.pincode());
    int truth = Integer.parseInt(row.pincode());
    int pick = (int) (Integer.toUnsignedLong(hash.getInt(1)) % trained.length);
    if (trained[pick] == truth) pick = (pick + 1) % trained.length;
    var other = Integer.toString(trained[pick]);
    var text =
        Address.PINCODE
            .matcher(row.address())
            .replaceAll(
                found ->
                    (found.group(1) + found.group(2)).equals(row.pincode())
                        ? other
                        : Matcher.quoteReplacement(found.group()));
    return Address.of(text, other);
  }
}
