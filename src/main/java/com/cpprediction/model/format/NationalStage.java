package com.cpprediction.model.format;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.PrefixChances;
import com.cpprediction.prediction.PrefixTable;
import com.cpprediction.prediction.ServiceException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Predicts the prefix of an address from its words and word bigrams, pincodes left out: a
 * multinomial logistic regression, evaluated in place from a mapped file. Reference-counted like a
 * prefix model. Thread-safe.
 *
 * <pre>
 * offset  bytes    what
 * 0       4        magic "CPNS"
 * 4       4        format version
 * 8       4        CRC-32C of all that follows
 * 12      4        P, prefixes
 * 16      4        B, buckets of n-grams, a power of two
 * 20      4        N, n-grams
 * 24      4        W, weights
 * 28      4        f32: quantisation step of the weights
 * 32      4        D, pincodes
 * 36      4 P      i32: the prefixes, ascending
 *         4 P      f32: bias of each prefix
 *         4 (B+1)  i32: start of each bucket's n-grams
 *         6 N + 8  as GRAM_ENTRY of a model file, with weights for postings
 *         3 W      u16 index of the prefix; i8 weight, in steps
 *         4 D      i32: the pincodes that exist, ascending; none when they are not known
 * </pre>
 */
public final class NationalStage implements Locator {
  /** Version of the layout. */
  public static final int VERSION = 2;

  /** File name in the directory of a release. */
  public static final String FILE = "national.mmap";

  private static final Logger log = LoggerFactory.getLogger(NationalStage.class);

  private static final int MAGIC = 'C' | 'P' << 8 | 'N' << 16 | 'S' << 24;
  private static final int CHECKED = 12; // start of the bytes covered by the CRC
  private static final int HEADER = 36;
  private static final int WEIGHT = 3;
  private static final int FIRST_PINCODE = 100_000;
  private static final int LAST_PINCODE = 999_999;
  private static final int REGION = 100_000; // numbers of a region of India Post
  private static final int REGIONS = 8; // without that of the army
  private static final int DISTRICT = 1_000; // numbers of a sorting district
  private static final float MOST_SCORE = 1e6f;
  private static final int MAX_PREFIXES = 1 << 16;

  /** The failure of addresses without a pincode when the release's stage is unusable. */
  public static final ServiceException UNUSABLE =
      Failure.NOT_READY.because(
          "What places addresses without a pincode can't be used just now; add the pincode, or try"
              + " again later");

  private static final double LN_2 = StrictMath.log(2);
  private static final double LOG2_E = 1 / LN_2;
  private static final double LEAST_EXPONENT = -700;
  private static final int TERMS = 9; // of the Taylor series, for |r| ≤ ln 2 / 2
  private static final double[] INVERSE = new double[TERMS + 1];

  static {
    for (int i = 1; i <= TERMS; i++) INVERSE[i] = 1.0 / i;
  }

  private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

  private final int[] prefixes;
  private final PrefixTable names; // the prefixes as text
  private final FloatBuffer bias;
  private final GramDirectory grams;
  private final ByteBuffer weights;
  private final int[] pincodes; // in the heap: asked without a use of the mapping
  private final boolean ofAllIndia; // pincodes
  private final float step;
  private final @Nullable Mapping content; // where there is something to free
  private final String sha256;
  private final UseCount uses;
  private final AtomicBoolean lost = new AtomicBoolean();

  private static final class Scratch {
    final Grams grams = new Grams();
    float[] scores = {};
    double[] chances = {};
    double[] rests = {}; // of exp
    double[] sums = {};
  }

  private NationalStage(ByteBuffer file, @Nullable Mapping content, String sha256) {
    this.content = content;
    this.sha256 = sha256;
    uses = new UseCount(content == null ? () -> {} : content::close);
    var bytes = file.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(0);
    if (bytes.limit() < HEADER || bytes.getInt() != MAGIC) throw damaged("is none");
    int version = bytes.getInt();
    if (version != VERSION)
      throw damaged("has version " + version + ", not " + VERSION + "; train the release again");
    int crc = ModelFile.crc(bytes.slice(CHECKED, bytes.limit() - CHECKED));
    if (bytes.getInt() != crc) throw damaged("is damaged (CRC differs)");
    int count = bytes.getInt();
    int buckets = bytes.getInt();
    int size = bytes.getInt();
    int weightCount = bytes.getInt();
    step = bytes.getFloat();
    int pincodeCount = bytes.getInt();
    long length =
        HEADER
            + 2L * Integer.BYTES * count
            + Integer.BYTES * (buckets + 1L)
            + GramDirectory.bytes(size)
            + (long) WEIGHT * weightCount
            + (long) Integer.BYTES * pincodeCount;
    boolean counts =
        pincodeCount >= 0 && count > 0 && count < MAX_PREFIXES && buckets > 0 && size >= 0;
    if (!counts || weightCount < 0 || length != bytes.limit() || !isScore(step)) {
      throw damaged("has sizes that don't fit");
    }
    prefixes = new int[count];
    take(bytes, Integer.BYTES * count).asIntBuffer().get(prefixes);
    names = new PrefixTable(Arrays.stream(prefixes).mapToObj(Integer::toString).toList());
    bias = take(bytes, Float.BYTES * count).asFloatBuffer();
    IntBuffer starts = take(bytes, Integer.BYTES * (buckets + 1)).asIntBuffer();
    var entries = take(bytes, (int) GramDirectory.bytes(size));
    weights = take(bytes, WEIGHT * weightCount);
    pincodes = new int[pincodeCount];
    take(bytes, Integer.BYTES * pincodeCount).asIntBuffer().get(pincodes);
    ofAllIndia = Arrays.stream(pincodes).map(p -> p / REGION).distinct().count() >= REGIONS;
    grams = new GramDirectory("national stage", starts, entries, weightCount);
    check();
  }

  /**
   * @param file from 0 to the limit, in memory, which needs not be freed
   * @throws ModelException when anything in it points where it must not
   */
  public static NationalStage of(ByteBuffer file) {
    return new NationalStage(file, null, "");
  }

  /**
   * @param content closed after the last use of this
   * @param sha256 of it
   * @return one in use once: by the caller
   * @throws ModelException when anything in it points where it must not
   */
  public static NationalStage of(Mapping content, String sha256) {
    return new NationalStage(content.bytes(), content, sha256);
  }

  private static ByteBuffer take(ByteBuffer bytes, int length) {
    var slice = bytes.slice(bytes.position(), length);
    bytes.position(bytes.position() + length);
    return slice.order(ByteOrder.LITTLE_ENDIAN);
  }

  private void check() {
    for (int i = 0; i < prefixes.length; i++) {
      if (!Manifest.isPrefix(Integer.toString(prefixes[i]))
          || i > 0 && prefixes[i] <= prefixes[i - 1]) {
        throw damaged("has prefixes that are none");
      }
      if (!isScore(bias.get(i))) throw damaged("has a score that is none");
    }
    for (int at = 0; at < weights.limit(); at += WEIGHT) {
      if (prefix(at) >= prefixes.length) throw damaged("has weights of no prefix");
    }
    for (int i = 0; i < pincodes.length; i++) {
      int pincode = pincodes[i];
      boolean ascends = i == 0 || pincodes[i - 1] < pincode;
      if (!ascends || pincode < FIRST_PINCODE || pincode > LAST_PINCODE) {
        throw damaged("has pincodes that are none");
      }
    }
  }

  /** Whether sums of many such values are numbers. */
  private static boolean isScore(float value) {
    return Math.abs(value) <= MOST_SCORE;
  }

  private static ModelException damaged(String how) {
    return new ModelException("the national stage " + how);
  }

  /** Whether a word or pair of words is known, by its fingerprint of {@link Grams}. */
  public boolean isKnown(int fingerprint) {
    return grams.find(fingerprint) >= 0;
  }

  /**
   * Whether {@code pincode} exists; true where the directory of the release does not tell. One that
   * lacks a region of India tells of the sorting districts (three digits) of its pincodes only.
   */
  @Override
  public boolean isPincode(int pincode) {
    if (isListed(pincode)) return true;
    return !ofAllIndia && !listsDistrict(pincode / DISTRICT * DISTRICT);
  }

  private boolean isListed(int pincode) {
    return Arrays.binarySearch(pincodes, pincode) >= 0;
  }

  private boolean listsDistrict(int first) {
    int at = Arrays.binarySearch(pincodes, first);
    if (at >= 0) return true;
    return -at - 1 < pincodes.length && pincodes[-at - 1] < first + DISTRICT;
  }

  /** The prefixes, ascending. */
  public List<String> prefixes() {
    return names.prefixes();
  }

  /**
   * Keeps it mapped until {@link #release}.
   *
   * @return false when it is too late
   */
  public boolean acquire() {
    return uses.acquire();
  }

  /** Gives up one use; the last one unmaps it. */
  public void release() {
    uses.release();
  }

  /** Whether its file is still what it was, where it lies. Reads all of it. */
  public boolean intact() {
    return !lost.get() && (content == null || content.is(sha256));
  }

  /** Whether its file was found to be unreadable where it lies. */
  public boolean lost() {
    return lost.get();
  }

  @Override
  public PrefixChances locate(String text) {
    if (lost.get()) throw UNUSABLE;
    if (!acquire()) throw Failure.NOT_READY.because("The models were replaced; try again");
    try {
      return find(text);
    } catch (InternalError e) {
      if (!Mapping.isFault(e)) throw e;
      if (!intact() && lost.compareAndSet(false, true)) {
        log.error("The national stage can't be read any more: its file was cut short");
      }
      throw UNUSABLE;
    } finally {
      release();
    }
  }

  private PrefixChances find(String text) {
    int count = prefixes.length;
    var scratch = SCRATCH.get();
    if (scratch.chances.length != count) {
      scratch.scores = new float[count];
      scratch.chances = new double[count];
      scratch.rests = new double[count];
      scratch.sums = new double[count];
    }
    var scores = scores(text, scratch);
    var chances = scratch.chances;
    float best = scores[0];
    for (int i = 1; i < count; i++) best = Math.max(best, scores[i]);
    for (int i = 0; i < count; i++) chances[i] = scores[i] - best;
    exp(chances, scratch.rests, scratch.sums);
    double sum = 0;
    for (int i = 0; i < count; i++) sum += chances[i];
    for (int i = 0; i < count; i++) chances[i] /= sum;
    return new PrefixChances(names, chances);
  }

  /**
   * e to the power of {@code x} with a relative error below 1e-9, from additions and
   * multiplications only, so that it is the same on every machine: a tenth of the time of {@link
   * StrictMath#exp}, which would be taken for each prefix of each request.
   *
   * @param x at most 0
   * @return 0 below -700
   */
  static double exp(double x) {
    if (x < LEAST_EXPONENT) return 0;
    double power = Math.rint(x * LOG2_E);
    double r = x - power * LN_2;
    double sum = 1;
    for (int i = TERMS; i > 0; i--) sum = 1 + sum * r * INVERSE[i];
    return sum * Double.longBitsToDouble((long) power + Double.MAX_EXPONENT << 52);
  }

  /**
   * Replaces each number by its {@link #exp(double)}. Each step is one loop over all numbers, which
   * the compiler turns into vector instructions.
   *
   * @param rests overwritten; as many
   * @param sums overwritten; as many
   */
  static void exp(double[] all, double[] rests, double[] sums) {
    int count = all.length;
    for (int i = 0; i < count; i++) rests[i] = all[i] - Math.rint(all[i] * LOG2_E) * LN_2;
    Arrays.fill(sums, 1);
    for (int term = TERMS; term > 0; term--) {
      double inverse = INVERSE[term];
      for (int i = 0; i < count; i++) sums[i] = 1 + sums[i] * rests[i] * inverse;
    }
    for (int i = 0; i < count; i++) {
      long power = (long) Math.rint(all[i] * LOG2_E);
      double scale = Double.longBitsToDouble(power + Double.MAX_EXPONENT << 52);
      all[i] = all[i] < LEAST_EXPONENT ? 0 : sums[i] * scale;
    }
  }

  private float[] scores(String text, Scratch scratch) {
    var scores = scratch.scores;
    bias.get(0, scores, 0, prefixes.length);
    var read = scratch.grams.readWords(text);
    for (int i = 0; i < read.size(); i++) {
      int gram = grams.find(read.fingerprint(i));
      if (gram < 0) continue;
      int end = grams.start(gram + 1) * WEIGHT;
      for (int at = grams.start(gram) * WEIGHT; at < end; at += WEIGHT) {
        scores[prefix(at)] += weights.get(at + 2) * step;
      }
    }
    return scores;
  }

  private int prefix(int weight) {
    return Short.toUnsignedInt(weights.getShort(weight));
  }

  /** Collects weights and writes the file. */
  public static final class Writer {
    private final int[] prefixes;
    private final float[] bias;
    private final float step;
    private int[] pincodes = {};
    private final SortedMap<Integer, byte[]> lists = new TreeMap<>(Integer::compareUnsigned);

    /**
     * @param prefixes ascending
     * @param bias by prefix
     * @param step quantisation step of the weights
     */
    public Writer(int[] prefixes, float[] bias, float step) {
      this.prefixes = prefixes.clone();
      this.bias = bias.clone();
      this.step = step;
    }

    /**
     * @param places indexes of prefixes
     * @param steps their weights, in steps
     */
    public void add(int fingerprint, int[] places, byte[] steps) {
      var list = ByteBuffer.allocate(WEIGHT * places.length).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < places.length; i++) list.putShort((short) places[i]).put(steps[i]);
      lists.put(fingerprint, list.array());
    }

    /**
     * @param all that exist, ascending
     */
    public Writer pincodes(int[] all) {
      pincodes = all.clone();
      return this;
    }

    public byte[] toBytes() {
      var directory = new GramDirectory.Writer(lists.size());
      var postings = new ByteArrayOutputStream();
      lists.forEach(
          (fingerprint, list) -> {
            directory.add(fingerprint, postings.size() / WEIGHT);
            postings.writeBytes(list);
          });
      directory.end(postings.size() / WEIGHT);
      var starts = directory.buckets();
      var entries = directory.entries();
      int length =
          HEADER
              + 2 * Integer.BYTES * prefixes.length
              + Integer.BYTES * starts.length
              + entries.length
              + postings.size()
              + Integer.BYTES * pincodes.length;
      var file = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
      file.putInt(MAGIC).putInt(VERSION).putInt(0);
      file.putInt(prefixes.length).putInt(starts.length - 1).putInt(lists.size());
      file.putInt(postings.size() / WEIGHT).putFloat(step).putInt(pincodes.length);
      for (int prefix : prefixes) file.putInt(prefix);
      for (float score : bias) file.putFloat(score);
      for (int start : starts) file.putInt(start);
      file.put(entries).put(postings.toByteArray());
      for (int pincode : pincodes) file.putInt(pincode);
      int crc = ModelFile.crc(file.slice(CHECKED, length - CHECKED));
      return file.putInt(CHECKED - Integer.BYTES, crc).array();
    }
  }
}
