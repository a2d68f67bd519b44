package com.cpprediction.model;

import com.cpprediction.model.ModelFile.Section;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What is known of the CPs of one prefix, read from a {@link ModelFile} where it lies: the training
 * addresses and directory offices as rows of weighted n-grams, the ridge's weights, the offices and
 * the pincodes. Immutable and thread-safe.
 */
public final class PrefixIndex {
  /** What an n-gram that occurs more than once in a text weighs, next to one that occurs once. */
  public static final float REPEATED = (float) (1 + Math.log(2));

  private final int addressRows;
  private final int rows;
  private final int cps;
  private final int offices;
  private final GramTable grams;
  private final GramTable officeGrams;
  private final ShortBuffer rowCp;
  private final FloatBuffer rowWordNorm;
  private final FloatBuffer rowCharNorm;
  private final String[] cpCodes;
  private final IntBuffer cpPincode;
  private final IntBuffer cpRows;
  private final FloatBuffer cpNorm;
  private final IntBuffer cpOffice;
  private final IntBuffer cpOffices;
  private final FloatBuffer alphaStep;
  private final ByteBuffer alpha;
  private final String[] officeNames;
  private final ByteBuffer officeWords;
  private final FloatBuffer officeWeight;
  private final IntBuffer pincodes;
  private final IntBuffer pincodeList;
  private final IntBuffer pincodeCp;
  private final long bytes;

  public PrefixIndex(ModelFile file) {
    var counts = ints(file, Section.COUNTS, 5);
    addressRows = counts.get(0);
    rows = addressRows + counts.get(1);
    cps = counts.get(2);
    offices = counts.get(3);
    int pincodeCount = counts.get(4);
    rowCp = shorts(file, Section.ROW_CP, rows);
    rowWordNorm = floats(file, Section.ROW_WORD_NORM, rows);
    rowCharNorm = floats(file, Section.ROW_CHAR_NORM, rows);
    grams =
        gramTable(
            file,
            Section.GRAM_BUCKET,
            Section.GRAM_FINGERPRINT,
            Section.GRAM_LIST,
            Section.GRAM_POSTING);
    cpCodes = lines(file, Section.CP_CODE, cps);
    cpPincode = ints(file, Section.CP_PINCODE, cps);
    cpRows = ints(file, Section.CP_ROWS, cps);
    cpNorm = floats(file, Section.CP_NORM, cps);
    cpOffice = ints(file, Section.CP_OFFICE, cps);
    cpOffices = ints(file, Section.CP_OFFICES, 2L * cps);
    alphaStep = floats(file, Section.ALPHA_STEP, cps);
    alpha = bytes(file, Section.ALPHA, (long) rows * cps);
    officeNames = lines(file, Section.OFFICE_NAME, offices);
    officeWords = bytes(file, Section.OFFICE_WORDS, offices);
    officeWeight = floats(file, Section.OFFICE_WEIGHT, offices);
    officeGrams =
        gramTable(
            file,
            Section.OFFICE_BUCKET,
            Section.OFFICE_FINGERPRINT,
            Section.OFFICE_LIST,
            Section.OFFICE_POSTING);
    pincodes = ints(file, Section.PINCODE, pincodeCount);
    pincodeList = ints(file, Section.PINCODE_LIST, pincodeCount + 1L);
    pincodeCp = ints(file, Section.PINCODE_CP, 2L * pincodeList.get(pincodeCount));
    bytes = file.bytes();
  }

  /** Rows in all: addresses first, then directory offices. */
  public int rows() {
    return rows;
  }

  /** How many rows are training addresses. */
  public int addressRows() {
    return addressRows;
  }

  public int cps() {
    return cps;
  }

  public String cpCode(int cp) {
    return cpCodes[cp];
  }

  List<String> cpCodes() {
    return List.of(cpCodes);
  }

  /** The pincode {@code cp} belongs to. */
  public int cpPincode(int cp) {
    return cpPincode.get(cp);
  }

  /** Address rows of {@code cp}. */
  public int cpRows(int cp) {
    return cpRows.get(cp);
  }

  /** Norm of the sum of the rows of {@code cp}. */
  float cpNorm(int cp) {
    return cpNorm.get(cp);
  }

  /** The office that {@code cp} is, or -1. */
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

  String officeName(int office) {
    return officeNames[office];
  }

  int officeWords(int office) {
    return Byte.toUnsignedInt(officeWords.get(office));
  }

  float officeWeight(int office) {
    return officeWeight.get(office);
  }

  int rowCp(int row) {
    return Short.toUnsignedInt(rowCp.get(row));
  }

  float rowWordNorm(int row) {
    return rowWordNorm.get(row);
  }

  float rowCharNorm(int row) {
    return rowCharNorm.get(row);
  }

  /** Whether the row has any word. */
  public boolean hasWords(int row) {
    return rowWordNorm(row) > 0;
  }

  /** Whether the row has any run of characters. */
  public boolean hasChars(int row) {
    return rowCharNorm(row) > 0;
  }

  GramTable grams() {
    return grams;
  }

  GramTable officeGrams() {
    return officeGrams;
  }

  /** How much an n-gram in {@code df} of {@code rows} rows weighs: ln((1+N)/(1+df)) + 1. */
  public static double idf(int df, int rows) {
    return Math.log((1.0 + rows) / (1.0 + df)) + 1;
  }

  /** One ridge weight in steps of {@link #alphaStep}. */
  byte alpha(int row, int cp) {
    return alpha.get(row * cps + cp);
  }

  float alphaStep(int cp) {
    return alphaStep.get(cp);
  }

  /**
   * @return the place of {@code pincode} in the table, or -1 when no row carries and no CP owns it
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

  /** The pincode that {@code entry} belongs to. */
  public int pincodeOf(int entry) {
    int place = 0;
    while (pincodeEnd(place) <= entry) place++;
    return pincodes.get(place);
  }

  /** How many address rows of that CP carry that pincode. */
  public int pincodeRows(int entry) {
    return pincodeCp.get(2 * entry + 1);
  }

  /** The pincodes that at least one training address carries, ascending. */
  public int[] trainedPincodes() {
    return IntStream.range(0, pincodes.limit())
        .filter(
            place ->
                IntStream.range(pincodeStart(place), pincodeEnd(place))
                    .anyMatch(entry -> pincodeRows(entry) > 0))
        .map(pincodes::get)
        .toArray();
  }

  /** Size of the mapped file. */
  public long bytes() {
    return bytes;
  }

  private static GramTable gramTable(
      ModelFile file, Section bucket, Section fingerprint, Section list, Section posting) {
    var fingerprints = file.section(fingerprint).asIntBuffer();
    var buckets = file.section(bucket).asIntBuffer();
    if (Integer.bitCount(buckets.limit() - 1) != 1) {
      throw new ModelException("section " + bucket + " has " + buckets.limit() + " entries");
    }
    var lists = ints(file, list, fingerprints.limit() + 1L);
    return new GramTable(
        buckets, fingerprints, lists, shorts(file, posting, lists.get(fingerprints.limit())));
  }

  private static IntBuffer ints(ModelFile file, Section section, long count) {
    return bytes(file, section, count * Integer.BYTES).asIntBuffer();
  }

  private static FloatBuffer floats(ModelFile file, Section section, long count) {
    return bytes(file, section, count * Float.BYTES).asFloatBuffer();
  }

  private static ShortBuffer shorts(ModelFile file, Section section, long count) {
    return bytes(file, section, count * Short.BYTES).asShortBuffer();
  }

  private static String[] lines(ModelFile file, Section section, int count) {
    var text = StandardCharsets.UTF_8.decode(file.section(section)).toString();
    var lines = text.isEmpty() ? new String[0] : text.split("\n", -1);
    if (lines.length != (count == 0 ? 0 : count + 1)) {
      throw new ModelException("section " + section + " has " + lines.length + " lines");
    }
    return Arrays.copyOf(lines, count); // after the last line feed there is nothing
  }

  private static ByteBuffer bytes(ModelFile file, Section section, long length) {
    var content = file.section(section);
    if (content.limit() != length) {
      throw new ModelException(
          "section %s has %d bytes, must be %d".formatted(section, content.limit(), length));
    }
    return content;
  }
}
