package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.TestService;
import io.vertx.core.json.JsonObject;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Of a service with four event loops for HTTP. */
class EventLoopsIT {
  private static final int LOOPS = 4;

  @RegisterExtension
  static final TestService service =
      new TestService(
          directory -> new JsonObject().put("http", new JsonObject().put("instances", LOOPS)));

  private final Set<Thread> asking = ConcurrentHashMap.newKeySet();
  private final Set<Thread> persistence = ConcurrentHashMap.newKeySet();

  @Test
  void persistenceIsOnNoneOfThem() {
    var bus = service.vertx().eventBus();
    bus.<String>addOutboundInterceptor(
        sent -> {
          if (sent.message().address().equals(Bus.STORED)) asking.add(Thread.currentThread());
          sent.next();
        });
    bus.<String>addInboundInterceptor(
        received -> {
          if (received.message().address().equals(Bus.STORED)) {
            persistence.add(Thread.currentThread());
          }
          received.next();
        });

    for (int i = 0; i < 4 * LOOPS; i++) { // a connection each, which the loops take in turn
      assertThat(new Http(service.port()).get("/predictions/S" + i).status()).isEqualTo(404);
    }

    assertThat(asking).hasSize(LOOPS);
    assertThat(persistence).hasSize(1).doesNotContainAnyElementsOf(asking);
  }
}
