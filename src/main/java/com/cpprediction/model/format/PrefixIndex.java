package com.cpprediction.model.format;

import com.cpprediction.model.format.ModelFile.Section;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The index of a prefix, read in place from a {@link ModelFile}: training addresses and directory
 * offices as rows of weighted n-grams, ridge weights, offices and pincodes. Immutable and
 * thread-safe. All references are validated once, on construction, and not while scoring.
 */
public final class PrefixIndex {
  /** Relative weight of an n-gram that is repeated in a text. */
  public static final float REPEATED = (float) (1 + StrictMath.log(2));

  /** Address rows that a CP's own pincode stands for. */
  private static final double OWN_ROWS = 0.5;

  private final int addressRows;
  private final int rows;
  private final int cps;
  private final int offices;
  private final float[] idf; // by document frequency
  private final GramTable grams;
  private final GramTable officeGrams;
  private final FloatBuffer wordScale;
  private final FloatBuffer charScale;
  private final String[] cpCodes;
  private final IntBuffer cpPincode;
  private final IntBuffer cpRow;
  private final IntBuffer cpDirectory;
  private final FloatBuffer cpNorm;
  private final IntBuffer cpOffice;
  private final IntBuffer cpOffices;
  private final FloatBuffer alphaStep;
  private final ByteBuffer alpha;
  private final ByteBuffer officeWords;
  private final FloatBuffer officeWeight;
  private final IntBuffer pincodes;
  private final IntBuffer pincodeList;
  private final IntBuffer pincodeCp;
  private final int[] usualPincode;
  private final Evidence whole = new Whole();

  /**
   * @throws ModelException when the sections are inconsistent
   */
  public PrefixIndex(ModelFile file) {
    var counts = ints(file, Section.COUNTS, 5);
    for (int i = 0; i < 5; i++) require(counts.get(i) >= 0, Section.COUNTS);
    addressRows = counts.get(0);
    cps = counts.get(2);
    offices = counts.get(3);
    int pincodeCount = counts.get(4);
    long allRows = (long) addressRows + counts.get(1);
    require(Math.max(allRows, offices) <= GramTable.MAX_ROWS, Section.COUNTS);
    rows = (int) allRows;
    wordScale = floats(file, Section.ROW_WORD_SCALE, rows);
    charScale = floats(file, Section.ROW_CHAR_SCALE, rows);
    grams = gramTable(file, Section.GRAM_BUCKET, Section.GRAM_ENTRY, Section.GRAM_POSTING, rows);
    cpCodes = lines(file, Section.CP_CODE, cps);
    cpPincode = ints(file, Section.CP_PINCODE, cps);
    cpRow = starts(file, Section.CP_ROW, cps, 0, addressRows);
    cpDirectory = starts(file, Section.CP_DIRECTORY, cps, addressRows, rows);
    cpNorm = floats(file, Section.CP_NORM, cps);
    cpOffice = ints(file, Section.CP_OFFICE, cps);
    cpOffices = ints(file, Section.CP_OFFICES, 2L * cps);
    alphaStep = floats(file, Section.ALPHA_STEP, cps);
    alpha = bytes(file, Section.ALPHA, (long) rows * cps);
    officeWords = bytes(file, Section.OFFICE_WORDS, offices);
    officeWeight = floats(file, Section.OFFICE_WEIGHT, offices);
    officeGrams =
        gramTable(
            file, Section.OFFICE_BUCKET, Section.OFFICE_ENTRY, Section.OFFICE_POSTING, offices);
    pincodes = ints(file, Section.PINCODE, pincodeCount);
    int pairs = file.section(Section.PINCODE_CP).limit() / (2 * Integer.BYTES);
    pincodeList = starts(file, Section.PINCODE_LIST, pincodeCount, 0, pairs);
    pincodeCp = ints(file, Section.PINCODE_CP, 2L * pairs);
    checkCps();
    checkPincodes(pairs);
    usualPincode = usualPincodes();
    idf = new float[rows + 1];
    for (int df = 0; df <= rows; df++) idf[df] = (float) idf(df, rows);
  }

  private void checkCps() {
    for (int cp = 0; cp < cps; cp++) {
      require(cpOffice(cp) >= -1 && cpOffice(cp) < offices, Section.CP_OFFICE);
      boolean inside =
          0 <= firstOffice(cp) && firstOffice(cp) <= endOffice(cp) && endOffice(cp) <= offices;
      require(inside, Section.CP_OFFICES);
    }
  }

  private void checkPincodes(int pairs) {
    for (int i = 1; i < pincodes.limit(); i++) {
      require(pincodes.get(i) > pincodes.get(i - 1), Section.PINCODE);
    }
    for (int entry = 0; entry < pairs; entry++) {
      boolean known = pincodeCp(entry) >= 0 && pincodeCp(entry) < cps;
      require(known && pincodeRows(entry) >= 0, Section.PINCODE_CP);
    }
  }

  /** Number of rows: addresses first, then directory offices. */
  public int rows() {
    return rows;
  }

  /** Number of training addresses. */
  public int addressRows() {
    return addressRows;
  }

  public int cps() {
    return cps;
  }

  public String cpCode(int cp) {
    return cpCodes[cp];
  }

  public List<String> cpCodes() {
    return List.of(cpCodes);
  }

  public int cpPincode(int cp) {
    return cpPincode.get(cp);
  }

  /** The first address row of {@code cp}; those of the next CP follow. */
  int firstRow(int cp) {
    return cpRow.get(cp);
  }

  /** The first directory row of {@code cp}; those of the next CP follow. */
  int firstDirectoryRow(int cp) {
    return cpDirectory.get(cp);
  }

  /** Address rows of {@code cp}. */
  public int cpRows(int cp) {
    return firstRow(cp + 1) - firstRow(cp);
  }

  /** Norm of the sum of the rows of {@code cp}. */
  float cpNorm(int cp) {
    return cpNorm.get(cp);
  }

  /** The office of {@code cp}, or -1. */
  int cpOffice(int cp) {
    return cpOffice.get(cp);
  }

  int firstOffice(int cp) {
    return cpOffices.get(2 * cp);
  }

  int endOffice(int cp) {
    return cpOffices.get(2 * cp + 1);
  }

  int offices() {
    return offices;
  }

  int officeWords(int office) {
    return Byte.toUnsignedInt(officeWords.get(office));
  }

  float officeWeight(int office) {
    return officeWeight.get(office);
  }

  /**
   * @param out receives one over the norm of each row's words, 0 for none
   */
  public void wordScales(float[] out) {
    wordScale.get(0, out, 0, rows);
  }

  /**
   * @param out receives one over the norm of each row's character n-grams, 0 for none
   */
  public void charScales(float[] out) {
    charScale.get(0, out, 0, rows);
  }

  public boolean hasWords(int row) {
    return wordScale.get(row) > 0;
  }

  public boolean hasChars(int row) {
    return charScale.get(row) > 0;
  }

  public GramTable grams() {
    return grams;
  }

  GramTable officeGrams() {
    return officeGrams;
  }

  /** Inverse document frequency: ln((1+N)/(1+df)) + 1. */
  public static double idf(int df, int rows) {
    return StrictMath.log((1.0 + rows) / (1.0 + df)) + 1;
  }

  /** Inverse document frequency of an n-gram in {@code df} rows. */
  public float idf(int df) {
    return idf[df];
  }

  /** One ridge weight in steps of {@link #alphaStep}. */
  public byte alpha(int row, int cp) {
    return alpha.get(cp * rows + row);
  }

  public float alphaStep(int cp) {
    return alphaStep.get(cp);
  }

  /** All rows as evidence. */
  public Evidence whole() {
    return whole;
  }

  /**
   * @return index of {@code pincode} in the table, or -1 when no row and no CP has it
   */
  int findPincode(int pincode) {
    int low = 0;
    int high = pincodes.limit() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int at = pincodes.get(middle);
      if (at == pincode) return middle;
      if (at < pincode) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  int pincodeStart(int place) {
    return pincodeList.get(place);
  }

  int pincodeEnd(int place) {
    return pincodeList.get(place + 1);
  }

  public int pincodeCp(int entry) {
    return pincodeCp.get(2 * entry);
  }

  /** Number of pincodes that an address row or a CP has. */
  public int pincodeCount() {
    return pincodes.limit();
  }

  /** The likeliest pincode of {@code cp}, 0 where none is known. */
  public int usualPincode(int cp) {
    return usualPincode[cp];
  }

  private int[] usualPincodes() {
    var usual = new int[cps];
    var most = new double[cps];
    for (int place = 0; place < pincodes.limit(); place++) {
      for (int entry = pincodeStart(place); entry < pincodeEnd(place); entry++) {
        int cp = pincodeCp(entry);
        double share = pincodeShare(entry, pincodes.get(place));
        if (share <= most[cp]) continue;
        most[cp] = share;
        usual[cp] = pincodes.get(place);
      }
    }
    return usual;
  }

  /**
   * Adds the probability of {@code pincode} given each CP that has it.
   *
   * @param factor of what is added
   * @param out by CP
   * @return whether a CP has it
   */
  public boolean addPincodeShares(int pincode, double factor, double[] out) {
    int place = findPincode(pincode);
    if (place < 0) return false;
    for (int entry = pincodeStart(place); entry < pincodeEnd(place); entry++) {
      out[pincodeCp(entry)] += factor * pincodeShare(entry, pincode);
    }
    return true;
  }

  /** A CP's own pincode counts as half an address row. */
  private double pincodeShare(int entry, int pincode) {
    int cp = pincodeCp(entry);
    double own = cpPincode(cp) == pincode ? OWN_ROWS : 0;
    return (pincodeRows(entry) + own) / (cpRows(cp) + OWN_ROWS);
  }

  /** The pincode that {@code entry} belongs to. */
  public int pincodeOf(int entry) {
    int place = 0;
    while (pincodeEnd(place) <= entry) place++;
    return pincodes.get(place);
  }

  /** Number of address rows of the entry's CP with its pincode. */
  public int pincodeRows(int entry) {
    return pincodeCp.get(2 * entry + 1);
  }

  /** The pincodes of training addresses, ascending. */
  public int[] trainedPincodes() {
    return IntStream.range(0, pincodes.limit())
        .filter(
            place ->
                IntStream.range(pincodeStart(place), pincodeEnd(place))
                    .anyMatch(entry -> pincodeRows(entry) > 0))
        .map(pincodes::get)
        .toArray();
  }

  private static GramTable gramTable(
      ModelFile file, Section bucket, Section entry, Section posting, int rows) {
    return new GramTable(
        entry.name(),
        file.section(bucket).asIntBuffer(),
        file.section(entry),
        file.section(posting),
        rows);
  }

  /** The starts of {@code count} lists, and the end of the last. */
  private static IntBuffer starts(ModelFile file, Section section, int count, int from, int to) {
    var starts = ints(file, section, count + 1L);
    require(starts.get(0) == from && starts.get(count) == to, section);
    for (int i = 0; i < count; i++) require(starts.get(i) <= starts.get(i + 1), section);
    return starts;
  }

  private static IntBuffer ints(ModelFile file, Section section, long count) {
    return bytes(file, section, count * Integer.BYTES).asIntBuffer();
  }

  private static FloatBuffer floats(ModelFile file, Section section, long count) {
    var floats = bytes(file, section, count * Float.BYTES).asFloatBuffer();
    for (int i = 0; i < count; i++) {
      require(Float.isFinite(floats.get(i)) && floats.get(i) >= 0, section);
    }
    return floats;
  }

  private static String[] lines(ModelFile file, Section section, int count) {
    var text = StandardCharsets.UTF_8.decode(file.section(section)).toString();
    var lines = text.isEmpty() ? new String[0] : text.split("\n", -1);
    if (lines.length != (count == 0 ? 0 : count + 1)) {
      throw new ModelException("section " + section + " has " + lines.length + " lines");
    }
    return Arrays.copyOf(lines, count); // nothing follows the last line feed
  }

  private static ByteBuffer bytes(ModelFile file, Section section, long length) {
    var content = file.section(section);
    if (content.limit() != length) {
      throw new ModelException(
          "section %s has %d bytes, must be %d".formatted(section, content.limit(), length));
    }
    return content;
  }

  private static void require(boolean holds, Section section) {
    if (!holds) throw new ModelException("section " + section + " has a value out of range");
  }

  private final class Whole implements Evidence {
    @Override
    public boolean leavesOut(int row) {
      return false;
    }

    /** Uses four partial sums, which the processor adds in parallel. */
    @Override
    public float ridge(int cp, float[] similarity) {
      int start = cp * rows;
      float a = 0;
      float b = 0;
      float c = 0;
      float d = 0;
      int row = 0;
      for (; row < rows - 3; row += 4) {
        a += similarity[row] * alpha.get(start + row);
        b += similarity[row + 1] * alpha.get(start + row + 1);
        c += similarity[row + 2] * alpha.get(start + row + 2);
        d += similarity[row + 3] * alpha.get(start + row + 3);
      }
      for (; row < rows; row++) a += similarity[row] * alpha.get(start + row);
      return (a + b + (c + d)) * alphaStep.get(cp);
    }

    @Override
    public float cpNorm(int cp) {
      return cpNorm.get(cp);
    }

    @Override
    public int cpRows(int cp) {
      return PrefixIndex.this.cpRows(cp);
    }

    @Override
    public int pincodeRows(int entry) {
      return PrefixIndex.this.pincodeRows(entry);
    }
  }
}
