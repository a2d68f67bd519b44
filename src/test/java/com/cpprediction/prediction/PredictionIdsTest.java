package com.cpprediction.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PredictionIdsTest {
  /** The example of RFC 9562, appendix A.6. */
  private static final String EXAMPLE = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";

  private static final Instant ITS_TIME = Instant.parse("2022-02-22T19:22:22Z");

  @Test
  void returnsTheTimeOfAnId() {
    assertThat(PredictionIds.timeOf(UUID.fromString(EXAMPLE))).isEqualTo(ITS_TIME);
  }

  @Test
  void generatesValidIdsInOrder() {
    var first = PredictionIds.next();
    var second = PredictionIds.next();

    assertThat(PredictionIds.parse(first.toString(), Instant.now())).isEqualTo(first);
    assertThat(first.toString()).isLessThan(second.toString());
  }

  @Test
  void generatesDistinctIdsOnSeveralThreadsInTheOrderOfEach() throws Exception {
    var all = ConcurrentHashMap.<UUID>newKeySet();
    Callable<Boolean> generating =
        () -> {
          var last = PredictionIds.next();
          for (int i = 0; i < 20_000; i++) {
            var next = PredictionIds.next();
            if (!all.add(next) || next.toString().compareTo(last.toString()) <= 0) return false;
            last = next;
          }
          return true;
        };
    var threads = Executors.newFixedThreadPool(4);
    try {
      var done = threads.invokeAll(Collections.nCopies(4, generating));

      for (var one : done) assertThat(one.get()).isTrue();
    } finally {
      threads.shutdown();
    }
    assertThat(all).hasSize(80_000).allMatch(id -> id.version() == 7 && id.variant() == 2);
    var random = all.stream().map(id -> id.getLeastSignificantBits()).distinct().count();
    assertThat(random).isEqualTo(80_000);
  }

  @ParameterizedTest
  @ValueSource(longs = {-86_400, -1, 0, 1, 86_400})
  void acceptsAnIdWithinADay(long seconds) {
    assertThat(PredictionIds.parse(EXAMPLE, ITS_TIME.plusSeconds(seconds))).hasToString(EXAMPLE);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 1})
  void refusesAnIdFromAnotherDay(long sign) {
    var tooFar = PredictionIds.TOLERANCE.plus(Duration.ofMillis(1)).multipliedBy(sign);

    assertThatThrownBy(() -> PredictionIds.parse(EXAMPLE, ITS_TIME.plus(tooFar)))
        .isInstanceOf(ServiceException.class)
        .hasMessageContaining("more than a day");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "017f22e279b07cc398c4dc0c0c07398f",
        "1-2-7-8-3",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-18c4-dc0c0c07398f",
        "00000000-0000-0000-0000-000000000000"
      })
  void refusesOtherTextThanAUuidOfVersion7(String text) {
    assertThatThrownBy(() -> PredictionIds.parse(text, ITS_TIME))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> assertThat(e.failure()).isEqualTo(Failure.MALFORMED_REQUEST))
        .hasMessageContaining("prediction_id");
  }
}
