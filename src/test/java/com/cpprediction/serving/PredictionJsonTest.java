package com.cpprediction.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.json.JsonBytes;
import com.cpprediction.model.WrongPincodes;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Belief;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.PrefixSource;
import com.cpprediction.prediction.Scored;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PredictionJsonTest {
  private static final String ADDRESS = "12 MG Road, Bengaluru 560017";

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 42})
  void writesThePredictionThatAMessageHasByteForByte(long seed) {
    var random = new Random(seed);
    for (int i = 0; i < 2_000; i++) {
      var prediction = prediction(random);
      boolean canary = random.nextBoolean();

      var out = new JsonBytes(random.nextInt(600));
      PredictionJson.write(prediction, canary, out);

      assertThat(new String(out.array(), 0, out.length(), StandardCharsets.UTF_8))
          .isEqualTo(PredictionJson.encode(prediction, canary).encode());
    }
  }

  private static Prediction prediction(Random random) {
    var address = Address.of(ADDRESS, null);
    var hypotheses = Hypotheses.certain("560", address, WrongPincodes.prior());
    var id = new UUID(random.nextLong(), random.nextLong());
    var request = new PredictionRequest(id, text(random), ADDRESS, address, hypotheses);
    var candidates = new ArrayList<Candidate>();
    int count = 1 + random.nextInt(Scored.CANDIDATES);
    for (int i = 0; i < count; i++) {
      candidates.add(new Candidate(text(random), probability(random)));
    }
    var sources = PrefixSource.values();
    var belief =
        new Belief(
            "560",
            sources[random.nextInt(sources.length)],
            maybe(random, "560017"),
            random.nextBoolean() ? null : (Double) probability(random),
            maybe(random, "560038"),
            WrongPincodes.prior());
    var of = Prediction.Source.values();
    var scored = new Scored("3f9a1c2e".repeat(8), candidates);
    return new Prediction(request, scored, belief, of[random.nextInt(of.length)]);
  }

  private static @Nullable String maybe(Random random, String value) {
    return random.nextBoolean() ? null : value;
  }

  private static double probability(Random random) {
    return random.nextInt(8) == 0
        ? random.nextInt(2)
        : Math.pow(10, -random.nextInt(6)) * random.nextDouble();
  }

  private static String text(Random random) {
    var text = new StringBuilder("S");
    int length = random.nextInt(20);
    for (int i = 0; i < length; i++) {
      switch (random.nextInt(8)) {
        case 0 -> text.append("\"\\/\b\f\n\r\t\u0001\u001f".charAt(random.nextInt(10)));
        case 1 -> text.append("é€\u2028\ufeff\u007f\u0085".charAt(random.nextInt(6)));
        case 2 -> text.appendCodePoint(0x1F600 + random.nextInt(64));
        default -> text.append((char) ('0' + random.nextInt(60)));
      }
    }
    return text.toString();
  }
}
