package com.cpprediction.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.cpprediction.prediction.PincodeCandidate.Cue;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PincodeReaderTest {
  private static final int STEPS_PER_TOKEN = 12;

  /** An address as people write it, its separate pincode, and the pincode to be read. */
  record Written(JsonObject json) {
    @Override
    public String toString() {
      return json.getString("kind") + ": " + json.getString("address");
    }
  }

  static Stream<Written> addresses() throws IOException {
    try (var in = PincodeReaderTest.class.getResourceAsStream("pincodes.json")) {
      var all = new JsonArray(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      return all.stream().map(one -> new Written((JsonObject) one)).toList().stream();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("addresses")
  void readsThePincodeOfAnAddress(Written written) {
    var json = written.json();

    var address = Address.of(json.getString("address"), json.getString("field"));

    assertThat(address.pincode()).isEqualTo(json.getString("pincode"));
    var cue = json.getString("cue");
    if (cue != null) assertThat(address.candidates().get(0).cue()).isEqualTo(Cue.valueOf(cue));
    if (address.pincode() == null) assertThat(address.candidates()).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("addresses")
  void keepsNoHalfOfAPincodeInTheCanonicalText(Written written) {
    var address = Address.of(written.json().getString("address"), null);

    for (var candidate : address.candidates()) {
      assertThat(address.text().substring(candidate.position())).startsWith(candidate.digits());
    }
  }

  @Test
  void keepsTheFieldFirstAndTheTextBehindIt() {
    var address = Address.of("Bengaluru 560001, Pin 560002, Mysuru 570001", "400050");

    assertThat(address.candidates())
        .extracting(PincodeCandidate::digits, PincodeCandidate::cue)
        .containsExactly(
            tuple("400050", Cue.FIELD),
            tuple("560002", Cue.LABELLED),
            tuple("570001", Cue.PLACED),
            tuple("560001", Cue.PLACED));
  }

  @Test
  void namesAPincodeOfTheFieldOnce() {
    var address = Address.of("Bengaluru 560001", "560001");

    assertThat(address.candidates()).containsExactly(new PincodeCandidate(560_001, Cue.FIELD, -1));
  }

  @Test
  void keepsTheFourBest() {
    var address =
        Address.of("A 110001, B 110002, C 110003, D 110004, E 110005, Pin 110006, F 110007", null);

    assertThat(address.candidates())
        .extracting(PincodeCandidate::digits)
        .containsExactly("110006", "110007", "110005", "110004");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Karnal-132116 138116            | 132116        | 132116",
        "Delhi 110001 and Pune 411099    | 110001        | 110001",
        "Kolkata-7000 59                 | 700059        | 700059",
        "Kolkata-7000 59                 | 700001        | ",
        "Mumbai Pin 400999               | 400001        | 400999",
      })
  void letsADirectoryDecide(String typed, int only, String pincode) {
    var reader = PincodeReader.read(new Tokens(typed), number -> number == only);

    assertThat(reader.text()).isNotEmpty(); // before the candidates
    assertThat(reader.candidates().stream().map(PincodeCandidate::digits).findFirst())
        .isEqualTo(Optional.ofNullable(pincode));
  }

  @Test
  void readsWithAnyDirectory() {
    var tokens = new Tokens("karnal-132116 138116");

    var reader = PincodeReader.read(tokens, number -> number == 138_116);

    assertThat(reader.text()).isEqualTo("karnal 132116 138116");
    assertThat(reader.candidates()).extracting(PincodeCandidate::pincode).containsExactly(138_116);
  }

  @ParameterizedTest
  @ValueSource(ints = {109_999, 100_000, 299_999, 350_000, 540_000, 650_000, 860_000, 900_056})
  void knowsTheCirclesInUse(int unused) {
    assertThat(PincodeReader.POSSIBLE.test(unused)).isFalse();
    assertThat(PincodeReader.POSSIBLE.test(-unused)).isFalse();
    assertThat(PincodeReader.POSSIBLE.test(560_001)).isTrue();
    assertThat(PincodeReader.POSSIBLE.test(855_117)).isTrue();
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42})
  void readsAnyTextInLinearTime(long seed) {
    var random = new Random(seed);
    for (int i = 0; i < 2_000; i++) {
      var typed = hostile(random);

      var tokens = new Tokens(typed.toLowerCase(Locale.ROOT));
      var reader = PincodeReader.read(tokens, number -> random.nextBoolean());
      var text = reader.text();
      var candidates = reader.candidates();

      assertThat(reader.steps()).isLessThanOrEqualTo(STEPS_PER_TOKEN * (tokens.count + 1));
      assertThat(candidates).hasSizeLessThanOrEqualTo(PincodeReader.MAX_CANDIDATES);
      assertThat(candidates).extracting(PincodeCandidate::pincode).doesNotHaveDuplicates();
      assertThat(candidates).extracting(PincodeCandidate::cue).isSorted();
      for (var one : candidates)
        assertThat(text.substring(one.position())).startsWith(one.digits());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1 ", "12-", "123 ", "123-", "110 001 ", "1 1 0 0 0 1 ", "pin ", "pin 1 ", "ph 1 ", "no 1-",
        "a1", "+91 ", "91 98 ", "560001 ", "560001,", "&amp;", "<a ", "&#", "0712 ", "order 1 ",
        "room 1,", "singapore 1 ", "p i n ", "4 2 1 ", "9 8 ", "भा१",
      })
  void readsRepetitionsInLinearTime(String part) {
    var typed = part.repeat(4_000 / part.length());

    var tokens = new Tokens(typed);
    var steps = PincodeReader.read(tokens, number -> true).steps();

    assertThat(steps).isLessThanOrEqualTo(STEPS_PER_TOKEN * (tokens.count + 1));
    assertThat(Address.canonical(typed)).hasSizeLessThanOrEqualTo(typed.length());
  }

  private static String hostile(Random random) {
    var parts =
        List.of(
            "pin",
            "no",
            "ph",
            "+91",
            "room",
            "order",
            "Delhi",
            "560001",
            "110",
            "001",
            "98451",
            "0712",
            "1",
            "22",
            "7000",
            "59",
            "&nbsp;",
            "<br>",
            "-",
            " ",
            ",",
            "/",
            "(",
            ")",
            ".",
            "\n",
            "#",
            "m:",
            "singapore",
            "india",
            "४",
            "पिन",
            "\u2011",
            "\ud83d\udcde",
            "\ud83d",
            "┬",
            "û",
            "sq",
            "house",
            "110008110008");
    var text = new StringBuilder();
    int length = random.nextInt(60);
    for (int i = 0; i < length; i++) {
      if (random.nextInt(10) == 0) text.append((char) random.nextInt(0x10000));
      else text.append(parts.get(random.nextInt(parts.size())));
      if (random.nextInt(3) == 0) text.append(' ');
    }
    return text.toString();
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42})
  void readsAnySpellingBehindALabel(long seed) {
    var random = new Random(seed);
    var labels =
        List.of(
            "Pin", "PIN CODE", "Pincode No.", "Postal Code", "Zip", "पिन कोड", "P.I.N.", "pin#");
    var seps =
        List.of(" ", "-", " - ", ".", "\u2011", " \u2013 ", "&nbsp;", "\u00a0", "\t", "\r\n");
    for (int i = 0; i < 1_000; i++) {
      var digits = Integer.toString(100_000 + random.nextInt(900_000));
      int zero = "0०٠０".codePointAt(random.nextInt(4));
      var spelled = new StringBuilder();
      var separator = seps.get(random.nextInt(seps.size()));
      int split = random.nextInt(32);
      for (int k = 0; k < 6; k++) {
        if (k > 0 && (split >> k - 1 & 1) == 1) spelled.append(separator);
        spelled.appendCodePoint(zero + digits.charAt(k) - '0');
      }
      var typed = "12 MG Road, " + labels.get(random.nextInt(labels.size())) + ": " + spelled + ".";

      var address = Address.of(typed, null);

      assertThat(address.candidates())
          .as(typed)
          .extracting(PincodeCandidate::digits, PincodeCandidate::cue)
          .containsExactly(tuple(digits, Cue.LABELLED));
      assertThat(address.text()).endsWith(digits);
    }
  }

  @Test
  void countsStepsByTokens() {
    int[] steps =
        IntStream.of(100, 1_000)
            .map(n -> PincodeReader.read(new Tokens("123 456 ".repeat(n)), p -> true).steps())
            .toArray();

    assertThat(steps[1]).isBetween(9 * steps[0], 11 * steps[0]);
  }
}
