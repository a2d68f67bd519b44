package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PincodeLikelihoods;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class CallerPincodesTest {
  private static final PincodeLikelihoods WRONG = new PincodeLikelihoods(0, 0.5, 0, 1e-5);

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private volatile OptionalDouble configured = OptionalDouble.empty();
  private final CallerPincodes callers =
      new CallerPincodes(() -> configured, new ServiceMetrics(registry, "test"), Clock.systemUTC());

  @Test
  void keepsTheCallersApart() {
    callers.of("shop").observe(WRONG);

    assertThat(callers.of("shop")).isSameAs(callers.of("shop")).isNotSameAs(callers.of("depot"));
    var json = callers.toJson();
    assertThat(json.getInteger("observed")).isZero();
    assertThat(json.getJsonObject("callers").getJsonObject("shop").getInteger("observed")).isOne();
    assertThat(json.getJsonObject("callers").getJsonObject("depot").getInteger("observed"))
        .isZero();
    assertThat(registry.get("cp.wrong.pincodes").tag("caller", "shop").gauges()).hasSize(3);
  }

  @Test
  void aConfiguredShareIsOfAllCallers() {
    configured = OptionalDouble.of(0.2);

    assertThat(callers.of("").errors())
        .isEqualTo(callers.of("shop").errors())
        .isEqualTo(PincodeErrors.of(0.2));
  }

  @Test
  void callersBeyondTheCapacityShareWithTheUnnamed() {
    for (int i = 0; i < CallerPincodes.CAPACITY; i++) callers.of("caller-" + i);

    assertThat(callers.of("one-more")).isSameAs(callers.of(""));
    assertThat(callers.of("caller-0")).isNotSameAs(callers.of(""));
  }
}
