package com.cpprediction.model;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.PincodeCandidate;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PrefixChances;
import com.cpprediction.prediction.PrefixTable;
import com.cpprediction.prediction.PrefixWeights;
import com.cpprediction.prediction.ServiceException;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Names the prefixes that an address may belong to: by its words and its pincodes together, and by
 * its pincode alone where the words can't be asked. Immutable and thread-safe.
 */
final class PrefixLocator {
  private static final int PREFIX_LENGTH = 3; // of a prefix that has no model

  private static final int FIRST_ARMY_PINCODE = 900_000;
  private static final int PINCODE_LENGTH = 6;
  private static final Pattern ARMY =
      Pattern.compile("(?:^| )(?:apo|fpo|army post|fleet mail)(?: |$)");

  private static final ThreadLocal<PrefixWeights> WEIGHTS =
      ThreadLocal.withInitial(PrefixWeights::new);

  private final Locator locator;
  private final Set<String> prefixes;
  private final PrefixTable served; // the same

  /**
   * @param prefixes of the release
   * @param locator of the release
   */
  PrefixLocator(Set<String> prefixes, Locator locator) {
    this.locator = locator;
    served = new PrefixTable(prefixes.stream().sorted().toList());
    this.prefixes = Set.copyOf(prefixes);
  }

  /** Names prefixes by the words alone. */
  Locator locator() {
    return locator;
  }

  /**
   * @param wrongPincodes shares of wrong pincodes to assume
   * @throws ServiceException {@link Failure#UNKNOWN_PREFIX} or {@link Failure#PINCODE_REQUIRED}
   *     when the release has no model of the likeliest prefix, {@link Failure#NOT_READY} when that
   *     can't be told
   */
  Hypotheses locate(Address address, PincodeErrors wrongPincodes) {
    var pincodes = address.candidates();
    if (pincodes.isEmpty()) {
      if (address.endsAbroad()) {
        throw Failure.PINCODE_REQUIRED.because(
            "The address has no pincode and ends in a place abroad; if it is in India, add the"
                + " pincode to the address or send it as pincode");
      }
      if (hasArmyNumber(address.text()) && isOfArmy(address)) {
        throw Failure.PINCODE_REQUIRED.because(
            "The address is one of the army's post, which no model serves; send a pincode of India"
                + " Post as pincode");
      }
      var chances = locator.locate(address.text());
      if (chances == null) {
        throw Failure.PINCODE_REQUIRED.because(
            "The address has no pincode; add it to the address or send it as pincode");
      }
      return likely(chances, pincodes, wrongPincodes);
    }
    var chances = chances(address.text());
    return chances == null || !weighs(chances, address)
        ? byPincode(address, wrongPincodes)
        : likely(chances, pincodes, wrongPincodes);
  }

  /**
   * By the first pincode alone.
   *
   * @throws ServiceException {@link Failure#UNKNOWN_PREFIX} when no model serves its prefix
   */
  Hypotheses byPincode(Address address, PincodeErrors wrongPincodes) {
    var pincode = address.candidates().get(0);
    var prefix = prefixOf(pincode.pincode());
    if (prefix == null) throw unknown(pincode.digits().substring(0, PREFIX_LENGTH));
    return Hypotheses.certain(prefix, address, wrongPincodes);
  }

  /**
   * @return the longest prefix of {@code pincode} that the release has, if any
   */
  @Nullable String prefixOf(int pincode) {
    int i = served.longest(pincode);
    return i < 0 ? null : served.prefixes().get(i);
  }

  /** Absent where the words can't be asked: the pincode decides then. */
  private @Nullable PrefixChances chances(String text) {
    try {
      return locator.locate(text);
    } catch (ServiceException e) {
      if (e.failure() != Failure.NOT_READY) throw e;
      return null;
    }
  }

  /**
   * Whether the words may outweigh the pincodes: only where the prefixes that they know include
   * that of the first pincode, or of another one if no model serves the first, or where the first
   * does not exist. Else the words would favour the few that they know.
   */
  private boolean weighs(PrefixChances chances, Address address) {
    var pincodes = address.candidates();
    var table = chances.table();
    var prefix = prefixOf(pincodes.get(0).pincode());
    if (prefix != null) return table.contains(prefix);
    if (!exists(pincodes.get(0).pincode(), address)) return true;
    for (var pincode : pincodes) if (table.longest(pincode.pincode()) >= 0) return true;
    return false;
  }

  /** The directory of India Post has no pincodes of the army. */
  private boolean exists(int pincode, Address address) {
    if (locator.isPincode(pincode)) return true;
    return pincode >= FIRST_ARMY_PINCODE && isOfArmy(address);
  }

  private static boolean isOfArmy(Address address) {
    return ARMY.matcher(address.text()).find();
  }

  /** Whether a word of {@code text} is a number such as "937056". */
  private static boolean hasArmyNumber(String text) {
    int digits = 0; // since the last blank; more than six where the word can't be one
    for (int i = 0; i <= text.length(); i++) {
      char c = i == text.length() ? ' ' : text.charAt(i);
      if (c == ' ') {
        if (digits == PINCODE_LENGTH) return true;
        digits = 0;
      } else if (c >= '0' && c <= '9' && (digits > 0 || c == '9')) {
        digits++;
      } else {
        digits = PINCODE_LENGTH + 1;
      }
    }
    return false;
  }

  private Hypotheses likely(
      PrefixChances chances, List<PincodeCandidate> pincodes, PincodeErrors wrongPincodes) {
    var weights = WEIGHTS.get();
    weights.read(locator, chances, pincodes, wrongPincodes);
    var best = weights.prefix(0);
    if (!prefixes.contains(best)) {
      if (!pincodes.isEmpty()) throw unknown(best);
      throw Failure.PINCODE_REQUIRED.because(
          "The address has no pincode, and no model serves prefix "
              + best
              + ", where it seems to be; add it to the address or send it as pincode");
    }
    return weights.hypotheses(prefixes);
  }

  private static ServiceException unknown(String prefix) {
    return Failure.UNKNOWN_PREFIX.because("No model serves prefix " + prefix);
  }
}
