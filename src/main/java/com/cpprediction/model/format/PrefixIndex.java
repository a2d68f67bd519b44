package com.cpprediction.model.format;

import com.cpprediction.model.format.ModelFile.Section;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The counts of a prefix, read in place from a {@link ModelFile}: at how many distinct places of
 * each CP an n-gram occurs, offices, pincodes. Its size and the time to score depend on the n-grams
 * and CPs, not on the number of training addresses. Immutable and thread-safe. All references are
 * checked once, on construction, and not while scoring.
 */
public final class PrefixIndex {
  /** Relative weight of an n-gram that is repeated in a text. */
  public static final float REPEATED = (float) (1 + StrictMath.log(2));

  /** Steps of a natural logarithm in which the rarity of an n-gram among prefixes is stored. */
  public static final int RARITY_STEPS = 32;

  /** The rarity, in steps, that leaves the weight of an n-gram as it is. */
  private static final float NEUTRAL_RARITY = 6f * RARITY_STEPS;

  /** Addresses that a CP's own pincode stands for. */
  private static final double OWN_ADDRESSES = 0.5;

  private static final int MAX_OCCURRENCES = 1 << 15;
  private static final int LEAST_RARITY = 3;
  private static final int NORMS = 4;

  /** A thousand times what the counts of the largest table add up to. */
  private static final float MOST_NORM = 1e13f;

  private final int cps;
  private final int offices;
  private final int places;
  private final float[] idf; // by occurrences
  private final GramCounts grams;
  private final GramCounts officeGrams;
  private final GramCounts regionGrams;
  private final String[] cpCodes;
  private final IntBuffer cpPincode;
  private final IntBuffer cpAddresses;
  private final IntBuffer cpPlaces;
  private final FloatBuffer cpNorms;
  private final IntBuffer cpOffice;
  private final IntBuffer cpOffices;
  private final ByteBuffer officeWords;
  private final byte[] officeNames; // one after the other
  private final int[] officeNameStart;
  private final FloatBuffer officeWeight;
  private final IntBuffer pincodes;
  private final IntBuffer pincodeList;
  private final IntBuffer pincodeCp;
  private final int[] usualPincode;
  private final float meanWords;
  private final float meanChars;
  private final CpFactors factors;
  private final GramSubset ofOffices;
  private final GramSubset ofRegions;

  /**
   * @throws ModelException when the sections are inconsistent
   */
  public PrefixIndex(ModelFile file) {
    var counts = ints(file, Section.COUNTS, 4);
    for (int i = 0; i < 4; i++) require(counts.get(i) >= 0, Section.COUNTS);
    cps = counts.get(0);
    offices = counts.get(1);
    int pincodeCount = counts.get(2);
    places = counts.get(3);
    require(Math.max(cps, offices) <= GramCounts.MAX_PLACES, Section.COUNTS);
    grams = table(file, Section.GRAM_BUCKET, Section.GRAM_ENTRY, Section.GRAM_LIST, cps);
    cpCodes = lines(file, Section.CP_CODE, cps);
    cpPincode = ints(file, Section.CP_PINCODE, cps);
    cpAddresses = counts(file, Section.CP_ADDRESSES);
    cpPlaces = counts(file, Section.CP_PLACES);
    cpNorms = floats(file, Section.CP_NORMS, (long) NORMS * cps);
    cpOffice = ints(file, Section.CP_OFFICE, cps);
    cpOffices = starts(file, Section.CP_OFFICES, cps, 0, offices);
    officeWords = bytes(file, Section.OFFICE_WORDS, offices);
    officeWeight = floats(file, Section.OFFICE_WEIGHT, offices);
    var names = lines(file, Section.OFFICE_NAME, offices);
    officeNameStart = new int[offices + 1];
    for (int i = 0; i < offices; i++) {
      boolean isName =
          names[i].length() <= Fuzzy.LONGEST && names[i].chars().allMatch(c -> c < 128);
      require(isName, Section.OFFICE_NAME);
      officeNameStart[i + 1] = officeNameStart[i] + names[i].length();
    }
    officeNames = String.join("", names).getBytes(StandardCharsets.US_ASCII);
    officeGrams =
        table(file, Section.OFFICE_BUCKET, Section.OFFICE_ENTRY, Section.OFFICE_LIST, offices);
    regionGrams =
        table(file, Section.REGION_BUCKET, Section.REGION_ENTRY, Section.REGION_LIST, cps);
    pincodes = ints(file, Section.PINCODE, pincodeCount);
    int pairs = file.section(Section.PINCODE_CP).limit() / (2 * Integer.BYTES);
    pincodeList = starts(file, Section.PINCODE_LIST, pincodeCount, 0, pairs);
    pincodeCp = ints(file, Section.PINCODE_CP, 2L * pairs);
    for (int cp = 0; cp < cps; cp++) {
      require(cpOffice(cp) >= -1 && cpOffice(cp) < offices, Section.CP_OFFICE);
    }
    checkPincodes(pairs);
    usualPincode = usualPincodes();
    idf = new float[Math.min(places, MAX_OCCURRENCES) + 2];
    for (int df = 0; df < idf.length; df++) {
      idf[df] = (float) (StrictMath.log((1.0 + places) / (1.0 + df)) + 1);
    }
    float words = 0;
    float chars = 0;
    for (int cp = 0; cp < cps; cp++) {
      words += wordCount(cp);
      chars += charCount(cp);
    }
    meanWords = Math.max(1, words / Math.max(1, cps));
    meanChars = Math.max(1, chars / Math.max(1, cps));
    factors = new CpFactors().read(this, null);
    ofOffices = new GramSubset(grams, officeGrams);
    ofRegions = new GramSubset(grams, regionGrams);
  }

  private IntBuffer counts(ModelFile file, Section section) {
    var values = ints(file, section, cps);
    for (int cp = 0; cp < cps; cp++) require(values.get(cp) >= 0, section);
    return values;
  }

  private void checkPincodes(int pairs) {
    for (int i = 0; i < pincodes.limit(); i++) {
      boolean ascends = i == 0 || pincodes.get(i) > pincodes.get(i - 1);
      require(ascends && isPincode(pincodes.get(i)), Section.PINCODE);
    }
    for (int cp = 0; cp < cps; cp++) {
      require(cpPincode(cp) == 0 || isPincode(cpPincode(cp)), Section.CP_PINCODE);
    }
    for (int entry = 0; entry < pairs; entry++) {
      boolean known = pincodeCp(entry) >= 0 && pincodeCp(entry) < cps;
      require(known && pincodeAddresses(entry) >= 0, Section.PINCODE_CP);
    }
  }

  private static boolean isPincode(int number) {
    return number >= 100_000 && number <= 999_999;
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

  /** The likeliest pincode of {@code cp}; 0 where none is known. */
  public int cpPincode(int cp) {
    return cpPincode.get(cp);
  }

  /** Training addresses of {@code cp}. */
  public int cpAddresses(int cp) {
    return cpAddresses.get(cp);
  }

  /** Counted training addresses of {@code cp}: at most two of each place. */
  public int cpPlaces(int cp) {
    return cpPlaces.get(cp);
  }

  /** Counted addresses of all CPs, and offices. */
  public int places() {
    return places;
  }

  /** Sum of the counts of the words and pairs of words of {@code cp}. */
  float wordCount(int cp) {
    return cpNorms.get(NORMS * cp);
  }

  /** L2 norm of the weighted counts of the words and pairs of words of {@code cp}. */
  public float wordNorm(int cp) {
    return cpNorms.get(NORMS * cp + 1);
  }

  /** Sum of the counts of the character n-grams of {@code cp}. */
  float charCount(int cp) {
    return cpNorms.get(NORMS * cp + 2);
  }

  /** L2 norm of the weighted counts of the character n-grams of {@code cp}. */
  public float charNorm(int cp) {
    return cpNorms.get(NORMS * cp + 3);
  }

  /** Mean of {@link #wordCount} over the CPs, at least 1. */
  float meanWordCount() {
    return meanWords;
  }

  /** Mean of {@link #charCount} over the CPs, at least 1. */
  float meanCharCount() {
    return meanChars;
  }

  CpFactors factors() {
    return factors;
  }

  /** The office of {@code cp}, or -1. */
  int cpOffice(int cp) {
    return cpOffice.get(cp);
  }

  /** Name of the office that {@code cp} is, without blanks; empty where none is known. */
  public String officeName(int cp) {
    int office = cpOffice(cp);
    if (office < 0) return "";
    int start = officeNameStart[office];
    return new String(
        officeNames, start, officeNameStart[office + 1] - start, StandardCharsets.US_ASCII);
  }

  int firstOffice(int cp) {
    return cpOffices.get(cp);
  }

  int endOffice(int cp) {
    return cpOffices.get(cp + 1);
  }

  int offices() {
    return offices;
  }

  int officeWords(int office) {
    return Byte.toUnsignedInt(officeWords.get(office));
  }

  /** Names of all offices, without blanks, one after the other; that of each from its start on. */
  byte[] officeNames() {
    return officeNames;
  }

  int officeNameStart(int office) {
    return officeNameStart[office];
  }

  float officeWeight(int office) {
    return officeWeight.get(office);
  }

  public GramCounts grams() {
    return grams;
  }

  GramCounts officeGrams() {
    return officeGrams;
  }

  GramCounts regionGrams() {
    return regionGrams;
  }

  /**
   * Whether {@link #officeGrams} may have an n-gram.
   *
   * @param gram its index in {@link #grams}, or -1
   */
  boolean mayBeOfOffice(int gram, int fingerprint) {
    return ofOffices.mayHave(gram, fingerprint);
  }

  /** As {@link #mayBeOfOffice}, of {@link #regionGrams}. */
  boolean mayBeOfRegion(int gram, int fingerprint) {
    return ofRegions.mayHave(gram, fingerprint);
  }

  /**
   * The weight of an n-gram: its inverse document frequency in the prefix, ln((1+N)/(1+df)) + 1,
   * times how rare it is among all prefixes.
   *
   * @param gram index of it
   * @param occurrences at all CPs, at least 1
   */
  public float weight(int gram, int occurrences) {
    return weightOf(grams.weight(gram), occurrences);
  }

  /**
   * As {@link #weight}.
   *
   * @param steps the rarity of the n-gram, as stored
   */
  float weightOf(int steps, int occurrences) {
    return idf(occurrences) * rarity(steps);
  }

  /** The weight of an n-gram that no CP has. */
  public float unknownWeight() {
    return idf(1);
  }

  private float idf(int occurrences) {
    return idf[Math.min(occurrences, idf.length - 1)];
  }

  /**
   * @param steps as stored
   */
  static float rarity(int steps) {
    return Math.max(steps, LEAST_RARITY) / NEUTRAL_RARITY;
  }

  /**
   * @return index of {@code pincode} in the table, or -1 when no address and no CP has it
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
        double share = pincodeShare(entry, pincodes.get(place), null);
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
   * @param out by CP, from {@code start} on
   * @return whether a CP has it
   */
  public boolean addPincodeShares(int pincode, double factor, double[] out, int start) {
    return addPincodeShares(pincode, null, factor, out, start);
  }

  /**
   * As {@link #addPincodeShares(int, double, double[], int)}.
   *
   * @param own place whose addresses are left out; null for none
   */
  public boolean addPincodeShares(
      int pincode, @Nullable OwnPlace own, double factor, double[] out, int start) {
    int place = findPincode(pincode);
    if (place < 0) return false;
    boolean known = false;
    for (int entry = pincodeStart(place); entry < pincodeEnd(place); entry++) {
      double share = pincodeShare(entry, pincode, own);
      known |= share > 0;
      out[start + pincodeCp(entry)] += factor * share;
    }
    return known;
  }

  /** A CP's own pincode counts as half an address. */
  private double pincodeShare(int entry, int pincode, @Nullable OwnPlace leftOut) {
    int cp = pincodeCp(entry);
    int there = pincodeAddresses(entry);
    int all = cpAddresses(cp);
    boolean owns = cpPincode(cp) == pincode;
    if (leftOut != null) {
      there = Math.max(0, there - leftOut.addresses(cp, pincode));
      all = Math.max(there, all - leftOut.addresses(cp));
      owns &= there > 0 || cpOffice(cp) >= 0; // else only the place says that it does
    }
    return (there + (owns ? OWN_ADDRESSES : 0)) / (all + OWN_ADDRESSES);
  }

  /** The pincode that {@code entry} belongs to. */
  public int pincodeOf(int entry) {
    int place = 0;
    while (pincodeEnd(place) <= entry) place++;
    return pincodes.get(place);
  }

  /** Number of training addresses of the entry's CP with its pincode. */
  public int pincodeAddresses(int entry) {
    return pincodeCp.get(2 * entry + 1);
  }

  /** The pincodes of training addresses, ascending. */
  public int[] trainedPincodes() {
    return IntStream.range(0, pincodes.limit())
        .filter(
            place ->
                IntStream.range(pincodeStart(place), pincodeEnd(place))
                    .anyMatch(entry -> pincodeAddresses(entry) > 0))
        .map(pincodes::get)
        .toArray();
  }

  private static GramCounts table(
      ModelFile file, Section bucket, Section entry, Section list, int places) {
    return new GramCounts(
        entry.name(),
        file.section(bucket).asIntBuffer(),
        file.section(entry),
        file.section(list),
        places);
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
      require(floats.get(i) >= 0 && floats.get(i) <= MOST_NORM, section);
    }
    return floats;
  }

  private static String[] lines(ModelFile file, Section section, int count) {
    var text = StandardCharsets.UTF_8.decode(file.section(section)).toString();
    var lines = text.isEmpty() ? new String[0] : text.split("\n", -1);
    if (lines.length != (count == 0 ? 0 : count + 1)) {
      throw new ModelException("section " + section + " has " + lines.length + " lines");
    }
    require(count == 0 || lines[count].isEmpty(), section); // nothing follows the last line feed
    return Arrays.copyOf(lines, count);
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
}
