package com.cpprediction.prediction;

import static com.cpprediction.prediction.Tokens.BLANK;
import static com.cpprediction.prediction.Tokens.CLOSE;
import static com.cpprediction.prediction.Tokens.COLON;
import static com.cpprediction.prediction.Tokens.COMMA;
import static com.cpprediction.prediction.Tokens.DASH;
import static com.cpprediction.prediction.Tokens.DOT;
import static com.cpprediction.prediction.Tokens.HASH;
import static com.cpprediction.prediction.Tokens.LINE;
import static com.cpprediction.prediction.Tokens.OPEN;
import static com.cpprediction.prediction.Tokens.PLUS;
import static com.cpprediction.prediction.Tokens.SEMICOLON;
import static com.cpprediction.prediction.Tokens.SLASH;
import static com.cpprediction.prediction.Tokens.TELEPHONE;

import com.cpprediction.prediction.PincodeCandidate.Cue;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Decides which numbers of an address can be its pincode, by their form and by the words beside
 * them. Telephone, company, order, survey and room numbers are none, nor are numbers of an address
 * abroad.
 *
 * <p>Takes linear time: each token is looked at a bounded number of times. Used once, by one
 * thread.
 */
final class PincodeReader {
  /** Most candidates of one text. */
  static final int MAX_CANDIDATES = 4;

  /**
   * Whether a number begins with two digits that India Post uses: a delivery circle's, without the
   * army's.
   */
  static final IntPredicate POSSIBLE = PincodeReader::isPossible;

  // Circles by their first two digits, as in the All India Pincode Directory of 2025.
  private static final int[] CIRCLES = {
    11, 28, 30, 34, 36, 53, 56, 64, 67, 79, 80, 85,
  };
  private static final boolean[] IN_CIRCLE = new boolean[100];

  static {
    for (int i = 0; i < CIRCLES.length; i += 2) {
      for (int c = CIRCLES[i]; c <= CIRCLES[i + 1]; c++) IN_CIRCLE[c] = true;
    }
  }

  private static final int DIGITS = 6;
  private static final int HALF = 3;
  private static final int MOBILE = 10;
  private static final int MAX_ROOMS = 20; // in a range such as 501-507
  private static final int MAX_PHASE = 12; // of an estate, such as "Ph-11"

  private static final int NONE = CueWords.OTHER;
  private static final int MARKS = DASH | DOT | COMMA | SLASH;
  private static final int JOINING = BLANK | LINE | DASH | DOT | COMMA;
  private static final int SPOKEN = BLANK | DASH | DOT | OPEN | CLOSE; // in a telephone number

  private final Tokens tokens;
  private final IntPredicate known;
  private final boolean[] joined; // token to the one before

  private final int[] pincodes = new int[MAX_CANDIDATES];
  private final int[] places = new int[MAX_CANDIDATES];
  private final Cue[] cues = new Cue[MAX_CANDIDATES];
  private int found;

  private int cue; // kind of the word that introduces the next number
  private boolean dialled; // a telephone number was read since its word
  private int afterTelephone = -1; // token behind the last telephone number
  private int landline; // digits behind the area code of that number; 0 for another kind
  private int afterPincode = -1; // token behind the last candidate
  private int lastPincode;
  private boolean besideAbroad;
  private int steps;

  private PincodeReader(Tokens tokens, IntPredicate known) {
    this.tokens = tokens;
    this.known = known;
    joined = new boolean[tokens.count];
  }

  /**
   * Reads the numbers of an address.
   *
   * @param known whether a number is a pincode, unless a word says so
   */
  static PincodeReader read(Tokens tokens, IntPredicate known) {
    var reader = new PincodeReader(tokens, known);
    reader.readAll();
    if (reader.isAbroad()) reader.keepLabelled();
    return reader;
  }

  /** Whether the last place that an address names is abroad. */
  static boolean endsAbroad(Tokens tokens) {
    var reader = new PincodeReader(tokens, POSSIBLE);
    int last = reader.lastPlaceName(reader.beforeForeignPostcode(tokens.count - 1));
    while (last >= 0 && tokens.kind[last] == CueWords.REFERENCE) { // such as a post box
      last = reader.lastPlaceName(last - 1);
    }
    return last >= 0
        && (reader.namesAbroadAlone(last)
            || reader.isRegion(last) && reader.namesAbroadAlone(last - 1));
  }

  /** Number of tokens looked at, repeated ones included; the time is proportional to it. */
  int steps() {
    return steps;
  }

  /** The canonical text: a blank between tokens but for those within a pincode. */
  String text() {
    var text = tokens.text;
    int length = 0;
    for (int i = 0; i < tokens.count; i++) {
      int from = i == 0 ? 0 : tokens.end[i - 1];
      if (joined[i]) from = tokens.start[i];
      int shift = from - length;
      int to = tokens.end[i];
      if (shift > 0) System.arraycopy(text, from, text, length, to - from);
      tokens.start[i] -= shift;
      length = to - shift;
    }
    return new String(text, 0, length);
  }

  /** The candidates, the best first; to be called after {@link #text}. */
  List<PincodeCandidate> candidates() {
    if (found == 0) return List.of();
    if (found == 1) return List.of(candidate(0));
    var all = new ArrayList<PincodeCandidate>(found);
    for (int i = 0; i < found; i++) all.add(candidate(i));
    return List.copyOf(all);
  }

  private PincodeCandidate candidate(int i) {
    return new PincodeCandidate(pincodes[i], cues[i], tokens.start[places[i]]);
  }

  private static boolean isPossible(int number) {
    return number >= 100_000 && number < 1_000_000 && IN_CIRCLE[number / 10_000];
  }

  private void readAll() {
    for (int i = 0; i < tokens.count; ) {
      steps++;
      if (tokens.isNumber(i)) {
        i = number(i);
      } else {
        word(i);
        i++;
      }
    }
  }

  // Words

  private void word(int i) {
    // As in "Order ABC482913".
    boolean ofCode = tokens.isNumber(i + 1) && tokens.gap[i + 1] == 0 && tokens.length(i) <= HALF;
    switch (tokens.kind[i]) {
      case CueWords.LABEL -> label(i);
      case CueWords.TELEPHONE, CueWords.PH -> telephoneWord(tokens.kind[i]);
      case CueWords.CODE -> cue = code();
      case CueWords.NUMBER -> numberWord();
      case CueWords.TELEPHONE_LETTER -> letter(i);
      case CueWords.OFFICE -> cue = cue == CueWords.TELEPHONE && !dialled ? cue : NONE;
      case CueWords.HOUSE -> {
        boolean ofName = tokens.isWord(i - 1) && tokens.gap[i] == BLANK;
        cue = ofName ? CueWords.HOUSE : CueWords.ROOM;
      }
      case CueWords.FILLER -> {}
      case CueWords.POST,
          CueWords.CODED,
          CueWords.REFERENCE,
          CueWords.ROOM,
          CueWords.SECTOR,
          CueWords.ABROAD ->
          cue = tokens.kind[i];
      default -> {
        boolean kept = ofCode && (cue == CueWords.REFERENCE || cue == CueWords.ROOM);
        if (isSpelledPin(i) || endsInPin(i)) label(i);
        else if (!kept) cue = NONE;
      }
    }
  }

  /** "P.I.N.", "P I N". */
  private boolean isSpelledPin(int i) {
    return tokens.is(i, 'n') && tokens.is(i - 1, 'i') && tokens.is(i - 2, 'p');
  }

  /** "MANSAPIN NO 151506": a blank is missing. */
  private boolean endsInPin(int i) {
    int end = tokens.end[i];
    boolean numbered = tokens.isWord(i + 1) && tokens.kind[i + 1] == CueWords.NUMBER;
    return numbered
        && tokens.length(i) > HALF
        && tokens.text[end - 3] == 'p'
        && tokens.text[end - 2] == 'i'
        && tokens.text[end - 1] == 'n';
  }

  /** A pincode word names the number before it, unless one follows. */
  private void label(int i) {
    cue = CueWords.LABEL;
    if (afterPincode != i) return;
    int next = i + 1;
    int kind = next < tokens.count ? tokens.kind[next] : NONE;
    if (kind == CueWords.CODE || kind == CueWords.NUMBER) next++;
    if (!tokens.isNumber(next)) add(lastPincode, placeOf(lastPincode), Cue.LABELLED);
  }

  private int placeOf(int pincode) {
    for (int k = 0; k < found; k++) if (pincodes[k] == pincode) return places[k];
    return 0;
  }

  private void telephoneWord(int kind) {
    cue = kind;
    dialled = false;
    landline = 0;
  }

  private int code() {
    return switch (cue) {
      case CueWords.LABEL, CueWords.POST -> CueWords.LABEL;
      case CueWords.CODED, CueWords.REFERENCE -> CueWords.REFERENCE;
      case CueWords.TELEPHONE -> cue;
      default -> NONE;
    };
  }

  private void numberWord() {
    switch (cue) {
      case CueWords.LABEL, CueWords.REFERENCE, CueWords.TELEPHONE -> {}
      case CueWords.PH -> cue = CueWords.TELEPHONE;
      default -> cue = CueWords.ROOM;
    }
  }

  /** "M: 98451…", but not "P.O.: 670571". */
  private void letter(int i) {
    boolean initial = tokens.isWord(i - 1) && tokens.length(i - 1) == 1;
    if ((tokens.gap[i + 1] & COLON) != 0 && !initial) telephoneWord(CueWords.TELEPHONE);
    else if (cue != CueWords.TELEPHONE) cue = NONE;
  }

  // Numbers

  /** Reads the number at {@code i}, returning the token behind it. */
  private int number(int i) {
    int gap = tokens.gap[i];
    int introduced = introduced(gap);
    cue = NONE;
    if (introduced == CueWords.LABEL && tokens.first(i) != '0') {
      int end = labelled(i);
      if (end > 0) return end;
    }
    if ((gap & (PLUS | TELEPHONE)) != 0) return telephone(i, introduced);
    if (introduced == CueWords.PH && isPhase(i)) return i + 1;
    if (introduced == CueWords.TELEPHONE && isOfNoLandline(i)) introduced = NONE;
    if (introduced == CueWords.TELEPHONE || introduced == CueWords.PH) {
      return telephone(i, CueWords.TELEPHONE);
    }
    if (tokens.first(i) == '0') return withZero(i);
    if (introduced == CueWords.REFERENCE) return reference(i);
    if (introduced == CueWords.ROOM || (gap & HASH) != 0) return rooms(i);
    int end = mobile(i);
    return end > 0 ? end : plain(i, introduced);
  }

  /** Kind of the word that introduces the next number across {@code gap}. */
  private int introduced(int gap) {
    return switch (cue) {
      case CueWords.TELEPHONE -> dialled && (gap & LINE) != 0 ? NONE : cue;
      case CueWords.LABEL, CueWords.PH -> cue;
      default -> (gap & (COMMA | SEMICOLON)) != 0 ? NONE : cue;
    };
  }

  /** Reads a pincode in any spelling, or returns -1. */
  private int labelled(int i) {
    int digits = tokens.length(i);
    if (digits == 2 * DIGITS && isDoubled(i)) return add(i, i + 1, value(i, DIGITS), Cue.LABELLED);
    int end = i + 1;
    int value = digits <= DIGITS ? value(i, digits) : 0;
    while (digits < DIGITS && tokens.isNumber(end) && joins(end)) {
      steps++;
      int length = tokens.length(end);
      if (digits + length > DIGITS) return -1;
      value = appended(value, end);
      digits += length;
      end++;
    }
    if (digits != DIGITS || isCut(end)) return -1;
    // "PIN 56001 7 Main Road" lacks a digit.
    boolean lacking = end == i + 2 && tokens.length(i) == DIGITS - 1;
    if (lacking && tokens.isWord(end) && tokens.gap[end] == BLANK) return -1;
    return add(i, end, value, Cue.LABELLED);
  }

  /** Whether the number at {@code i} may continue the one before it. */
  private boolean joins(int i) {
    int gap = tokens.gap[i];
    if (gap == 0 || (gap & ~JOINING) != 0) return false;
    return (gap & COMMA) == 0 || gap == COMMA || tokens.first(i) == '0';
  }

  /** Whether the number before token {@code end} goes on in letters, as in "1234A". */
  private boolean isCut(int end) {
    return touches(end) && isFragment(end);
  }

  /** Whether a word that touches a number is no word of its own. */
  private boolean isFragment(int i) {
    return tokens.length(i) < HALF && tokens.kind[i] == CueWords.OTHER;
  }

  private boolean isPhase(int i) {
    int length = tokens.length(i);
    if (length > 2 || tokens.first(i) == '0') return false;
    if (length == 1) return true;
    boolean alone = !tokens.isNumber(i + 1) || tokens.length(i + 1) < 5 || !spoken(i + 1);
    return alone || value(i, 2) <= MAX_PHASE && tokens.length(i + 1) == DIGITS;
  }

  /** Whether the number at {@code i} may belong to the telephone number before it. */
  private boolean spoken(int i) {
    int gap = tokens.gap[i];
    return gap != 0 && (gap & ~SPOKEN) == 0;
  }

  /** Whether the number at {@code i} is too short for another one of the landline before it. */
  private boolean isOfNoLandline(int i) {
    boolean listed = (tokens.gap[i] & (COMMA | SEMICOLON)) != 0;
    boolean goesOn = tokens.isNumber(i + 1) && spoken(i + 1);
    return landline > DIGITS && tokens.length(i) == DIGITS && listed && !goesOn;
  }

  private int telephone(int i, int introduced) {
    boolean abroad = (tokens.gap[i] & PLUS) != 0;
    char first = tokens.first(i);
    boolean country = abroad || first == '9' && tokens.length(i) == 2 && tokens.is91(i);
    int most = country ? MOBILE + 2 : first == '0' ? MOBILE + 1 : MOBILE;
    int digits = tokens.length(i);
    int end = i + 1;
    while (tokens.isNumber(end) && spoken(end) && digits + tokens.length(end) <= most) {
      steps++;
      digits += tokens.length(end++);
    }
    boolean complete = digits >= MOBILE && (country || first >= '6');
    cue = complete || introduced != CueWords.TELEPHONE ? NONE : CueWords.TELEPHONE;
    dialled = true;
    afterTelephone = end;
    landline = first == '0' && digits == MOBILE + 1 ? tokens.length(end - 1) : 0;
    return end;
  }

  /** A number that begins with a zero: with its area code, a telephone number. */
  private int withZero(int i) {
    int length = tokens.length(i);
    boolean code = length >= 3 && length <= 5 && tokens.isNumber(i + 1) && spoken(i + 1);
    if (length < MOBILE && !(code && tokens.length(i + 1) >= 2)) return i + 1;
    return telephone(i, CueWords.TELEPHONE);
  }

  /** The number of an order, an account or a company, with all its groups. */
  private int reference(int i) {
    int end = i + 1;
    while (tokens.isNumber(end)) {
      steps++;
      int gap = tokens.gap[end];
      boolean marked = gap == DASH || gap == SLASH || gap == DOT;
      boolean grouped =
          gap == BLANK && tokens.length(end) < DIGITS && tokens.length(end - 1) < DIGITS;
      if (!marked && !(grouped && !isPair(end))) break;
      end++;
    }
    return end;
  }

  /** Numbers of rooms or plots: "501-507", "12, 13 & 14", "123/4". */
  private int rooms(int i) {
    int end = i + 1;
    while (tokens.isNumber(end)) {
      steps++;
      int gap = tokens.gap[end];
      int length = tokens.length(end);
      if (gap == BLANK || gap == 0 || (gap & ~(BLANK | MARKS)) != 0) break;
      if (length > 4 && (length != tokens.length(i) || (gap & BLANK) != 0)) break;
      if (tokens.isNumber(end + 1) && tokens.gap[end + 1] != gap && isPair(end)) break;
      end++;
    }
    return end;
  }

  /** Reads a mobile number in groups, with or without 91, or returns -1. */
  private int mobile(int i) {
    int first = i;
    if (tokens.length(i) == 2 && tokens.is91(i) && tokens.isNumber(i + 1) && spoken(i + 1)) first++;
    int length = tokens.length(first);
    if (tokens.first(first) < '6' || length > MOBILE) return -1;
    int end = first + 1;
    if (length < MOBILE) {
      int gap = tokens.gap[end];
      if (gap == 0 || (gap & ~(BLANK | DASH | DOT)) != 0) return -1;
      int digits = length;
      while (digits < MOBILE && tokens.isNumber(end) && tokens.gap[end] == gap && end - first < 4) {
        steps++;
        digits += tokens.length(end++);
      }
      if (digits != MOBILE) return -1;
      int groups = end - first;
      boolean split = groups == 2 && length != DIGITS && length > 2;
      boolean dialling = first > i || i == afterTelephone || gap != BLANK;
      if (split && tokens.length(first + 1) == DIGITS) {
        split = dialling || tokens.first(first) == '9';
      }
      // 3-3-4, 4-3-3, 3-4-3, and with 91 in any groups
      boolean three = groups == 3 && length >= HALF && tokens.length(first + 1) >= HALF;
      if (!split && !three && first == i) return -1;
    }
    dialled = true;
    afterTelephone = end;
    landline = 0;
    return end;
  }

  /** A number that no word introduces. */
  private int plain(int i, int introduced) {
    int length = tokens.length(i);
    if (length == DIGITS) {
      if (isWhole(i)) add(i, i + 1, value(i, DIGITS), cueOf(i, i + 1, introduced));
      return i + 1;
    }
    if (length == 2 * DIGITS) {
      if (isDoubled(i) && known.test(value(i, DIGITS)) && !isPartOfCode(i, i + 1)) {
        add(i, i + 1, value(i, DIGITS), cueOf(i, i + 1, introduced));
      }
      return i + 1;
    }
    if (length == HALF && isPair(i) && isPairAlone(i)) {
      return add(i, i + 2, pair(i), cueOf(i, i + 2, introduced));
    }
    int end = introduced == CueWords.SECTOR ? -1 : scattered(i);
    return end > 0 ? end : i + 1;
  }

  /** Whether the six digits at {@code i} can be a pincode. */
  private boolean isWhole(int i) {
    if (!known.test(value(i, DIGITS)) || isPartOfCode(i, i + 1)) return false;
    if (measures(i + 1)) return false;
    boolean numberBefore = tokens.isNumber(i - 1);
    boolean numberAfter = tokens.isNumber(i + 1);
    int before = tokens.gap[i];
    int after = tokens.gap[i + 1];
    if (numberBefore) {
      if ((before & SLASH) != 0) return false;
      int length = tokens.length(i - 1);
      if (length == 4 && (before & DASH) != 0 && i - 1 != afterPincode) return false; // area code
      if ((before & CLOSE) != 0 && (tokens.gap[i - 1] & OPEN) != 0 && length >= HALF) return false;
    }
    boolean within = numberBefore && isMark(before) && numberAfter && isMark(after);
    return !within || tokens.length(i + 1) == DIGITS;
  }

  private static boolean isMark(int gap) {
    return gap == DASH || gap == DOT || gap == COMMA || gap == SLASH;
  }

  /** Whether a unit follows: "110000 sq ft". */
  private boolean measures(int end) {
    return tokens.isWord(end) && tokens.kind[end] == CueWords.UNIT && tokens.gap[end] <= BLANK;
  }

  /** Whether up to three letters tie it to another number: "U74140MH2006FTC160999". */
  private boolean isPartOfCode(int i, int end) {
    if (touches(end) && touches(end + 1) && tokens.length(end) <= HALF) return true;
    return i > 1 && touches(i) && touches(i - 1) && tokens.length(i - 1) <= HALF;
  }

  /** Whether one or two letters touch the number that are no word of their own: "A P534301". */
  private boolean isLettered(int i, int end) {
    return isCut(end) || i > 0 && touches(i) && isFragment(i - 1);
  }

  /** Whether no gap parts token {@code i} from the one before. */
  private boolean touches(int i) {
    return i < tokens.count && tokens.gap[i] == 0;
  }

  /** Whether three and three digits at {@code i} are a known pincode in two halves. */
  private boolean isPair(int i) {
    if (!tokens.isNumber(i) || !tokens.isNumber(i + 1)) return false;
    if (tokens.length(i) != HALF || tokens.length(i + 1) != HALF) return false;
    int gap = tokens.gap[i + 1];
    if (gap == 0 || (gap & ~JOINING) != 0 || tokens.first(i) == '0') return false;
    boolean zero = tokens.first(i + 1) == '0';
    if ((gap & COMMA) != 0 && gap != COMMA && !zero) return false;
    if ((gap & LINE) != 0 && !zero && !isFollowed(i + 2)) return false;
    return known.test(pair(i)) && !isRange(i);
  }

  private boolean isRange(int i) {
    int gap = tokens.gap[i + 1];
    if ((gap & (DASH | COMMA)) == 0) return false;
    int width = value(i + 1, HALF) - value(i, HALF);
    if (width <= 0 || width > MAX_ROOMS) return false;
    boolean placed = tokens.isWord(i - 1) && isFollowed(i + 2);
    return !placed || tokens.kind[i - 1] == CueWords.ROOM || tokens.kind[i - 1] == CueWords.NUMBER;
  }

  private int pair(int i) {
    return value(i, HALF) * 1_000 + value(i + 1, HALF);
  }

  /** Whether the pair at {@code i} is no part of a longer number in groups. */
  private boolean isPairAlone(int i) {
    if (isPartOfCode(i, i + 2) || measures(i + 2)) return false;
    int gap = tokens.gap[i + 1];
    int before = tokens.gap[i];
    if (tokens.isNumber(i - 1) && isMark(before) && (before != COMMA || gap == COMMA)) return false;
    if (!tokens.isNumber(i + 2)) return true;
    int after = tokens.gap[i + 2];
    if (after == SLASH || after == gap && gap != BLANK) return false;
    return after != gap || tokens.length(i + 2) != HALF;
  }

  /** Reads a pincode in unusual groups: "1 1 0 0 5 5", "7000 59", "11 00 55"; or returns -1. */
  private int scattered(int i) {
    int gap = tokens.gap[i + 1];
    boolean even = gap != 0 && (gap & ~(BLANK | DASH)) == 0 && tokens.first(i) != '0';
    if (!even || tokens.isNumber(i - 1) && (tokens.gap[i] & ~JOINING) == 0) return -1;
    int digits = tokens.length(i);
    int size = digits;
    int value = 0;
    int end = i + 1;
    boolean uniform = true;
    while (digits < DIGITS && tokens.isNumber(end) && tokens.gap[end] == gap) {
      steps++;
      uniform &= tokens.length(end) == size;
      digits += tokens.length(end++);
    }
    if (digits != DIGITS) return -1;
    for (int k = i; k < end; k++) value = appended(value, k);
    boolean usual = uniform ? size <= 2 : end == i + 2 && (size == 2 || size == 4);
    if (!usual || !known.test(value) || isPartOfCode(i, end)) return -1;
    boolean more = tokens.isNumber(end) && (tokens.gap[end] & ~JOINING) == 0;
    boolean placed = tokens.isWord(i - 1) && isFollowed(end);
    if (more || isLettered(i, end) || !(placed || uniform && size == 1)) return -1;
    return add(i, end, value, tokens.isWord(i - 1) ? Cue.PLACED : Cue.BARE);
  }

  private Cue cueOf(int i, int end, int introduced) {
    if (introduced == CueWords.HOUSE || isLettered(i, end)) return Cue.BARE;
    if (tokens.isWord(i - 1)) return Cue.PLACED;
    boolean pair = end > i + 1;
    boolean grouped = pair && tokens.isNumber(i - 1) && tokens.length(i - 1) == HALF;
    boolean behind = i > 0 && (i == afterPincode || i == afterTelephone) || grouped;
    return !behind && isFollowed(end) ? Cue.PLACED : Cue.BARE;
  }

  /** Whether the address ends before token {@code i}, or goes on with a state or telephone. */
  private boolean isFollowed(int i) {
    if (i >= tokens.count) return true;
    if (tokens.isNumber(i)) {
      return (tokens.gap[i] & (PLUS | TELEPHONE)) != 0 || tokens.first(i) == '0';
    }
    return switch (tokens.kind[i]) {
      case CueWords.STATE, CueWords.STATE_OR_ABROAD, CueWords.TELEPHONE, CueWords.PH -> true;
      case CueWords.TELEPHONE_LETTER -> (tokens.gap[i + 1] & COLON) != 0;
      default -> i + 1 < tokens.count && isState(i + 1); // "West Bengal"
    };
  }

  private boolean isDoubled(int i) {
    return tokens.text[tokens.start[i]] != '0'
        && value(i, DIGITS) == appended(0, tokens.start[i] + DIGITS, DIGITS);
  }

  /** The first digits of the number at {@code i}. */
  private int value(int i, int digits) {
    return appended(0, tokens.start[i], digits);
  }

  /** {@code value} with the digits of the number at {@code i} behind it. */
  private int appended(int value, int i) {
    return appended(value, tokens.start[i], tokens.length(i));
  }

  private int appended(int value, int start, int digits) {
    int all = value;
    for (int k = 0; k < digits; k++) all = 10 * all + tokens.text[start + k] - '0';
    return all;
  }

  // Candidates

  private int add(int i, int end, int pincode, Cue strength) {
    for (int k = i + 1; k < end; k++) joined[k] = true;
    besideAbroad |= strength != Cue.LABELLED && (isAbroadWord(i - 1) || isAbroadWord(end));
    add(pincode, i, strength);
    lastPincode = pincode;
    afterPincode = end;
    return end;
  }

  /** Keeps the best, and of equally good ones the last. */
  private void add(int pincode, int place, Cue strength) {
    int old = 0;
    while (old < found && pincodes[old] != pincode) old++;
    if (old < found) {
      if (cues[old].compareTo(strength) < 0) return;
      remove(old);
    }
    int at = 0;
    while (at < found && cues[at].compareTo(strength) < 0) at++;
    if (at == MAX_CANDIDATES) return;
    if (found < MAX_CANDIDATES) found++;
    for (int k = found - 1; k > at; k--) {
      pincodes[k] = pincodes[k - 1];
      places[k] = places[k - 1];
      cues[k] = cues[k - 1];
    }
    pincodes[at] = pincode;
    places[at] = place;
    cues[at] = strength;
  }

  private void remove(int at) {
    found--;
    for (int k = at; k < found; k++) {
      pincodes[k] = pincodes[k + 1];
      places[k] = places[k + 1];
      cues[k] = cues[k + 1];
    }
  }

  private void keepLabelled() {
    int kept = 0;
    while (kept < found && cues[kept] == Cue.LABELLED) kept++;
    found = kept;
  }

  private boolean isAbroadWord(int i) {
    return tokens.isWord(i) && (tokens.kind[i] == CueWords.ABROAD || isAbroadPair(i));
  }

  private boolean isAbroadPair(int i) {
    return tokens.kind[i] == CueWords.ABROAD_SECOND
        && tokens.isWord(i - 1)
        && tokens.kind[i - 1] == CueWords.ABROAD_FIRST;
  }

  /** Whether the last words name a place abroad, or a number stands beside one. */
  private boolean isAbroad() {
    if (found == 0 || cues[0] == Cue.LABELLED && cues[found - 1] == Cue.LABELLED) return false;
    int last = lastPlaceName(tokens.count - 1);
    if (last < 0) return besideAbroad;
    if (isState(last)) return false;
    return besideAbroad || namesAbroad(last);
  }

  private int lastPlaceName(int from) {
    int i = from;
    while (i >= 0 && !isPlaceName(i)) {
      steps++;
      i--;
    }
    return i;
  }

  /**
   * The token before a British or Canadian postcode that ends with {@code last}, such as "NW1 6XE",
   * "SW1A 1AA" or "M5V 2T6"; {@code last} where there is none.
   */
  private int beforeForeignPostcode(int last) {
    boolean british = isCode(last, 2) && isDigits(last - 1, 1);
    boolean canadian = isDigits(last, 1) && isCode(last - 1, 1) && isDigits(last - 2, 1);
    int second = british ? last - 1 : canadian ? last - 2 : -1;
    if (second < 0 || tokens.gap[second] != BLANK || !touch(second, last)) return last;
    int end = second - 1;
    int number = isCode(end, 1) && isDigits(end - 1, 2) ? end - 1 : end;
    boolean first =
        isDigits(number, 2) && tokens.isWord(number - 1) && tokens.length(number - 1) <= 2;
    return first && touch(number - 1, end) ? number - 2 : last;
  }

  /** Whether {@code i} is the code of a state before a postcode: "NY 10036", "ON M5V 2T6". */
  private boolean isRegion(int i) {
    if (i == 0 || !tokens.isWord(i)) return false;
    boolean numbered = isCode(i, 2) && isZip(i + 1);
    boolean coded = beforeForeignPostcode(tokens.count - 1) == i && i < tokens.count - 1;
    return numbered || coded && tokens.length(i) <= 3;
  }

  private boolean isZip(int i) {
    return tokens.isNumber(i) && tokens.length(i) == 5 && tokens.gap[i] == BLANK;
  }

  private boolean isCode(int i, int letters) {
    return tokens.isWord(i) && tokens.length(i) == letters;
  }

  private boolean isDigits(int i, int most) {
    return tokens.isNumber(i) && tokens.length(i) <= most;
  }

  /** Whether there is no gap between the tokens {@code from} to {@code to}. */
  private boolean touch(int from, int to) {
    for (int i = from + 1; i <= to; i++) if (tokens.gap[i] != 0) return false;
    return true;
  }

  private boolean namesAbroad(int last) {
    return isAbroadWord(last) || tokens.kind[last] == CueWords.ABROAD_LAST;
  }

  /** As {@link #namesAbroad}, of an address without a pincode. */
  private boolean namesAbroadAlone(int last) {
    boolean second =
        tokens.kind[last] == CueWords.CITY || tokens.kind[last] == CueWords.STATE_OR_ABROAD;
    int name = second ? beforeForeignPostcode(last - 1) : last;
    if (name < 0) return false;
    if (namesAbroad(name)) return true;
    boolean ofAnother = name > 0 && tokens.is(name - 1, "de"); // "Penha de France" is in Goa
    return tokens.kind[name] == CueWords.ABROAD_UNNUMBERED && !ofAnother;
  }

  private boolean isState(int i) {
    return tokens.kind[i] == CueWords.STATE || tokens.kind[i] == CueWords.STATE_OR_ABROAD;
  }

  /** The letter of "Singapore S(238801)". */
  private boolean isPostcodeLetter(int i) {
    return i > 0 && tokens.is(i, "s") && isAbroadWord(i - 1) && tokens.isNumber(i + 1);
  }

  private boolean isPlaceName(int i) {
    return switch (tokens.kind[i]) {
      case Tokens.NUMBER,
          CueWords.LABEL,
          CueWords.CODE,
          CueWords.NUMBER,
          CueWords.TELEPHONE,
          CueWords.PH,
          CueWords.TELEPHONE_LETTER,
          CueWords.FILLER,
          CueWords.POST ->
          false;
      default -> !isPostcodeLetter(i);
    };
  }
}
