package com.cpprediction.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.common.Slots;
import com.cpprediction.metrics.ServiceMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class ParsingPoolTest {
  @Test
  void failsTheFutureWhenParsingFailsWithAnError(Vertx vertx) {
    var pool =
        new ParsingPool(
            vertx, 1_000, new Slots(), new ServiceMetrics(new SimpleMeterRegistry(), "test"));
    var fault = new InternalError("a fault occurred in an unsafe memory access operation");

    var parsed =
        pool.parse(
            false,
            () -> {
              throw fault;
            });

    assertThat(parsed.cause()).isSameAs(fault);
  }
}
