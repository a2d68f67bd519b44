package com.cpprediction.csv;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.ServiceException;
import java.math.BigDecimal;
import java.text.Normalizer;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads pincodes as spreadsheet programs and people write them. */
final class Pincodes {
  /** The fault of a value that is no pincode. */
  static final String FAULT = "pincode is not six digits";

  private static final int DIGITS = 6;

  /** Exports write these for a value that is absent; in lower case. */
  private static final Set<String> NOTHING =
      Set.of(
          "nan",
          "null",
          "none",
          "na",
          "n/a",
          "#n/a",
          "nil",
          "undefined",
          "-",
          "--",
          "?",
          "\\n",
          "0",
          "0.0");

  /** Text that a spreadsheet program is kept from reading as a number. */
  private static final Pattern FORMULA = Pattern.compile("=\\s*\"(.*)\"");

  private static final Pattern AROUND =
      Pattern.compile("^(?:[\"'’‘`]+|pin(?:code)?[\\s:.-]*)|[\"'’‘`.,;]+$");
  private static final Pattern INVISIBLE = Pattern.compile("\\p{Cf}");
  private static final Pattern GROUPED =
      Pattern.compile("([1-9]\\d\\d\\.\\d{3}|[1-9](?:[\\s,_'’-]?\\d){5})(?:[.,]0+)?");
  private static final Pattern SCIENTIFIC = Pattern.compile("([1-9])(?:[.,](\\d+))?e\\+?0*5");
  private static final Pattern SEPARATOR = Pattern.compile("\\D");

  private Pincodes() {}

  /**
   * @return six ASCII digits; empty when the cell has no value
   * @throws BadRow when it has another value
   */
  static String read(String cell) {
    var text = cell.strip();
    if (text.isEmpty() || isPlain(text)) return text;
    text = Normalizer.normalize(text, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
    text = INVISIBLE.matcher(text).replaceAll("").strip();
    var formula = FORMULA.matcher(text);
    if (formula.matches()) text = formula.group(1);
    if (NOTHING.contains(text)) return "";
    text = digits(AROUND.matcher(text).replaceAll("").strip());
    if (text.isEmpty()) return "";
    var grouped = GROUPED.matcher(text);
    if (grouped.matches()) return SEPARATOR.matcher(grouped.group(1)).replaceAll("");
    var scientific = SCIENTIFIC.matcher(text);
    if (scientific.matches()) return unfolded(text);
    try {
      return Objects.requireNonNull(Address.of("x", text).pincode());
    } catch (ServiceException e) {
      throw new BadRow(FAULT);
    }
  }

  /** Whether {@code text} is six ASCII digits already, as almost all are. */
  private static boolean isPlain(String text) {
    if (text.length() != DIGITS || text.charAt(0) == '0') return false;
    for (int i = 0; i < DIGITS; i++) if (text.charAt(i) < '0' || text.charAt(i) > '9') return false;
    return true;
  }

  /** Whether a cell is a pincode. */
  static boolean isPincode(String cell) {
    try {
      return !read(cell).isEmpty();
    } catch (BadRow e) {
      return false;
    }
  }

  /** With the digits of all scripts as ASCII. */
  private static String digits(String text) {
    var ascii = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      ascii.append(Character.isDigit(c) ? Character.forDigit(Character.digit(c, 10), 10) : c);
    }
    return ascii.toString();
  }

  /** The number of a cell such as {@code 5.60017E+05}; fewer digits were rounded away. */
  private static String unfolded(String text) {
    var number = new BigDecimal(text.replace(',', '.'));
    boolean whole = number.stripTrailingZeros().scale() <= 0;
    if (number.precision() < DIGITS || !whole) {
      throw new BadRow(
          FAULT, "pincode \"%s\" has lost digits; format its column as text".formatted(text));
    }
    return number.toBigInteger().toString();
  }
}
