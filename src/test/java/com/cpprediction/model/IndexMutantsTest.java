package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.ModelFile.Section;
import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.training.SmallRelease;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Model files with right CRCs and wrong content: refused when they are read, or else they score,
 * explain and list their pincodes without a fault.
 */
class IndexMutantsTest {
  private static final String PREFIX = "575";
  private static final int EACH = 250;

  private static ModelStore models;
  private static PrefixModel model;
  private static byte[] whole;
  private static List<Address> addresses;

  @BeforeAll
  static void load() throws IOException {
    models = Models.small();
    model = models.scoring(PREFIX).model();
    whole = Files.readAllBytes(SmallRelease.directory().resolve(PREFIX + "/model.mmap"));
    addresses = Models.addresses(PREFIX).subList(0, 5);
  }

  @AfterAll
  static void close() {
    models.close();
  }

  @ParameterizedTest
  @EnumSource
  void aChangedSectionIsRefusedOrScores(Section section) {
    var content = bytes(section);
    var random = new SplittableRandom(section.ordinal());
    for (int i = 0; i < EACH; i++) {
      refuseOrUse(section, changed(content, random), "mutant " + i);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCutOrLengthenedSectionIsRefused(Section section) {
    var content = bytes(section);
    int unit = section == Section.CP_CODE || section == Section.OFFICE_NAME ? 1 : 4;
    for (int length : new int[] {content.length - unit, content.length + unit, 0, 3}) {
      if (length < 0) continue;
      boolean same = length == content.length;
      assertThat(isRefused(section, Arrays.copyOf(content, length)))
          .as("%d bytes of %d", length, content.length)
          .isEqualTo(!same);
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {3e38f, 1e20f, -1, Float.NaN, Float.POSITIVE_INFINITY})
  void aNormThatSumsOverflowWithIsRefused(float norm) {
    var norms = bytes(Section.CP_NORMS);
    assertThat(isRefused(Section.CP_NORMS, norms)).isFalse();

    ByteBuffer.wrap(norms).order(ByteOrder.LITTLE_ENDIAN).putFloat(4, norm);

    assertThat(isRefused(Section.CP_NORMS, norms)).isTrue();
  }

  @ParameterizedTest(name = "\"{0}\"")
  @ValueSource(strings = {"kadrí", "कद्री", "\u0080", "two\nlines", "65"})
  void anOfficeNameThatCannotBeComparedIsRefused(String name) {
    var names = new String(bytes(Section.OFFICE_NAME), StandardCharsets.UTF_8).split("\n", -1);
    assertThat(isRefused(Section.OFFICE_NAME, joined(names))).isFalse();

    names[names.length / 2] = name.equals("65") ? "a".repeat(65) : name;

    assertThat(isRefused(Section.OFFICE_NAME, joined(names))).isTrue();
  }

  @Test
  void anOfficeMayHaveALongNameOrNone() {
    for (var name : List.of("", "a", "a".repeat(64))) {
      var names = new String(bytes(Section.OFFICE_NAME), StandardCharsets.UTF_8).split("\n", -1);
      Arrays.fill(names, 0, names.length - 1, name);

      assertThat(isRefused(Section.OFFICE_NAME, joined(names))).isFalse();
      refuseOrUse(Section.OFFICE_NAME, joined(names), "\"" + name + "\"");
    }
  }

  private static byte[] joined(String[] lines) {
    return String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
  }

  /** One to three numbers, or a run of bytes, or two numbers in each other's place. */
  private static byte[] changed(byte[] content, SplittableRandom random) {
    var mutant = content.clone();
    var numbers = ByteBuffer.wrap(mutant).order(ByteOrder.LITTLE_ENDIAN);
    int words = mutant.length / Integer.BYTES;
    if (words == 0) return new byte[] {1};
    for (int n = 1 + random.nextInt(3); n > 0; n--) {
      int at = random.nextInt(words) * Integer.BYTES;
      int before = numbers.getInt(at);
      switch (random.nextInt(7)) {
        case 0 -> numbers.putInt(at, -1);
        case 1 -> numbers.putInt(at, before + 1);
        case 2 -> numbers.putInt(at, before - 1);
        case 3 -> numbers.putInt(at, random.nextInt());
        case 4 -> numbers.putInt(at, Integer.MAX_VALUE);
        case 5 -> mutant[random.nextInt(mutant.length)] = (byte) random.nextInt();
        default -> {
          int other = random.nextInt(words) * Integer.BYTES;
          numbers.putInt(at, numbers.getInt(other)).putInt(other, before);
        }
      }
    }
    return mutant;
  }

  private static byte[] bytes(Section section) {
    var content = ModelFile.of(whole).section(section);
    var bytes = new byte[content.limit()];
    content.get(bytes);
    return bytes;
  }

  private static ModelFile with(Section section, byte[] content) {
    return ModelFile.of(
        ModelFile.Writer.of(ModelFile.of(whole)).putBytes(section, content).toBytes());
  }

  private static boolean isRefused(Section section, byte[] content) {
    try {
      new PrefixIndex(with(section, content));
      return false;
    } catch (ModelException e) {
      return true;
    }
  }

  private static void refuseOrUse(Section section, byte[] content, String name) {
    PrefixModel mutant;
    try {
      mutant = PrefixModel.of(model.manifest(), with(section, content), model.forest());
    } catch (ModelException e) {
      assertThat(e.getMessage()).as(name).isNotBlank();
      return;
    }
    var scoring = ScoringModel.of(mutant, "");
    var scorer = new Scorer();
    for (var address : addresses) {
      var explanation = scorer.explain(scoring, address, PincodeErrors.of(0.01));
      assertThat(explanation.candidates()).as(name).isNotEmpty();
      assertThat(explanation.candidates())
          .as(name)
          .extracting(Candidate::confidence)
          .allSatisfy(confidence -> assertThat(confidence).isBetween(0.0, 1.0));
    }
    for (int pincode : mutant.index().trainedPincodes()) {
      var shares = new double[mutant.index().cps()];
      mutant.index().addPincodeShares(pincode, 1, shares, 0);
      for (double share : shares) assertThat(share).as(name).isNotNegative();
    }
  }
}
