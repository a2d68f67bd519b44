package com.cpprediction.model.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.training.SmallRelease;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

public class FeaturesTest {
  private static final String PREFIX = "575";
  private static final double CLOSE = 1e-4;

  private static PrefixIndex index;
  private static Evidence whole;
  private static List<String> officeNames;
  private static List<SmallRelease.Row> rows;
  private static NaiveIndex naive;

  @BeforeAll
  static void readTheSmallRelease() throws IOException {
    index = index(PREFIX);
    whole = index.whole();
    officeNames = SmallRelease.officeNames(PREFIX);
    rows = SmallRelease.rows(PREFIX);
    naive = new NaiveIndex(SmallRelease.indexedTexts(PREFIX));
  }

  private static PrefixIndex index(String prefix) throws IOException {
    return new PrefixIndex(
        ModelFile.of(
            Files.readAllBytes(SmallRelease.directory().resolve(prefix).resolve("model.mmap"))));
  }

  /** Training addresses, and others: unknown words, repeated words, numbers, empty text. */
  static List<String> texts() {
    var texts = new ArrayList<String>();
    var all = SmallRelease.rows(PREFIX);
    for (int i = 0; i < all.size(); i += 7) texts.add(all.get(i).text());
    SmallRelease.rows("180").stream().limit(10).forEach(row -> texts.add(row.text()));
    texts.add("near kadri temple kadri hills kadri mangalore 575004 9876543210");
    texts.add("zzyzx qwrtp");
    texts.add("k s rao rd");
    texts.add("");
    return texts;
  }

  @Test
  void indexesTheRowsOfTheTrainingData() {
    assertThat(index.addressRows()).isEqualTo(rows.size());
    assertThat(index.rows()).isEqualTo(SmallRelease.indexedTexts(PREFIX).size());
    assertThat(IntStream.range(0, rows.size()).mapToObj(i -> index.cpCode(rowCp(i))))
        .isEqualTo(rows.stream().map(SmallRelease.Row::cp).toList());
  }

  @ParameterizedTest(name = "\"{0}\"")
  @MethodSource("texts")
  void sumsTheCosinesOfWordsAndCharacters(String text) {
    var similarity = new Features().similarities(index, text);
    var expected = naive.similarities(text);

    for (int row = 0; row < index.rows(); row++) {
      assertThat((double) similarity[row])
          .as("row %d", row)
          .isCloseTo(expected[row], within(CLOSE));
    }
  }

  @Test
  void includesUnknownNGramsInTheNormOfTheAddress() {
    var features = new Features();
    float known = features.similarities(index, "bejai mangalore")[0];
    float diluted = features.similarities(index, "bejai mangalore zzyzx qwrtp")[0];

    assertThat(diluted).isLessThan(known);
  }

  @ParameterizedTest(name = "\"{0}\"")
  @MethodSource("texts")
  void proposesTheBestByRidgeAndTheCpsOfThePincode(String text) {
    for (int pincode : new int[] {0, 575001, 575006, 575999}) {
      var features = new Features();
      features.read(index, whole, text, pincode);

      assertThat(candidates(features)).isEqualTo(expectedCandidates(text, pincode));
    }
  }

  @Test
  void limitsCandidatesToTheBest16AndTheCpsOfThePincode() {
    var many = ManyCps.index(40);
    var features = new Features();
    var near = nearest(many, features.similarities(many, "word3 word4 word5"));
    assertThat(near).hasSize(24).doesNotContain(38, 39);

    var expected = new TreeSet<>(best(near, ridge(many, features, "word3 word4 word5"), 16));
    expected.addAll(List.of(38, 39)); // one is seen with the pincode, the other owns it
    features.read(many, many.whole(), "word3 word4 word5", 560039);
    assertThat(candidates(features)).isEqualTo(expected).hasSize(18);
  }

  @ParameterizedTest(name = "\"{0}\"")
  @MethodSource("texts")
  void computesEveryFeatureAsItsNameSays(String text) {
    int pincode = 575006;
    var features = new Features();
    features.read(index, whole, text, pincode);
    var similarity = naive.similarities(text);
    var charSimilarity = naive.charSimilarities(text);

    for (int i = 0; i < features.candidates(); i++) {
      int cp = features.cp(i);
      assertThat(row(features, i))
          .as(index.cpCode(cp))
          .usingElementComparator(FeaturesTest::compare)
          .containsExactly(
              naiveRidge(similarity, cp),
              naiveCent(similarity, cp),
              naiveDirectory(charSimilarity, cp),
              naiveExactOffice(text, cp),
              naiveBestOffice(text, cp),
              index.cpOffice(cp) < 0 ? 0 : naiveShare(text, index.cpOffice(cp)),
              Math.log(1 + rowsOf(cp)),
              index.cps(),
              NaiveIndex.split(text).size(),
              0.0,
              index.cpPincode(cp) == pincode ? 1 : 0,
              naivePincodeShare(cp, pincode),
              naiveEqualDigits(index.cpPincode(cp), pincode),
              Math.min(99, Math.abs(index.cpPincode(cp) - pincode)));
    }
  }

  @Test
  void marksAMissingPincodeInItsColumns() {
    var features = new Features();

    features.read(index, whole, rows.get(0).text(), 0);

    for (int i = 0; i < features.candidates(); i++) {
      assertThat(row(features, i).subList(9, 14)).containsExactly(1.0, -1.0, -1.0, -1.0, -1.0);
    }
  }

  @Test
  void changesOnlyThePincodeColumnsWithThePincode() {
    var without = new Features();
    var with = new Features();
    var text = rows.get(3).text();

    without.read(index, whole, text, 0);
    with.read(index, whole, text, 575003);

    assertThat(candidates(with)).isEqualTo(candidates(without)); // 13 CPs: all are candidates
    for (int i = 0; i < with.candidates(); i++) {
      assertThat(row(with, i).subList(0, 9)).isEqualTo(row(without, i).subList(0, 9));
    }
  }

  @ParameterizedTest(name = "{0} words in \"{1}\"")
  @CsvSource({"3, k s rao", "0, ''", "1, 575001 lalbagh 98765", "4, near near near near"})
  void countsTheWordsOfTheAddress(float words, String text) {
    var features = new Features();

    features.read(index, whole, text, 0);

    assertThat(column(features, "ntok")).containsOnly(words);
  }

  @Test
  void comparesTheDigitsOfAnUnknownPincode() {
    var features = new Features();

    features.read(index, whole, rows.get(0).text(), 575999);

    assertThat(column(features, "pin_absent")).containsOnly(0f);
    assertThat(column(features, "pin_eq")).containsOnly(0f);
    assertThat(column(features, "pin_share")).containsOnly(0f);
    assertThat(column(features, "pin_diff")).containsOnly(99f);
  }

  @Test
  void givesTheSameFeaturesWhenReused() throws IOException {
    var reused = new Features();
    var other = index("180");
    for (var text : texts()) {
      var fresh = new Features();
      reused.read(other, other.whole(), "gandhi nagar jammu", 180004);
      reused.read(index, whole, text, 575001);
      fresh.read(index, whole, text, 575001);

      assertThat(reused.candidates()).isEqualTo(fresh.candidates());
      for (int i = 0; i < fresh.candidates(); i++) {
        assertThat(row(reused, i)).isEqualTo(row(fresh, i));
      }
    }
  }

  private static int compare(Number a, Number b) {
    double x = a.doubleValue();
    double y = b.doubleValue();
    return Math.abs(x - y) <= CLOSE * Math.max(1, Math.abs(x)) ? 0 : Double.compare(x, y);
  }

  private static List<Number> row(Features features, int candidate) {
    int start = candidate * Features.COUNT;
    return IntStream.range(start, start + Features.COUNT)
        .<Number>mapToObj(i -> (double) features.values()[i])
        .toList();
  }

  private static List<Float> column(Features features, String name) {
    int column = Features.NAMES.indexOf(name);
    return IntStream.range(0, features.candidates())
        .mapToObj(i -> features.values()[i * Features.COUNT + column])
        .toList();
  }

  private static Set<Integer> candidates(Features features) {
    var cps = new TreeSet<Integer>();
    for (int i = 0; i < features.candidates(); i++) cps.add(features.cp(i));
    return cps;
  }

  private static Set<Integer> expectedCandidates(String text, int pincode) {
    var all = IntStream.range(0, index.cps()).boxed().toList();
    var expected = new TreeSet<>(best(all, ridge(index, new Features(), text), Features.TOP));
    for (int cp = 0; cp < index.cps(); cp++) if (index.cpPincode(cp) == pincode) expected.add(cp);
    for (int row = 0; row < rows.size(); row++) {
      if (Integer.parseInt(rows.get(row).pincode()) == pincode) expected.add(rowCp(row));
    }
    return expected;
  }

  private static float[] ridge(PrefixIndex of, Features features, String text) {
    var similarity = features.similarities(of, text);
    var ridge = new float[of.cps()];
    for (int cp = 0; cp < ridge.length; cp++) ridge[cp] = of.whole().ridge(cp, similarity);
    return ridge;
  }

  /** The nearest CPs of one row each; ties are broken by order. */
  private static Set<Integer> nearest(PrefixIndex of, float[] similarity) {
    var all = IntStream.range(0, of.cps()).boxed().toList();
    return best(all, similarity, Features.NEAREST);
  }

  private static Set<Integer> best(Collection<Integer> among, float[] scores, int count) {
    return among.stream()
        .sorted(Comparator.comparingDouble(cp -> -scores[cp]))
        .limit(count)
        .collect(Collectors.toSet());
  }

  private static int rowCp(int row) {
    int cp = 0;
    if (row < index.addressRows()) {
      while (index.firstRow(cp + 1) <= row) cp++;
    } else {
      while (index.firstDirectoryRow(cp + 1) <= row) cp++;
    }
    return cp;
  }

  private static double naiveRidge(double[] similarity, int cp) {
    double score = 0;
    for (int row = 0; row < similarity.length; row++) {
      score += similarity[row] * index.alpha(row, cp) * index.alphaStep(cp);
    }
    return score;
  }

  private static double naiveCent(double[] similarity, int cp) {
    double sum = 0;
    for (int row = 0; row < similarity.length; row++) {
      if (rowCp(row) == cp) sum += similarity[row];
    }
    return sum / index.cpNorm(cp);
  }

  private static double naiveDirectory(double[] similarity, int cp) {
    return IntStream.range(index.addressRows(), index.rows())
        .filter(row -> rowCp(row) == cp)
        .mapToDouble(row -> similarity[row])
        .max()
        .orElse(0);
  }

  private static IntStream offices(int cp) {
    return IntStream.range(index.firstOffice(cp), index.endOffice(cp));
  }

  private static double naiveExactOffice(String text, int cp) {
    var words = new HashSet<>(NaiveIndex.split(text));
    return offices(cp)
        .mapToObj(office -> new HashSet<>(NaiveIndex.split(officeNames.get(office))))
        .filter(words::containsAll)
        .mapToDouble(name -> name.stream().mapToDouble(naive::wordIdf).sum())
        .max()
        .orElse(0);
  }

  private static double naiveBestOffice(String text, int cp) {
    return offices(cp).mapToDouble(office -> naiveShare(text, office)).max().orElse(0);
  }

  private static double naiveShare(String text, int office) {
    var found = NaiveIndex.chars(text).keySet();
    var runs = NaiveIndex.chars(officeNames.get(office)).keySet();
    double all = runs.stream().mapToDouble(naive::charIdf).sum();
    return runs.stream().filter(found::contains).mapToDouble(naive::charIdf).sum() / all;
  }

  private static long rowsOf(int cp) {
    return rows.stream().filter(row -> row.cp().equals(index.cpCode(cp))).count();
  }

  private static double naivePincodeShare(int cp, int pincode) {
    var given = Integer.toString(pincode);
    var seen = rows.stream().filter(row -> row.pincode().equals(given)).toList();
    long own = seen.stream().filter(row -> row.cp().equals(index.cpCode(cp))).count();
    return (own + (index.cpPincode(cp) == pincode ? 0.3 : 0)) / (seen.size() + 0.3);
  }

  private static long naiveEqualDigits(int own, int pincode) {
    var a = Integer.toString(own);
    var b = Integer.toString(pincode);
    return IntStream.range(3, 6).filter(i -> a.charAt(i) == b.charAt(i)).count();
  }

  /** An index with one row of two words per CP, with more CPs than the small release. */
  private static final class ManyCps {
    static PrefixIndex index(int cps) {
      var writer = ModelFileTest.emptyIndex();
      var codes = new StringBuilder();
      for (int cp = 0; cp < cps; cp++) codes.append("CP%02d\n".formatted(cp));
      var step = new float[cps];
      Arrays.fill(step, 0.01f);
      var alpha = new byte[cps * cps];
      for (int cp = 0; cp < cps; cp++) alpha[cp * cps + cp] = 100;
      var ones = new float[cps];
      Arrays.fill(ones, 1);
      var owned = new int[cps];
      Arrays.fill(owned, 560001);
      owned[cps - 1] = 560039;
      // Pincode 560001 has no pair of its own here: it is never asked for.
      writer
          .putInts(ModelFile.Section.COUNTS, cps, 0, cps, 0, 1)
          .putFloats(ModelFile.Section.ROW_WORD_SCALE, ones)
          .putFloats(ModelFile.Section.ROW_CHAR_SCALE, ones)
          .putBytes(ModelFile.Section.CP_CODE, codes.toString().getBytes(UTF_8))
          .putInts(ModelFile.Section.CP_PINCODE, owned)
          .putInts(ModelFile.Section.CP_ROW, IntStream.rangeClosed(0, cps).toArray())
          .putInts(
              ModelFile.Section.CP_DIRECTORY, IntStream.rangeClosed(0, cps).map(i -> cps).toArray())
          .putFloats(ModelFile.Section.CP_NORM, ones)
          .putInts(ModelFile.Section.CP_OFFICE, IntStream.range(0, cps).map(i -> -1).toArray())
          .putInts(ModelFile.Section.CP_OFFICES, new int[2 * cps])
          .putFloats(ModelFile.Section.ALPHA_STEP, step)
          .putBytes(ModelFile.Section.ALPHA, alpha)
          .putInts(ModelFile.Section.PINCODE, 560039)
          .putInts(ModelFile.Section.PINCODE_LIST, 0, 2)
          .putInts(ModelFile.Section.PINCODE_CP, 38, 1, 39, 0);
      return new PrefixIndex(ModelFile.of(writer.toBytes()));
    }
  }
}
