package com.cpprediction.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class TraceStepTest {
  private static final int REQUESTS = 10_000;
  private static final List<UUID> ROWS = List.of(new UUID(0, 1));

  @Test
  void costsNoMemoryWithoutATracer(Vertx vertx) {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    var bytes = Promise.<Long>promise();
    vertx.runOnContext(
        run -> {
          serve(); // loads classes
          long before = threads.getCurrentThreadAllocatedBytes();
          serve();
          bytes.complete(threads.getCurrentThreadAllocatedBytes() - before);
        });

    assertThat(bytes.future().await()).isLessThan(REQUESTS); // not a byte for each
  }

  /** The steps of requests that hit. */
  private static void serve() {
    for (int i = 0; i < REQUESTS; i++) {
      TraceStep.current().route("POST", "/predict");
      var cache = TraceStep.begin("cache");
      if (cache.active()) throw new AssertionError("traced");
      TraceStep.begin("journal").end();
      TraceStep.insert(ROWS, Function.identity()).end();
    }
  }
}
