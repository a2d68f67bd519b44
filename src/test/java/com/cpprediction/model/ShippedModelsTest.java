package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.PincodeErrors;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The release in {@code models/}, as a user gets it. */
class ShippedModelsTest {
  private static final Path MODELS = Path.of("models");
  private static final long MOST_BYTES = 60_000_000;

  @Test
  void everyModelAnswersItsGoldenAddresses() {
    var found = Verification.of(MODELS);

    assertThat(found.problems()).isEmpty();
    assertThat(found.models()).isEqualTo(399);
  }

  @Test
  void coversThePrefixesWithMostAddresses() {
    assertThat(Release.open(MODELS).manifests().keySet())
        .containsAll(
            List.of(
                "400", "110", "560", "600", "700", "500", "411", "380", "144", "641", "416", "413",
                "226", "302", "201", "444", "431", "122", "577", "143"));
  }

  @Test
  void isSmallEnoughToComeAlong() throws Exception {
    try (var files = Files.walk(MODELS)) {
      assertThat(files.filter(Files::isRegularFile).mapToLong(f -> f.toFile().length()).sum())
          .isLessThanOrEqualTo(MOST_BYTES);
    }
  }

  @Test
  void saysHowRightItIs() {
    var scores = Release.open(MODELS).scores();

    assertThat(scores.getJsonObject("full").getDouble("accuracy")).isGreaterThan(0.983);
    assertThat(scores.getJsonObject("prefix_only").getDouble("accuracy")).isGreaterThan(0.77);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "CP14328 | HAL Old Airport Road, Vimanapura, Bengaluru 560 017",
        "CP14328 | hal old airport road vimanapura BENGALURU-560017",
      })
  void answersTheAddressOfTheReadme(String cp, String typed) {
    var address = Address.of(typed, null);
    try (var models =
        new ModelStore(
            MODELS,
            Engine.MAPPED,
            false,
            new ServiceMetrics(new SimpleMeterRegistry(), "1"),
            Clock.systemUTC())) {
      models.reload();

      var scoring = Models.scoringOf(models, address.pincode());
      var answer = Models.posterior(scoring, address, PincodeErrors.of(0.01)).scored();

      assertThat(answer.candidates().get(0).cp()).isEqualTo(cp);
      assertThat(answer.candidates().get(0).confidence()).isGreaterThan(0.9);
    }
  }
}
